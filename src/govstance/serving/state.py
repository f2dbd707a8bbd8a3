"""Where the server stands: loading, ready, draining or failed. What is begun is counted, so that it can be finished."""

from dataclasses import dataclass

from govstance.serving.served_model import ServedModel

LOADING, READY, DRAINING, FAILED = "loading", "ready", "draining", "failed"


@dataclass
class ServerState:
    """The state of one server, written by its event loop and by the signal that stops it.

    Attributes:
        model: None until it is loaded.
        failure: Why it could not be loaded.
        draining: Whether nothing new is begun.
        in_flight: Requests begun and not yet answered.
    """

    model: ServedModel | None = None
    failure: Exception | None = None
    draining: bool = False
    in_flight: int = 0

    @property
    def name(self) -> str:
        """One of the four."""
        if self.draining:
            return DRAINING
        if self.failure is not None:
            return FAILED
        return LOADING if self.model is None else READY

    @property
    def finished(self) -> bool:
        """Whether the server has nothing left to do."""
        return self.failure is not None or (self.draining and self.in_flight == 0)
