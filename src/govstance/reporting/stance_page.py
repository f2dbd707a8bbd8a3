"""The page of a table of stances: a matrix, maps, a timeline a government, and the sentences in their passages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from govstance.actors.names import government_name
from govstance.inference.sources import Detected
from govstance.inference.table import CONFLICTING, POSITIONS, UNDATED, TableRow
from govstance.reporting.pages import WIDTHS, drawn, page_environment
from govstance.reporting.stance_maps import stance_maps
from govstance.reporting.stance_plots import timeline_plot
from govstance.reporting.stance_tables import interval_text
from govstance.schema import UNCERTAIN
from govstance.targets import Target


@dataclass(frozen=True)
class PageFacts:
    """What the page says beside the table.

    Attributes:
        documents: Counts of all that were read.
        model: As the user named it.
        period: Of the timelines.
        abstain: The share of wrong answers wanted, or None.
        seed: Of the draws.
        failures: (file, reason).
        notes: One sentence each.
    """

    documents: Detected
    model: str
    period: str
    abstain: float | None
    seed: int
    failures: Sequence[tuple[str, str]]
    notes: Sequence[str]


def stance_page(
    overall: Sequence[TableRow],
    by_period: Sequence[TableRow],
    *,
    targets: Sequence[Target],
    facts: PageFacts,
    world: Mapping[str, Any] | None = None,
) -> str:
    """The page as HTML.

    Args:
        overall: The table with the period "all".
        by_period: The same documents by day, month or year.
        targets: In the order of the columns.
        facts: What else is said.
        world: As data/world/world.json holds it, for the maps of `overall`; None: no maps.
    """
    environment = page_environment()
    environment.filters |= {"cell": _cell_text, "ci": interval_text, "name": government_name}
    cells: dict[str, dict[str, TableRow]] = {}
    for row in overall:
        cells.setdefault(row.government, {})[row.target] = row
    holding = {
        government: of_target
        for government, of_target in cells.items()
        if any(row.stance != "none" for row in of_target.values())
    }
    by_name = sorted(holding, key=government_name)
    return environment.get_template("stances.html").render(
        facts=facts,
        targets=targets,
        cells={government: holding[government] for government in by_name},
        silent=sorted(government_name(government) for government in cells if government not in holding),
        timelines={government: _timelines(government, by_period, targets) for government in by_name},
        periods=_periods_table(by_period),
        dates=facts.documents.dates,
        languages=sorted(facts.documents.all_languages),
        stances=(*POSITIONS, CONFLICTING, *((UNCERTAIN,) if facts.abstain is not None else ()), "none"),
        maps=None if world is None else stance_maps(overall, targets, world, set(holding)),
    )


def _timelines(
    government: str, by_period: Sequence[TableRow], targets: Sequence[Target]
) -> list[tuple[str, dict[str, Any]]]:
    """The plot of a government, wide and narrow; none where there is but one dated period."""
    of_target = {
        target.id: [
            row
            for row in by_period
            if row.government == government and row.target == target.id and row.period != UNDATED
        ]
        for target in targets
    }
    return drawn([(name, timeline_plot(of_target, width)) for name, width in WIDTHS])


def _periods_table(by_period: Sequence[TableRow]) -> Mapping[tuple[str, str], list[TableRow]]:
    """The rows of each government and target that say something, for those who can't see the plot."""
    found: dict[tuple[str, str], list[TableRow]] = {}
    for row in by_period:
        found.setdefault((row.government, row.target), []).append(row)
    return found


def _cell_text(row: TableRow) -> str:
    """What a cell of the matrix says."""
    if row.stance == CONFLICTING:
        return f"conflicting, rather {row.leaning} {row.probability:.2f}"
    return row.stance if row.probability is None else f"{row.stance} {row.probability:.2f}"
