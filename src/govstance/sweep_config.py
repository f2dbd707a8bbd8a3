"""What can be set where many runs are made or listed; the settings of one run are in `config`."""

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from govstance.config import PathsConfig, TrainConfig


@dataclass
class SearchedSetting:
    """One setting of train and where it is looked for: in `values`, or between `low` and `high`."""

    name: str = MISSING
    values: list[Any] | None = None
    # Two whole numbers give whole numbers.
    low: Any = None
    high: Any = None
    # Whether the scale is logarithmic.
    log: bool = False
    step: Any = None


@dataclass
class SearchConfig:
    """What scripts/tune.py tries."""

    # Names the study in the file; the same name goes on with it.
    study: str = MISSING
    # Trials that this call adds to the study.
    trials: int = 20
    # A list, since a list on the command line takes the place of the one in the file.
    space: list[SearchedSetting] = field(default_factory=list)
    # Trials that are never stopped early; after them one that is worse than the median at the same epoch is.
    trials_before_pruning: int = 5


@dataclass
class TuneConfig(TrainConfig):
    """scripts/tune.py: the settings of train, and which of them are searched."""

    name: str = "tune"
    search: SearchConfig = field(default_factory=SearchConfig)


@dataclass
class RunsConfig:
    """scripts/runs.py"""

    # How many are listed; null: all.
    limit: int | None = 20
    # Only those in one state: finished, failed, stopped, running or skipped; null: all.
    state: str | None = None
    # Only those of one script, such as train; null: all.
    script: str | None = None
    paths: PathsConfig = field(default_factory=PathsConfig)


SWEEP_SCHEMAS = {"tune_schema": TuneConfig, "runs_schema": RunsConfig}
