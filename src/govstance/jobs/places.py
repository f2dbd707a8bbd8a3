"""Where in the data folder things lie."""

from pathlib import Path

from govstance.actors.finder import MentionFinder
from govstance.config import CorpusConfig, PathsConfig
from govstance.targets import Target, load_targets


def targets_of_corpus(paths: PathsConfig, corpus: CorpusConfig) -> tuple[Target, ...]:
    """The targets that a corpus is labelled for: its own, else those of data/targets.yaml."""
    return load_targets(Path(corpus.targets or Path(paths.data) / "targets.yaml"))


def mention_finder(paths: PathsConfig) -> MentionFinder:
    """The finder that uses data/actors."""
    return MentionFinder(Path(paths.data) / "actors")
