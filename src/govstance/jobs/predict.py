"""Reads documents with a saved model; writes JSON Lines, prints matrices with evidence, or pools them in a table."""

import dataclasses
import logging
import re
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from govstance.apply_config import PredictConfig, ReadingConfig
from govstance.errors import GovstanceError
from govstance.files import path_from_here, write_jsonl, write_text
from govstance.inference.aggregate import StanceAnswer, abstaining
from govstance.inference.documents import Document
from govstance.inference.reader import ArticleReader
from govstance.inference.sources import Reading, detected, read_documents
from govstance.inference.table import in_table_order
from govstance.jobs.places import mention_finder, model_of
from govstance.jobs.stances import check_table, give_table, table_wanted
from govstance.models.calibration import risk_name
from govstance.models.folder import LoadedModel
from govstance.progress import progress
from govstance.reporting.answers import answers_to_json, print_answers
from govstance.threads import use_threads

logger = logging.getLogger(__name__)


def run_prediction(config: PredictConfig, console: Console) -> int:
    """Answers `config.input` with `config.model`.

    Args:
        config: As composed from configs/apply/predict.yaml.
        console: Where matrices are printed when there is no output file, or the table.

    Returns:
        The number of documents answered.

    Raises:
        GovstanceError: Settings, model or input are not usable; then nothing is written.
    """
    use_threads(config.threads)
    _check(config)
    reading = read_documents(config.input, dataclasses.asdict(config.columns))
    # A table's documents are read in an order of their own, so that not even rounding hangs on the order they came in.
    documents = in_table_order(reading.documents) if table_wanted(config) else reading.documents
    _tell(reading)
    finder = mention_finder(config.paths)
    model = model_of(config.model, config.paths, finder)
    thresholds = None if config.abstain is None else _thresholds(model, config.abstain)
    reader = ArticleReader(
        predictor=model.predictor,
        targets=model.targets,
        finder=finder,
        sentences_per_passage=config.reading.sentences_per_passage,
        stride=config.reading.stride,
        max_characters=config.reading.max_characters,
        max_evidence=config.reading.max_evidence,
    )
    answered = _with_progress(reader.read(documents), len(documents))
    if thresholds is not None:
        answered = ((document, abstaining(answers, thresholds)) for document, answers in answered)
    kept = list(answered) if table_wanted(config) else None
    if config.output is not None:
        objects = (answers_to_json(document, answers) for document, answers in kept or answered)
        write_jsonl(Path(config.output), objects)
    if kept is not None:
        give_table(config, console, answered=kept, reading=reading, targets=model.targets)
    elif config.output is None:
        for document, answers in answered:
            print_answers(console, document.id, answers, model.targets)
    if config.picture is not None:
        write_text(Path(config.picture), _without_web_fonts(console.export_svg(title="govstance")))
    return len(documents)


def _tell(reading: Reading) -> None:
    """Says what was not read, and what was detected where there is more than one document; one shows it itself."""
    for failure in reading.failures:
        logger.warning("not read: %s: %s", failure.file, failure.reason)
    for note in reading.notes:
        logger.warning("%s", note)
    if reading.skipped:
        told = ", ".join(f"{count} {suffix or 'without a suffix'}" for suffix, count in sorted(reading.skipped.items()))
        logger.warning("left out, of a kind that is not read: %s", told)
    if reading.n_files > 1:
        logger.info(
            "%d documents from %d of %d files",
            len(reading.documents),
            reading.n_files - len(reading.failures),
            reading.n_files,
        )
    for sentence in detected(reading.documents) if len(reading.documents) > 1 else ():
        logger.info("%s", sentence)


def _without_web_fonts(svg: str) -> str:
    """The picture without the fonts that rich would have a browser fetch; any monospace font does."""
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


def _thresholds(model: LoadedModel, wanted_risk: float) -> dict[str, float | None]:
    """The threshold of each target for a wanted risk.

    Raises:
        GovstanceError: The model has no thresholds, or none for that risk.
    """
    if model.thresholds is None:
        raise GovstanceError(
            f"abstain={wanted_risk:g}: the model in {path_from_here(model.folder)} has no thresholds: expected a "
            "transformer that was trained since there are any. Train one with `make train`, or leave abstain out."
        )
    name = risk_name(wanted_risk)
    fitted = next(iter(model.thresholds.values()))
    if name not in fitted:
        raise GovstanceError(f"abstain: the model has thresholds for {', '.join(fitted)}; found {name}.")
    thresholds = {target: of_target[name] for target, of_target in model.thresholds.items()}
    never = [target for target, threshold in thresholds.items() if threshold is None]
    if never:
        logger.warning(
            "abstain=%s: on the dev rows no threshold reached that risk for %s: all its answers are uncertain",
            name,
            ", ".join(never),
        )
    return thresholds


def check_reading(reading: ReadingConfig) -> None:
    """Whether a text can be cut up so.

    Raises:
        GovstanceError: A number is below 1, or sentences would be passed over.
    """
    for name in ("sentences_per_passage", "stride", "max_characters", "max_evidence"):
        if getattr(reading, name) < 1:
            raise GovstanceError(f"reading.{name}: expected at least 1, found {getattr(reading, name)}.")
    if reading.stride > reading.sentences_per_passage:
        raise GovstanceError(
            f"reading.stride={reading.stride} is larger than reading.sentences_per_passage="
            f"{reading.sentences_per_passage}: sentences between two passages would never be read."
        )


def _check(config: PredictConfig) -> None:
    check_reading(config.reading)
    if config.output is not None and config.picture is not None:
        raise GovstanceError("output and picture exclude each other: a picture shows what is printed. Leave out one.")
    check_table(config)
    names = ("output", "table", "report", "picture")
    for option, path in ((name, getattr(config, name)) for name in names):
        if path is not None and Path(path).exists() and not config.overwrite:
            raise GovstanceError(f"{option}: {path} exists; choose another name or add overwrite=true.")


def _with_progress(
    answered: Iterator[tuple[Document, list[StanceAnswer]]], total: int
) -> Iterator[tuple[Document, list[StanceAnswer]]]:
    """The same answers with a progress bar, where there is more than one document to wait for."""
    if total == 1:
        yield from answered
        return
    with progress("reading", total=total, unit="document") as advance:
        for item in answered:
            advance(1)
            yield item
