"""Train on labelled rows, score on their test split, leave a run folder in outputs/.

With -m several settings are tried, one run each: a cell that is finished is not run again, and one that fails is listed
at the end with its log.

Examples:
  python scripts/train.py
  python scripts/train.py model=tfidf corpus.files=[my.jsonl]
  python scripts/train.py -m seed=0,1,2 training.epochs=2,4
"""

from dataclasses import asdict

import hydra
from omegaconf import DictConfig
from rich.console import Console

from govstance.config import TrainConfig, register_schemas, to_dataclass
from govstance.files import path_from_here
from govstance.jobs.cells import fingerprint, skip_where_finished
from govstance.jobs.command_line import describe_script, exit_on_bad_input, in_sweep, start_run_folder
from govstance.jobs.pages import PAGE_FILE
from govstance.jobs.runs import headline_scores
from govstance.jobs.train import run_training
from govstance.reporting.tables import describe_data, print_headline
from govstance.training.tracking import tracked

register_schemas()
describe_script(__file__, __doc__)


@hydra.main(version_base="1.3", config_path="../configs", config_name="train")
@exit_on_bad_input
def main(config: DictConfig) -> None:
    """Trains, scores on the test split, prints the scores and where the results lie."""
    train = to_dataclass(config, TrainConfig)
    identity = fingerprint(train)
    if in_sweep() and skip_where_finished(train, identity):
        return
    run_folder = start_run_folder(config, fingerprint=identity)
    with tracked(train.tracking, run_folder=run_folder, settings=asdict(train)) as tracker:
        metrics = run_training(train, run_folder, callbacks=tracker.callbacks)
        if metrics is None:  # a process that only helped another to train
            return
        tracker.log_scores(headline_scores(metrics))
    console = Console()
    print_headline(console, f"Scores on the {describe_data(metrics)}", metrics)
    console.print(
        f"report: {path_from_here(run_folder / PAGE_FILE)}\nmodel:  {path_from_here(run_folder / 'model')}",
        soft_wrap=True,
    )


if __name__ == "__main__":
    main()
