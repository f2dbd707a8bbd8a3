"""Where the data, the models and the converted backbones lie."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from govstance.actors.finder import MentionFinder
from govstance.config import CorpusConfig, ModelConfig, PathsConfig, TrainConfig
from govstance.corpus.evidence import MarkedText, read_evidence
from govstance.errors import GovstanceError
from govstance.files import expand_patterns
from govstance.models.folder import BUILTIN_FOLDER, LoadedModel, load_model
from govstance.targets import Target, load_targets

if TYPE_CHECKING:  # torch is large, and what reads an export for ONNX Runtime does without
    from govstance.models.stance_model import StanceModel

PACKAGE = Path(__file__).resolve().parents[1]
BUILTIN = "builtin"
WORLD_FILE = Path("world") / "world.json"


def targets_of_corpus(paths: PathsConfig, corpus: CorpusConfig) -> tuple[Target, ...]:
    """The targets that a corpus is labelled for: its own, else those of data/targets.yaml."""
    return load_targets(Path(corpus.targets or Path(paths.data) / "targets.yaml"))


def evidence_files(config: TrainConfig) -> list[Path]:
    """The marks that a training reads, the corpus's own or those of the data folder; none where it takes none apart.

    Raises:
        GovstanceError: There is no such file.
    """
    if not (config.training.cut_texts or config.training.kept_texts):
        return []
    pattern = config.corpus.evidence or str(Path(config.paths.data) / "annotations" / "evidence.jsonl")
    return expand_patterns([pattern], option="corpus.evidence")


def marks_of(config: TrainConfig, target_ids: Sequence[str]) -> dict[str, MarkedText]:
    """The marks that a training needs, by the SHA-256 of their text."""
    marks: dict[str, MarkedText] = {}
    for path in evidence_files(config):
        marks |= read_evidence(path, target_ids)
    return marks


def mention_finder(paths: PathsConfig) -> MentionFinder:
    """The finder that uses data/actors."""
    return MentionFinder(Path(paths.data) / "actors")


def world_file(paths: PathsConfig) -> Path:
    """The outlines that maps are drawn from."""
    return Path(paths.data) / WORLD_FILE


def cache_folder(paths: PathsConfig) -> Path | None:
    """Where converted backbones lie; None: the default place."""
    return Path(paths.cache) if paths.cache else None


def place_of(name: str) -> Path:
    """The folder of a model: a path, or "builtin" for the one that the package carries."""
    return BUILTIN_FOLDER if name == BUILTIN else Path(name)


def model_of(name: str, paths: PathsConfig, finder: MentionFinder) -> LoadedModel:
    """The model in a run folder or model folder, or the one that the package carries.

    Args:
        name: A folder, or "builtin".
        paths: Where converted backbones lie.
        finder: Of mentions of governments.

    Raises:
        ModelFolderError: There is no whole model there.
    """
    return load_model(place_of(name), finder, cache_folder=cache_folder(paths))


def names_of_starts(model: ModelConfig) -> list[str]:
    """What `model.start_from` names: nothing, one model or several.

    Raises:
        GovstanceError: It is neither a name nor a list of names.
    """
    names = [] if model.start_from is None else model.start_from
    names = [names] if isinstance(names, str) else names
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise GovstanceError(
            f"model.start_from: expected a run or model folder, builtin, or a list of them; found {model.start_from!r}."
        )
    return names


def starts_of(model: ModelConfig, paths: PathsConfig) -> list["StanceModel"]:
    """The trained models whose weights training starts from; none where it starts from the backbone's.

    Raises:
        ModelFolderError: There is no whole model.
        GovstanceError: One is a baseline, or an export for ONNX Runtime.
    """
    from govstance.models.predictor import TransformerPredictor

    starts = []
    for name in names_of_starts(model):
        loaded = model_of(name, paths, mention_finder(paths))
        if not isinstance(loaded.predictor, TransformerPredictor):
            raise GovstanceError(
                f"model.start_from={name}: expected a trained transformer, found {loaded.kind} for the engine "
                f"{loaded.engine}; name a run folder of scripts/train.py, or builtin."
            )
        starts.append(loaded.predictor.model)
    return starts
