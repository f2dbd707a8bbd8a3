"""Raw data -> rows, and rows -> a quality report: python scripts/prepare.py [corpus=ungdc corpus.path=...]"""

from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from govstance.config import PrepareConfig, register_schemas, to_dataclass
from govstance.files import path_from_here
from govstance.jobs.command_line import exit_on_bad_input
from govstance.jobs.prepare import REPORT_FILE, run_preparation

register_schemas()


@hydra.main(version_base="1.3", config_path="../configs", config_name="prepare")
@exit_on_bad_input
def main(config: DictConfig) -> None:
    """Converts and checks; prints the report and where things were written."""
    prepare = to_dataclass(config, PrepareConfig)
    run_folder = Path(HydraConfig.get().runtime.output_dir)
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
