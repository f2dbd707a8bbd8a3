"""Writes report.html, the page of a run, and report.md, from its metrics and what its folder holds."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from govstance.files import read_json, write_text
from govstance.jobs.command_line import RESOLVED_CONFIG_FILE
from govstance.reporting.report_page import report_page
from govstance.schema import Row
from govstance.training.run_folder import PROVENANCE_FILE

PAGE_FILE, REPORT_FILE = "report.html", "report.md"


def write_page(
    folder: Path,
    metrics: dict[str, Any],
    rows: Sequence[Row] | None,
    *,
    run_folder: Path,
    world: dict[str, Any] | None = None,
) -> Path:
    """Writes report.html.

    Args:
        folder: Receives the page.
        metrics: As metrics.json holds them.
        rows: The rows that were scored, for their texts; None: they are not at hand, and the page says so.
        run_folder: Holds config.yaml and provenance.json.
        world: As data/world/world.json holds it, for the maps of an external validation.

    Returns:
        The page.
    """
    page = report_page(
        metrics,
        texts=None if rows is None else {row.id: row.text for row in rows},
        provenance=read_json(run_folder / PROVENANCE_FILE),
        world=world,
        config=(run_folder / RESOLVED_CONFIG_FILE).read_text(encoding="utf-8"),
    )
    write_text(folder / PAGE_FILE, page)
    return folder / PAGE_FILE
