"""Where in the data folder things lie."""

from pathlib import Path

from govstance.actors.finder import MentionFinder
from govstance.config import PathsConfig
from govstance.targets import Target, load_targets


def configured_targets(paths: PathsConfig) -> tuple[Target, ...]:
    """The targets of data/targets.yaml."""
    return load_targets(Path(paths.data) / "targets.yaml")


def mention_finder(paths: PathsConfig) -> MentionFinder:
    """The finder that uses data/actors."""
    return MentionFinder(Path(paths.data) / "actors")
