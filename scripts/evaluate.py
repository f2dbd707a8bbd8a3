"""Score a saved model and the baselines of its run on labelled rows.

Examples:
  python scripts/evaluate.py model=outputs/latest corpus.files=[data/corpus/*.jsonl] split=test
  python scripts/evaluate.py model=builtin corpus.files=[my.jsonl]
  python scripts/evaluate.py model=builtin validity=true speeches.folder=speeches
  python scripts/evaluate.py -m model=outputs/a,outputs/b corpus.files=[my.jsonl]
"""

import hydra
from omegaconf import DictConfig
from rich.console import Console

from govstance.apply_config import APPLY_SCHEMAS, EvaluateConfig
from govstance.config import register_schemas, to_dataclass
from govstance.files import path_from_here
from govstance.jobs.command_line import describe_script, exit_on_bad_input, start_run_folder
from govstance.jobs.evaluate import run_evaluation
from govstance.jobs.pages import PAGE_FILE
from govstance.jobs.validity import PAGE_FILE as VALIDITY_PAGE_FILE
from govstance.jobs.validity import run_validity
from govstance.reporting.tables import describe_data, print_headline
from govstance.reporting.validity_tables import print_validity

register_schemas(APPLY_SCHEMAS)
describe_script(__file__, __doc__)


@hydra.main(version_base="1.3", config_path="../configs/apply", config_name="evaluate")
@exit_on_bad_input
def main(config: DictConfig) -> None:
    """Scores the model and the baselines of its run, prints the figures and where the report lies."""
    evaluate = to_dataclass(config, EvaluateConfig)
    run_folder = start_run_folder(config)
    console = Console()
    if evaluate.corpus.files or not evaluate.validity:
        metrics = run_evaluation(evaluate, run_folder)
        print_headline(console, f"Scores on the {describe_data(metrics)}", metrics)
        console.print(f"report: {path_from_here(run_folder / PAGE_FILE)}", soft_wrap=True)
    if evaluate.validity:
        print_validity(console, run_validity(evaluate, run_folder))
        console.print(f"page: {path_from_here(run_folder / VALIDITY_PAGE_FILE)}", soft_wrap=True)


if __name__ == "__main__":
    main()
