"""Reads documents with a saved model: prints matrices with evidence, or pools them in a table, all in memory.

Where there is an output file, `streaming` does it.
"""

import dataclasses
import logging
import re
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from govstance.apply_config import PredictConfig, ReadingConfig
from govstance.errors import GovstanceError
from govstance.files import write_text
from govstance.inference.aggregate import StanceAnswer
from govstance.inference.documents import Document
from govstance.inference.sources import Detected, Reading, detected, read_documents
from govstance.inference.table import in_table_order
from govstance.jobs.answering import Answerer
from govstance.jobs.stances import ReadFacts, check_table, give_table, table_wanted
from govstance.jobs.streaming import ENGINES, RAY, is_unfinished, run_streamed, tell_skipped
from govstance.progress import progress
from govstance.reporting.answers import print_answers
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
    if config.output is not None:
        return run_streamed(config, console)
    reading = read_documents(config.input, dataclasses.asdict(config.columns))
    # A table's documents are read in an order of their own, so that not even rounding hangs on the order they came in.
    documents = in_table_order(reading.documents) if table_wanted(config) else reading.documents
    _tell(reading)
    answerer = Answerer(config)
    targets = answerer.model.targets
    answered = _with_progress(answerer.read(documents), len(documents))
    if table_wanted(config):
        failures = [(failure.file, failure.reason) for failure in reading.failures]
        facts = ReadFacts(Detected.of(documents), failures, reading.notes)
        give_table(config, console, answered=answered, facts=facts, targets=targets)
    else:
        for document, answers in answered:
            print_answers(console, document.id, answers, targets)
    if config.picture is not None:
        write_text(Path(config.picture), _without_web_fonts(console.export_svg(title="govstance")))
    return len(documents)


def _tell(reading: Reading) -> None:
    """Says what was not read, and what was detected where there is more than one document; one shows it itself."""
    for failure in reading.failures:
        logger.warning("not read: %s: %s", failure.file, failure.reason)
    for note in reading.notes:
        logger.warning("%s", note)
    tell_skipped(reading.skipped)
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
    if config.engine not in ENGINES:
        raise GovstanceError(f"engine: expected one of {', '.join(ENGINES)}; found {config.engine}.")
    if config.engine == RAY and config.output is None:
        raise GovstanceError("engine=ray: expected output=<file>.jsonl or .parquet, found none; it prints nothing.")
    check_table(config)
    names = ("output", "table", "report", "picture")
    # What an unfinished run has written of these is its own.
    mine = config.overwrite or is_unfinished(config)
    for option, path in ((name, getattr(config, name)) for name in names):
        if path is not None and not mine and Path(path).exists() and Path(path).stat().st_size > 0:
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
