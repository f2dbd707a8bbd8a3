"""The application: routes, and what they share. One model, one queue, one thread that reads.

The model is loaded after the server is up, so that /healthz answers meanwhile.
"""

import asyncio
import dataclasses
import logging
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.types import Receive

from govstance import __version__
from govstance.apply_config import Limits
from govstance.serving.batching import Batcher, QueueFullError
from govstance.serving.forms import REFUSALS, ModelDescriptionForm, StancesForm
from govstance.serving.guard import Guard
from govstance.serving.metrics import Metrics
from govstance.serving.questions import StancesAsked, TableAsked, records_of
from govstance.serving.refusals import Refusal, add_error_handlers
from govstance.serving.served_model import Answers, ServedModel
from govstance.serving.state import DRAINING, READY, ServerState

logger = logging.getLogger(__name__)

PAGE_FOLDER = Path(__file__).parent / "page"
# For the call of the model in progress when the server stops; no request waits for it then.
STOP_SECONDS = 30.0
RETRY_SECONDS = 5
# No status of HTTP, and nobody gets it: /metrics counts such requests under it, as nginx does.
CLIENT_GONE = 499


class Door:
    """What the routes share.

    Args:
        load: Loads the model; called once, in a thread of its own.
        limits: In force.
        state: Of the server.
    """

    def __init__(self, load: Callable[[], ServedModel], limits: Limits, state: ServerState):
        self.limits = limits
        self.state = state
        self._load = load
        self.metrics = Metrics(queued=lambda: self._batcher.queued, in_flight=lambda: state.in_flight)
        self._batcher = Batcher[dict[str, Any], Answers](
            lambda records: self.model().read(records),
            batch_size=limits.documents_per_batch,
            wait_seconds=limits.batch_wait_ms / 1000,
            room=limits.queued_documents,
            on_batch=self.metrics.count_batch,
        )

    async def open(self) -> None:
        """Loads the model and begins to read; a failure is left in the state, for whoever runs the server."""
        started = time.perf_counter()
        try:
            self.state.model = await asyncio.to_thread(self._load)
        except Exception as error:
            self.state.failure = error
            return
        self._batcher.start()
        name = " ".join(self.state.model.card().values())
        logger.info("ready: model %s, loaded in %.1f s", name, time.perf_counter() - started)

    async def close(self) -> None:
        """Ends the thread that reads."""
        await asyncio.to_thread(self._batcher.stop, STOP_SECONDS)

    def model(self) -> ServedModel:
        """The model.

        Raises:
            Refusal: It is not loaded yet, or nothing new is begun.
        """
        if self.state.model is None:
            raise Refusal(503, self.state.name, "the model is not loaded yet.", retry_after=RETRY_SECONDS)
        return self.state.model

    async def read(self, records: list[dict[str, Any]], receive: Receive) -> list[Answers]:
        """Has documents read with those of other requests.

        Args:
            records: The documents.
            receive: Tells when the client goes away.

        Raises:
            Refusal: The queue has no room for them, or nobody waits for the answer any more.
        """
        try:
            futures = self._batcher.submit(records)
        except QueueFullError as error:
            room = self.limits.queued_documents
            raise Refusal(
                429,
                "queue_full",
                f"the queue has no room for {len(records)} documents more (limits.queued_documents: {room}). Try again "
                f"in {error.seconds} s.",
                retry_after=error.seconds,
            ) from None
        reading = asyncio.create_task(_all(futures))
        gone = asyncio.create_task(_disconnected(receive))
        try:
            await asyncio.wait((reading, gone), return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                raise Refusal(CLIENT_GONE, "client_gone", "the client closed the connection before it had its answer.")
            return reading.result()
        finally:  # also when the request takes too long: what is not yet begun is not read for nobody
            reading.cancel()
            gone.cancel()
            self._batcher.cancel(futures)


async def _all(futures: list[Future[Answers]]) -> list[Answers]:
    return await asyncio.gather(*map(asyncio.wrap_future, futures))


async def _disconnected(receive: Receive) -> None:
    """Ends when the client goes away; the body is to have been received."""
    while (await receive())["type"] != "http.disconnect":
        pass


def create_app(
    load: Callable[[], ServedModel],
    *,
    limits: Limits,
    state: ServerState | None = None,
    page_folder: Path = PAGE_FOLDER,
) -> FastAPI:
    """The application of one server.

    Args:
        load: Loads the model.
        limits: In force.
        state: Shared with whoever runs the server.
        page_folder: The page for browsers; where there is none, `/` leads to /docs.
    """
    door = Door(load, limits, state or ServerState())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        opening = asyncio.create_task(door.open())
        yield
        opening.cancel()
        await door.close()

    app = FastAPIOffline(
        docs_url="/docs",
        redoc_url=None,
        title="govstance",
        version=__version__,
        description="Governments' stances on Russia's war against Ukraine, read from text in any language.",
        lifespan=lifespan,
        # The validator that it would ask is on the net.
        swagger_ui_parameters={"validatorUrl": None},
    )
    app.add_middleware(Guard, limits=limits, metrics=door.metrics, state=door.state)
    add_error_handlers(app)
    _add_reading(app, door)
    _add_operation(app, door)
    _add_page(app, page_folder)
    return app


def _add_reading(app: FastAPI, door: Door) -> None:
    """The routes under /v1."""

    @app.post("/v1/stances", response_model=None, responses={200: {"model": StancesForm}, **REFUSALS})
    async def stances(asked: StancesAsked, table: Annotated[TableAsked, Query()], request: Request) -> Response:
        """Reads documents: per government and question a stance, its probability and the sentences it rests on."""
        if door.state.draining:
            raise Refusal(503, DRAINING, "the server is shutting down.", retry_after=RETRY_SECONDS)
        model = door.model()
        records = records_of(asked, door.limits, model.risks)
        answered = await door.read(records, request.receive)
        period = table.wanted_period
        # In a thread: the intervals of a large table take their time, and /healthz should not wait for them.
        value = await asyncio.to_thread(model.answer, answered, abstain=asked.abstain, period=period)
        return JSONResponse(value)

    @app.get("/v1/model", response_model=None, responses={200: {"model": ModelDescriptionForm}, 503: REFUSALS[503]})
    async def model() -> Response:
        """What the model answers and knows, and the limits in force."""
        return JSONResponse(door.model().description() | {"limits": dataclasses.asdict(door.limits)})


def _add_operation(app: FastAPI, door: Door) -> None:
    """The routes for whoever runs the server."""

    @app.get("/healthz", response_model=None, responses={503: {"description": "Loading or shutting down."}})
    async def healthz() -> Response:
        """200 once the model is loaded, 503 before and while the server shuts down."""
        name = door.state.name
        return JSONResponse({"status": name}, status_code=200 if name == READY else 503)

    @app.get("/metrics", response_model=None)
    async def metrics() -> Response:
        """Figures for Prometheus."""
        return Response(door.metrics.text(), media_type=CONTENT_TYPE_LATEST)


def _add_page(app: FastAPI, folder: Path) -> None:
    """The page for browsers, files as they are."""
    if (folder / "index.html").is_file():
        app.mount("/page", StaticFiles(directory=folder), name="page")

    @app.get("/", include_in_schema=False)
    async def index() -> Response:
        page = folder / "index.html"
        return FileResponse(page) if page.is_file() else RedirectResponse("/docs")
