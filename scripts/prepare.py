"""Composed texts -> labelled rows: python scripts/prepare.py composed=[path/to/part*.jsonl]"""

import hydra
from omegaconf import DictConfig

from govstance.config import PrepareConfig, register_schemas, to_dataclass
from govstance.jobs.command_line import exit_on_bad_input
from govstance.jobs.prepare import run_preparation

register_schemas()


@hydra.main(version_base="1.3", config_path="../configs", config_name="prepare")
@exit_on_bad_input
def main(config: DictConfig) -> None:
    """Converts and prints how many rows each language has."""
    prepare = to_dataclass(config, PrepareConfig)
    counts = run_preparation(prepare)
    for lang, count in counts.items():
        print(f"{prepare.output}/{lang}.jsonl: {count} rows")


if __name__ == "__main__":
    main()
