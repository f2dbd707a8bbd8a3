"""Where the data, the models and the converted backbones lie."""

from pathlib import Path

from govstance.actors.finder import MentionFinder
from govstance.config import CorpusConfig, PathsConfig
from govstance.models.folder import BUILTIN_FOLDER, LoadedModel, load_model
from govstance.targets import Target, load_targets

BUILTIN = "builtin"


def targets_of_corpus(paths: PathsConfig, corpus: CorpusConfig) -> tuple[Target, ...]:
    """The targets that a corpus is labelled for: its own, else those of data/targets.yaml."""
    return load_targets(Path(corpus.targets or Path(paths.data) / "targets.yaml"))


def mention_finder(paths: PathsConfig) -> MentionFinder:
    """The finder that uses data/actors."""
    return MentionFinder(Path(paths.data) / "actors")


def world_file(paths: PathsConfig) -> Path:
    """The outlines that maps are drawn from."""
    return Path(paths.data) / "world" / "world.json"


def cache_folder(paths: PathsConfig) -> Path | None:
    """Where converted backbones lie; None: the default place."""
    return Path(paths.cache) if paths.cache else None


def model_of(name: str, paths: PathsConfig, finder: MentionFinder) -> LoadedModel:
    """The model in a run folder or model folder, or the one that the package carries.

    Args:
        name: A folder, or "builtin".
        paths: Where converted backbones lie.
        finder: Of mentions of governments.

    Raises:
        ModelFolderError: There is no whole model there.
    """
    folder = BUILTIN_FOLDER if name == BUILTIN else Path(name)
    return load_model(folder, finder, cache_folder=cache_folder(paths))
