"""Make the page of a finished run anew: python scripts/report.py run=outputs/latest"""

import hydra
from omegaconf import DictConfig

from govstance.config import ReportConfig, register_schemas, to_dataclass
from govstance.files import path_from_here
from govstance.jobs.command_line import exit_on_bad_input
from govstance.jobs.report import run_report

register_schemas()


@hydra.main(version_base="1.3", config_path="../configs/apply", config_name="report")
@exit_on_bad_input
def main(config: DictConfig) -> None:
    """Writes report.html into the folder of the run and says where it lies."""
    print(f"report: {path_from_here(run_report(to_dataclass(config, ReportConfig)).absolute())}")


if __name__ == "__main__":
    main()
