"""Runs the application with uvicorn: takes the port, and finishes what is begun when it is told to stop."""

import errno
import logging
import socket
from types import FrameType

import uvicorn
from fastapi import FastAPI

from govstance.errors import GovstanceError
from govstance.serving.state import ServerState

logger = logging.getLogger(__name__)

ALL_ADDRESSES = ("0.0.0.0", "::", "")
# For answers on their way and open connections without a request, once all requests are answered.
CLOSING_SECONDS = 5


def listening_socket(host: str, port: int) -> socket.socket:
    """Takes a port; 0: any free one.

    Raises:
        GovstanceError: It can't be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            remedy = f"port {port} is in use. Stop what uses it, or take another: port={port + 1}, or port=0 for any"
        else:
            remedy = f"found: {error}. Set host= and port="
        raise GovstanceError(f"host={host} port={port}: expected a free port of this machine; {remedy}.") from None


def address_of(listening: socket.socket) -> str:
    """What to open in a browser on this machine."""
    host, port = listening.getsockname()[:2]
    host = "127.0.0.1" if host in ALL_ADDRESSES else f"[{host}]" if ":" in host else host
    return f"http://{host}:{port}"


class DrainingServer(uvicorn.Server):
    """uvicorn that, told to stop, refuses what is new and finishes what is begun before it closes its port.

    Args:
        config: Of uvicorn.
        state: Shared with the application.
    """

    def __init__(self, config: uvicorn.Config, state: ServerState):
        super().__init__(config)
        self._state = state

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal drains, the second ends at once."""
        if self._state.draining:
            self.should_exit = self.force_exit = True
            return
        self._state.draining = True
        logger.info("stopping; requests to finish: %d. Another signal stops at once", self._state.in_flight)

    async def on_tick(self, counter: int) -> bool:
        """Called ten times a second: whether to end."""
        self.should_exit = self.should_exit or self._state.finished
        return await super().on_tick(counter)


def run(app: FastAPI, state: ServerState, listening: socket.socket) -> None:
    """Serves until a signal, or until the model turns out not to load.

    Raises:
        Exception: What loading the model raised.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=CLOSING_SECONDS,
        lifespan="on",
        ws="none",
    )
    DrainingServer(config, state).run(sockets=[listening])
    if state.failure is not None:
        raise state.failure
