"""Makes report.html and report.md of a finished run anew, from what its folder holds; nothing is scored again."""

import logging
from pathlib import Path
from typing import Any

import yaml

from govstance.apply_config import ReportConfig
from govstance.corpus.reader import read_rows
from govstance.errors import GovstanceError
from govstance.files import read_json, sha256_of_file, write_text
from govstance.jobs.command_line import RESOLVED_CONFIG_FILE
from govstance.jobs.evaluate import METRICS_FILE
from govstance.jobs.finished_runs import read_run
from govstance.jobs.pages import REPORT_FILE, write_page
from govstance.jobs.places import WORLD_FILE
from govstance.reporting.report_page import REQUIRED
from govstance.reporting.tables import report_markdown
from govstance.schema import Row

logger = logging.getLogger(__name__)


def run_report(config: ReportConfig) -> Path:
    """Writes report.html and report.md into the folder of a run of train or evaluate.

    Texts are taken from the files that were scored. Where one is gone or has changed, the page has none and says so.

    Returns:
        The page.

    Raises:
        GovstanceError: There is no folder, the run is not finished, its files do not belong together, or an older
            version of govstance scored it.
        BadRowsError: The rows no longer keep to the format.
    """
    folder = Path(config.run)
    if not folder.is_dir():
        raise GovstanceError(
            f"run: expected the folder of a run, found nothing at {folder} (looked from {Path.cwd()})."
        )
    return write_reports(folder, read_run(folder).metrics)


def write_reports(folder: Path, metrics: dict[str, Any]) -> Path:
    """Writes both reports of a run from its metrics, and returns the page.

    Raises:
        GovstanceError: The metrics lack a part of the page.
        BadRowsError: The rows no longer keep to the format.
    """
    missing = [name for name in REQUIRED if name not in metrics]
    if missing:
        raise GovstanceError(
            f"{folder / METRICS_FILE}: expected all that the page shows, found no {', '.join(missing)}: an older "
            "version of govstance scored this run; score its model again with scripts/evaluate.py."
        )
    world = None
    if "validity" in metrics:
        config = yaml.safe_load((folder / RESOLVED_CONFIG_FILE).read_text(encoding="utf-8"))
        world = read_json(Path(config["paths"]["data"]) / WORLD_FILE)
    write_text(folder / REPORT_FILE, report_markdown(metrics))
    return write_page(folder, metrics, _rows_of(metrics), run_folder=folder, world=world)


def _rows_of(metrics: dict[str, Any]) -> list[Row] | None:
    """The scored rows; None where a file is gone or is another one now."""
    paths = []
    for item in metrics["data"]["files"]:
        path = Path(item["path"])
        if not path.is_file() or sha256_of_file(path) != item["sha256"]:
            state = "is another file now" if path.is_file() else f"is not there (looked from {Path.cwd()})"
            logger.warning("%s %s: the page shows no texts", path, state)
            return None
        paths.append(path)
    return read_rows(paths, [target["id"] for target in metrics["targets"]])
