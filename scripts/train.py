"""Train on labelled rows: python scripts/train.py [model=tfidf] [experiment=full] [seed=1] ..."""

import hydra
from omegaconf import DictConfig
from rich.console import Console

from govstance.config import TrainConfig, register_schemas, to_dataclass
from govstance.files import path_from_here
from govstance.jobs.command_line import exit_on_bad_input, start_run_folder
from govstance.jobs.evaluate import describe_data
from govstance.jobs.pages import PAGE_FILE
from govstance.jobs.train import run_training
from govstance.reporting.tables import print_headline

register_schemas()


@hydra.main(version_base="1.3", config_path="../configs", config_name="train")
@exit_on_bad_input
def main(config: DictConfig) -> None:
    """Trains, scores on the test split, prints the scores and where the results lie."""
    train = to_dataclass(config, TrainConfig)
    run_folder = start_run_folder(config)
    metrics = run_training(train, run_folder)
    console = Console()
    print_headline(console, f"Scores on the {describe_data(metrics)}", metrics)
    console.print(
        f"report: {path_from_here(run_folder / PAGE_FILE)}\nmodel:  {path_from_here(run_folder / 'model')}",
        soft_wrap=True,
    )


if __name__ == "__main__":
    main()
