"""Read articles: per government and question a stance, its probability and the sentences it rests on.

Examples:
  python scripts/predict.py input=data/examples/kazakhstan.txt
  python scripts/predict.py input=articles.jsonl output=answers.jsonl
  python scripts/predict.py input=articles.parquet output=answers.parquet engine=ray ray.actors=4
  python scripts/predict.py input=folder table=stances.csv period=month report=report.html
  python scripts/predict.py model=outputs/latest input=articles.jsonl abstain=0.05
"""

import hydra
from omegaconf import DictConfig
from rich.console import Console

from govstance.apply_config import APPLY_SCHEMAS, PredictConfig
from govstance.config import register_schemas, to_dataclass
from govstance.jobs.command_line import describe_script, exit_on_bad_input
from govstance.jobs.predict import run_prediction

register_schemas(APPLY_SCHEMAS)
describe_script(__file__, __doc__)


@hydra.main(version_base="1.3", config_path="../configs/apply", config_name="predict")
@exit_on_bad_input
def main(config: DictConfig) -> None:
    """Prints matrices with their evidence, or the table of many documents; or writes them and says where."""
    predict = to_dataclass(config, PredictConfig)
    count = run_prediction(predict, Console(record=predict.picture is not None))
    if predict.output is not None:
        print(f"{count} documents answered: {predict.output}")


if __name__ == "__main__":
    main()
