"""The table of many documents: written, printed, and as a page."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from govstance.apply_config import PredictConfig
from govstance.errors import GovstanceError
from govstance.files import read_json, write_text
from govstance.inference.sources import Reading, detected
from govstance.inference.table import ALL, PERIODS, Answered, stance_table
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


def give_table(
    config: PredictConfig,
    console: Console,
    *,
    answered: Sequence[Answered],
    reading: Reading,
    targets: Sequence[Target],
) -> None:
    """Pools the answers, prints the table, and writes what is asked for.

    Args:
        config: Settings of predict.
        console: Where the table is printed.
        answered: All documents with their answers.
        reading: What was read, for what the page says of it.
        targets: Of the model.
    """
    limit, abstains = config.reading.max_evidence, config.abstain is not None
    rows = stance_table(answered, period=config.period or ALL, max_sentences=limit, seed=config.seed)
    print_table(console, rows)
    if config.table is not None:
        write_table(Path(config.table), rows, abstains=abstains)
        console.print(f"table, {len(rows)} rows: {config.table}", soft_wrap=True)
    if config.report is None:
        return
    wanted = config.period if config.period not in (None, ALL) else TIMELINE_PERIOD
    by_period = stance_table(answered, period=str(wanted), max_sentences=limit, seed=config.seed)
    overall = rows if config.period in (None, ALL) else stance_table(
        answered, period=ALL, max_sentences=limit, seed=config.seed
    )  # fmt: skip
    documents = sorted((document for document, _ in answered), key=lambda document: (document.id, document.source))
    facts = PageFacts(
        documents=documents,
        model=config.model,
        period=str(wanted),
        abstain=config.abstain,
        seed=config.seed,
        failures=[(failure.file, failure.reason) for failure in reading.failures],
        notes=[*reading.notes, *detected(documents)],
    )
    world = read_json(world_file(config.paths))
    write_text(Path(config.report), stance_page(overall, by_period, targets=targets, facts=facts, world=world))
    console.print(f"page: {config.report}", soft_wrap=True)
