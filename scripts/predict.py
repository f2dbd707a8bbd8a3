"""Read articles: python scripts/predict.py input=article.txt [model=outputs/latest] [output=answers.jsonl]

Many of them, as one table: python scripts/predict.py input=folder table=stances.csv period=month report=report.html
"""

import hydra
from omegaconf import DictConfig
from rich.console import Console

from govstance.config import PredictConfig, register_schemas, to_dataclass
from govstance.jobs.command_line import exit_on_bad_input
from govstance.jobs.predict import run_prediction

register_schemas()


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
