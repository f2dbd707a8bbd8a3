"""Serves a saved model over HTTP: settings in, a server that runs until it is told to stop."""

import dataclasses
import logging
from typing import TYPE_CHECKING

from govstance.apply_config import ServeConfig
from govstance.errors import GovstanceError
from govstance.inference.reader import ArticleReader
from govstance.jobs.places import mention_finder, model_of
from govstance.jobs.predict import check_reading
from govstance.threads import use_threads

if TYPE_CHECKING:  # the extra `serve` may be missing; run_server says so
    from govstance.serving.served_model import ServedModel

logger = logging.getLogger(__name__)


def run_server(config: ServeConfig) -> None:
    """Serves `config.model` until a signal.

    The first line printed says where to open it and how to stop it.

    Args:
        config: As composed from configs/apply/serve.yaml.

    Raises:
        GovstanceError: Settings, port or model are not usable, or the extra `serve` is not installed.
    """
    try:
        from govstance.serving.app import create_app
        from govstance.serving.server import address_of, listening_socket, run
        from govstance.serving.state import ServerState
    except ModuleNotFoundError as error:
        raise GovstanceError(
            f"serving needs the package {error.name}, which is not installed. Mend it with: pip install --constraint "
            "constraints.txt --editable '.[serve]'"
        ) from error
    _check(config)
    use_threads(config.threads)
    state = ServerState()
    app = create_app(lambda: served_model(config), limits=config.limits, state=state)
    with listening_socket(config.host, config.port) as listening:
        print(f"govstance: open {address_of(listening)} in a browser; stop with Ctrl-C.", flush=True)
        print(f"loading the model {config.model}", flush=True)
        run(app, state, listening)
    logger.info("stopped")  # not printed: whoever read the first line may be gone


def served_model(config: ServeConfig) -> "ServedModel":
    """Loads what is served.

    Raises:
        GovstanceError: There is no whole model, or what runs it is not installed.
    """
    from govstance.serving.served_model import ServedModel, version_of

    finder = mention_finder(config.paths)
    model = model_of(config.model, config.paths, finder)
    reader = ArticleReader(
        predictor=model.predictor,
        targets=model.targets,
        finder=finder,
        sentences_per_passage=config.reading.sentences_per_passage,
        stride=config.reading.stride,
        max_characters=config.reading.max_characters,
        max_evidence=config.reading.max_evidence,
    )
    return ServedModel(model=model, reader=reader, languages=finder.languages, version=version_of(model.folder))


def _check(config: ServeConfig) -> None:
    check_reading(config.reading)
    limits = dataclasses.asdict(config.limits)
    for name, value in limits.items():
        least = 0 if name == "batch_wait_ms" else 1
        if value < least:
            raise GovstanceError(f"limits.{name}: expected at least {least}, found {value}.")
    if config.limits.documents_per_request > config.limits.queued_documents:
        raise GovstanceError(
            f"limits.documents_per_request={config.limits.documents_per_request} is larger than "
            f"limits.queued_documents={config.limits.queued_documents}: such a request would never find room."
        )
