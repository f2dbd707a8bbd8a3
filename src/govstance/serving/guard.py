"""What stands before the application: the limit of a body, the time-out, the count, and the last resort of an error.

Wraps the ASGI application whole, so that also what never reaches a route is counted, timed and answered in JSON.
"""

import asyncio
import logging
import secrets
import time
import traceback
from http import HTTPMethod

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from govstance.apply_config import Limits
from govstance.serving.metrics import Metrics
from govstance.serving.refusals import Refusal, too_large
from govstance.serving.state import ServerState

logger = logging.getLogger(__name__)

PATHS = ("/", "/v1/stances", "/v1/model", "/healthz", "/metrics", "/docs", "/openapi.json")
OTHER = "other"
READING_PATH = "/v1/"


class Guard:
    """An ASGI middleware.

    Args:
        app: What is guarded.
        limits, metrics, state: Of the server.
    """

    def __init__(self, app: ASGIApp, *, limits: Limits, metrics: Metrics, state: ServerState):
        self._app = app
        self._limits = limits
        self._metrics = metrics
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on; nothing that it raises comes out."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status: int | None = None

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        begun = scope["path"].startswith(READING_PATH)
        self._state.in_flight += begun
        try:
            refusal = await self._run(scope, self._limited(scope, receive), watched)
            if refusal is not None and status is None:
                await refusal.response()(scope, receive, watched)
        finally:
            self._state.in_flight -= begun
            method = scope["method"] if scope["method"] in HTTPMethod.__members__ else OTHER
            path = scope["path"] if scope["path"] in PATHS else OTHER
            self._metrics.count_request(method, path, status or 500, time.perf_counter() - started)

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> Refusal | None:
        """Runs the application; what went wrong, if anything did that it does not answer itself."""
        seconds = self._limits.seconds_per_request
        try:
            async with asyncio.timeout(seconds) as timer:
                await self._app(scope, receive, send)
        except Exception as error:
            if not timer.expired():
                return _defect(error)
            return Refusal(
                503,
                "timeout",
                f"the answer took longer than {seconds:g} s (limits.seconds_per_request). Send less, or try again when "
                "the server is less busy.",
                retry_after=max(1, round(seconds)),
            )
        return None

    def _limited(self, scope: Scope, receive: Receive) -> Receive:
        """Receives a body until it is larger than the limit, whatever length it was said to have."""
        limit = self._limits.body_bytes
        said = dict(scope["headers"]).get(b"content-length", b"0")
        received = 0

        async def limited() -> Message:
            nonlocal received
            if said.isdigit() and int(said) > limit:
                raise too_large(limit)
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise too_large(limit)
            return message

        return limited


def _defect(error: Exception) -> Refusal:
    """Logs an error that nobody foresaw, and what the client is told of it.

    The message of the exception is not logged: it may quote the text of a document.
    """
    number = secrets.token_hex(6)
    frames = "".join(traceback.format_tb(error.__traceback__))
    logger.error("error %s: %s\n%s", number, type(error).__name__, frames.rstrip())
    return Refusal(500, "internal", f"an error of the server's own, logged as {number}.")
