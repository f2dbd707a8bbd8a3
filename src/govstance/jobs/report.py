"""Makes report.html of a finished run anew, from what its folder holds; nothing is scored again."""

import logging
from pathlib import Path
from typing import Any

from govstance.apply_config import ReportConfig
from govstance.corpus.reader import read_rows
from govstance.errors import GovstanceError
from govstance.files import read_json, sha256_of_file
from govstance.jobs.evaluate import METRICS_FILE
from govstance.jobs.finished_runs import read_run
from govstance.jobs.pages import write_page
from govstance.reporting.report_page import REQUIRED
from govstance.schema import Row
from govstance.training.run_folder import PROVENANCE_FILE

logger = logging.getLogger(__name__)


def run_report(config: ReportConfig) -> Path:
    """Writes report.html into the folder of a run of train or evaluate.

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
    metrics = read_run(folder).metrics
    missing = [name for name in REQUIRED if name not in metrics]
    if missing:
        raise GovstanceError(
            f"{folder / METRICS_FILE}: expected all that the page shows, found no {', '.join(missing)}: an older "
            "version of govstance scored this run; score its model again with scripts/evaluate.py."
        )
    return write_page(folder, metrics, _rows_of(folder, metrics), run_folder=folder)


def _rows_of(folder: Path, metrics: dict[str, Any]) -> list[Row] | None:
    """The scored rows; None where a file is gone or is another one now."""
    paths = []
    for item in read_json(folder / PROVENANCE_FILE)["data"]:
        path = Path(item["path"])
        if not path.is_file() or sha256_of_file(path) != item["sha256"]:
            state = "is another file now" if path.is_file() else f"is not there (looked from {Path.cwd()})"
            logger.warning("%s %s: the page shows no texts", path, state)
            return None
        paths.append(path)
    return read_rows(paths, [target["id"] for target in metrics["targets"]])
