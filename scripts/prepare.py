"""Make labelled rows from raw data, and check and count rows.

Examples:
  python scripts/prepare.py
  python scripts/prepare.py corpus.files=[my.jsonl] report=my_report
  python scripts/prepare.py corpus=ungdc corpus.path=speeches
"""

from pathlib import Path

import hydra
from omegaconf import DictConfig

from govstance.config import PrepareConfig, register_schemas, to_dataclass
from govstance.files import path_from_here
from govstance.jobs.command_line import describe_script, exit_on_bad_input, start_run_folder
from govstance.jobs.prepare import REPORT_FILE, run_preparation

register_schemas()
describe_script(__file__, __doc__)


@hydra.main(version_base="1.3", config_path="../configs", config_name="prepare")
@exit_on_bad_input
def main(config: DictConfig) -> None:
    """Converts and checks; prints the report and where things were written."""
    prepare = to_dataclass(config, PrepareConfig)
    run_folder = start_run_folder(config)
    result = run_preparation(prepare, run_folder)
    report = Path(prepare.report or run_folder) / REPORT_FILE
    print(report.read_text(encoding="utf-8"))
    for path, n_rows in result.written.items():
        print(f"{n_rows} rows: {path_from_here(Path(path))}")
    if result.n_doubtful is not None:
        print(f"{result.n_doubtful} doubtful labels: {prepare.review_queue}")
    print(f"report and manifest: {path_from_here(report.parent)}")


if __name__ == "__main__":
    main()
