"""Search the settings of train with Optuna, by macro-F1 on dev rows; test rows are not looked at.

The study lies in outputs/tune.db; the same call goes on with it, also after it was stopped. What is searched is set in
configs/search/.

Examples:
  python scripts/tune.py
  python scripts/tune.py search.study=small search.trials=5 training.max_texts=500
  python scripts/tune.py search.study=epochs 'search.space=[{name: training.epochs, low: 2, high: 8}]'
"""

import hydra
from omegaconf import DictConfig
from rich.console import Console

from govstance.config import register_schemas, to_dataclass
from govstance.jobs.command_line import describe_script, exit_on_bad_input, start_run_folder
from govstance.jobs.tune import run_search, show_trials
from govstance.sweep_config import SWEEP_SCHEMAS, TuneConfig

register_schemas(SWEEP_SCHEMAS)
describe_script(__file__, __doc__)


@hydra.main(version_base="1.3", config_path="../configs", config_name="tune")
@exit_on_bad_input
def main(config: DictConfig) -> None:
    """Searches, prints the trials and the command that trains with the best settings."""
    tune = to_dataclass(config, TuneConfig)
    run_folder = start_run_folder(config)
    trials = run_search(tune, run_folder)
    show_trials(Console(), trials)


if __name__ == "__main__":
    main()
