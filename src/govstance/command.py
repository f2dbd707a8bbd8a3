"""Read articles: per government and question a stance, its probability and the sentences it rests on.

Examples:
  govstance input=article.txt
  govstance input=articles.jsonl output=answers.jsonl
  govstance model=exported input=folder table=stances.csv period=month report=report.html
"""

import hydra
from omegaconf import DictConfig
from rich.console import Console

from govstance.apply_config import APPLY_SCHEMAS, PredictConfig
from govstance.config import register_schemas, to_dataclass
from govstance.jobs.command_line import CONFIGS, describe_script, exit_on_bad_input
from govstance.jobs.predict import run_prediction

# The command `govstance` of an installed package is scripts/predict.py under another name, with the same settings.
register_schemas(APPLY_SCHEMAS)
describe_script(__file__, __doc__)


@hydra.main(version_base="1.3", config_path=str(CONFIGS / "apply"), config_name="predict")
@exit_on_bad_input
def main(config: DictConfig) -> None:
    """Prints matrices with their evidence, or the table of many documents; or writes them and says where."""
    predict = to_dataclass(config, PredictConfig)
    count = run_prediction(predict, Console(record=predict.picture is not None))
    if predict.output is not None:
        print(f"{count} documents answered: {predict.output}")
