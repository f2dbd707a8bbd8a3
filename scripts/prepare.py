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
    """Converts; prints what each language has and how far the two annotators agree."""
    prepare = to_dataclass(config, PrepareConfig)
    written = run_preparation(prepare)
    for lang, n_rows in written.n_rows.items():
        print(f"{prepare.output}/{lang}.jsonl: {written.n_texts[lang]} texts, {n_rows} rows")
    print(f"in all: {sum(written.n_texts.values())} texts, {sum(written.n_rows.values())} rows")
    for target, found in written.agreement.items():
        print(f"{target}: {found.n_rows} rows labelled twice, {found.share:.1%} alike, Cohen's kappa {found.kappa:.2f}")


if __name__ == "__main__":
    main()
