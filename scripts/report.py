"""Make report.html of a finished run of train or evaluate anew; nothing is scored again.

Examples:
  python scripts/report.py run=outputs/latest
  python scripts/report.py run=outputs/2026-11-26/18-04-22_default
  python scripts/report.py run=outputs/latest/held_out
"""

import hydra
from omegaconf import DictConfig

from govstance.apply_config import APPLY_SCHEMAS, ReportConfig
from govstance.config import register_schemas, to_dataclass
from govstance.files import path_from_here
from govstance.jobs.command_line import describe_script, exit_on_bad_input
from govstance.jobs.report import run_report

register_schemas(APPLY_SCHEMAS)
describe_script(__file__, __doc__)


@hydra.main(version_base="1.3", config_path="../configs/apply", config_name="report")
@exit_on_bad_input
def main(config: DictConfig) -> None:
    """Writes report.html into the folder of the run and says where it lies."""
    print(f"report: {path_from_here(run_report(to_dataclass(config, ReportConfig)).absolute())}")


if __name__ == "__main__":
    main()
