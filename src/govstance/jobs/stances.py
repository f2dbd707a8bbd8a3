"""The table of many documents: written, printed, and as a page."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from govstance.apply_config import PredictConfig
from govstance.errors import GovstanceError
from govstance.files import read_json, write_text
from govstance.inference.documents import Document
from govstance.inference.sources import Detected
from govstance.inference.table import ALL, PERIODS, Answered, TableBuilder
from govstance.inference.table_rows import with_contexts
from govstance.jobs.places import world_file
from govstance.reporting.stance_page import PageFacts, stance_page
from govstance.reporting.stance_tables import check_suffix, print_table, write_table
from govstance.targets import Target

# Of the timelines of a page, where none is asked for.
TIMELINE_PERIOD = "month"


def table_wanted(config: PredictConfig) -> bool:
    """Whether documents are to be pooled, rather than answered one by one."""
    return config.table is not None or config.report is not None or config.period is not None


def check_table(config: PredictConfig) -> None:
    """Whether the settings of the table can be met.

    Raises:
        GovstanceError: They can't.
    """
    if config.period is not None and config.period not in PERIODS:
        raise GovstanceError(f"period: expected one of {', '.join(PERIODS)}; found {config.period}.")
    if config.table is not None:
        check_suffix(Path(config.table))
    if config.report is not None and Path(config.report).suffix not in (".html", ".htm"):
        raise GovstanceError(f"report: expected a name that ends in .html; found {config.report}.")
    if config.report is not None and not world_file(config.paths).is_file():
        raise GovstanceError(
            f"report: expected the outlines of its maps in {world_file(config.paths)}, found no such file."
        )


@dataclass(frozen=True)
class ReadFacts:
    """What the page says of the documents.

    Attributes:
        detected: Their counts.
        failures: (file, reason) of what was not read.
        notes: What else is told of files, one sentence each.
    """

    detected: Detected
    failures: Sequence[tuple[str, str]]
    notes: Sequence[str]


def give_table(
    config: PredictConfig,
    console: Console,
    *,
    answered: Iterable[Answered],
    facts: ReadFacts,
    targets: Sequence[Target],
    texts: Callable[[], Iterable[Document]] | None = None,
) -> None:
    """Pools the answers, prints the table, and writes what is asked for.

    Args:
        config: Settings of predict.
        console: Where the table is printed.
        answered: All documents with their answers, gone through once.
        facts: What the page says of them.
        targets: Of the model.
        texts: Where the documents come without their texts: gives those with them, for the page.
    """
    wanted = str(config.period if config.period not in (None, ALL) else TIMELINE_PERIOD)
    periods = {config.period or ALL} | ({ALL, wanted} if config.report else set())
    limit = config.reading.max_evidence
    builders = {period: TableBuilder(period=period, max_sentences=limit) for period in periods}
    for document, answers in answered:
        for builder in builders.values():
            builder.add(document, answers)
    tables = {period: builder.rows(seed=config.seed) for period, builder in builders.items()}
    rows = tables[config.period or ALL]
    print_table(console, rows)
    if config.table is not None:
        write_table(Path(config.table), rows, abstains=config.abstain is not None)
        console.print(f"table, {len(rows)} rows: {config.table}", soft_wrap=True)
    if config.report is None:
        return
    page = PageFacts(
        documents=facts.detected,
        model=config.model,
        period=wanted,
        abstain=config.abstain,
        seed=config.seed,
        failures=facts.failures,
        notes=[*facts.notes, *facts.detected.sentences()],
    )
    overall = with_contexts(tables[ALL], texts()) if texts is not None else tables[ALL]
    world = read_json(world_file(config.paths))
    write_text(Path(config.report), stance_page(overall, tables[wanted], targets=targets, facts=page, world=world))
    console.print(f"page: {config.report}", soft_wrap=True)
