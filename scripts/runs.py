"""List past runs, newest first: state, model, seed, score and folder. Piped, the lines are tab-separated.

Examples:
  python scripts/runs.py
  python scripts/runs.py state=failed
  python scripts/runs.py script=train limit=null
"""

import hydra
from omegaconf import DictConfig
from rich.console import Console

from govstance.config import register_schemas, to_dataclass
from govstance.jobs.command_line import describe_script, exit_on_bad_input
from govstance.jobs.runs import list_runs, show_runs
from govstance.sweep_config import SWEEP_SCHEMAS, RunsConfig

register_schemas(SWEEP_SCHEMAS)
describe_script(__file__, __doc__)


@hydra.main(version_base="1.3", config_path="../configs/apply", config_name="runs")
@exit_on_bad_input
def main(config: DictConfig) -> None:
    """Prints the list."""
    show_runs(Console(), list_runs(to_dataclass(config, RunsConfig)))


if __name__ == "__main__":
    main()
