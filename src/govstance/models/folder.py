"""The model folder: what a run leaves behind and what evaluate and predict load.

govstance.json      kind, targets, stances, calibration, the training files with their sha256
config.json, model.safetensors, tokenizer files      (transformer)
config.json, delta.safetensors                       (transformer, written as its difference from the backbone)
config.json, tokenizer.json, model.int8.onnx, parity.json    (transformer, engine onnx)
baselines/<kind>/   the three baselines fitted on the same rows
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

from govstance.actors.finder import MentionFinder
from govstance.errors import GovstanceError, ModelFolderError
from govstance.files import read_json, write_json
from govstance.models.baselines import BASELINES, Baseline, FrequencyBaseline, TfidfBaseline, load_baseline
from govstance.models.calibration import Calibration, Thresholds
from govstance.models.onnx_predictor import OnnxPredictor
from govstance.schema import STANCES
from govstance.targets import Target, targets_from_json

if TYPE_CHECKING:  # torch is large; only its own engine pays for it
    from govstance.models.predictor import TransformerPredictor

DESCRIPTION_FILE = "govstance.json"
BASELINES_FOLDER = "baselines"
BUILTIN_FOLDER = Path(__file__).resolve().parents[1] / "pretrained"
SCHEMA_VERSION = 1
TRANSFORMER = "transformer"
KINDS = (TRANSFORMER, *BASELINES)
TORCH, ONNX = "torch", "onnx"
ENGINES = (TORCH, ONNX)
Predictor = Union["TransformerPredictor", OnnxPredictor, Baseline]


@dataclass(frozen=True)
class LoadedModel:
    """A model read from its folder.

    Attributes:
        folder: Where it lies.
        kind: One of KINDS.
        name: What reports call it.
        predictor: Rows in, probabilities out.
        targets: What it answers.
        baselines: Fitted on the same rows; without the model itself.
        training_data: Files it was trained on: path and sha256.
        engine: One of ENGINES; without meaning for a baseline.
    """

    folder: Path
    kind: str
    name: str
    predictor: Predictor
    targets: tuple[Target, ...]
    baselines: Mapping[str, Baseline]
    training_data: list[dict[str, Any]]
    engine: str = TORCH

    @property
    def thresholds(self) -> Thresholds | None:
        """Of abstaining, as fitted on dev; None for a baseline or a model from before there were any."""
        predictor = self.predictor
        return None if isinstance(predictor, FrequencyBaseline | TfidfBaseline) else predictor.calibration.thresholds


def save_model(
    folder: Path,
    *,
    kind: str,
    name: str,
    predictor: Predictor,
    targets: tuple[Target, ...],
    baselines: Mapping[str, Baseline],
    training_data: list[dict[str, Any]],
    delta_from: str | None = None,
    cache_folder: Path | None = None,
) -> None:
    """Writes a model folder; the description comes last, so a folder that has one is whole.

    Args:
        folder: Made where it does not exist.
        kind: One of KINDS.
        name, predictor, targets, baselines, training_data: As in `LoadedModel`.
        delta_from: Backbone to write only the difference from; None: all weights.
        cache_folder: Of converted backbones.

    Raises:
        ModelFolderError: `delta_from` is given for a baseline, or is not the backbone the model was trained from.
    """
    folder.mkdir(parents=True, exist_ok=True)
    engine = ONNX if isinstance(predictor, OnnxPredictor) else TORCH
    if delta_from is None:
        predictor.save(folder)
    elif not isinstance(predictor, FrequencyBaseline | TfidfBaseline | OnnxPredictor):
        from govstance.models.delta import save_delta

        save_delta(folder, predictor.model, delta_from, cache_folder=cache_folder)
    else:
        found = f"an export for the engine {engine}" if engine == ONNX else f"a {kind}: a baseline has no backbone"
        raise ModelFolderError(f"{name}: expected a {TRANSFORMER}, found {found}.")
    for baseline_kind, baseline in baselines.items():
        baseline.save(folder / BASELINES_FOLDER / baseline_kind)
    for path in folder.glob("*.safetensors"):
        path.chmod(0o644)  # safetensors lets only the owner read what it writes
    calibration = None if isinstance(predictor, FrequencyBaseline | TfidfBaseline) else predictor.calibration.to_json()
    write_json(
        folder / DESCRIPTION_FILE,
        {
            "schema_version": SCHEMA_VERSION,
            "kind": kind,
            "name": name,
            "targets": [target.to_json() for target in targets],
            "stances": list(STANCES),
            "calibration": calibration,
            "engine": engine,
            "delta_from": delta_from,
            "baselines": list(baselines),
            "training_data": training_data,
        },
    )


def load_model(folder: Path, finder: MentionFinder, *, cache_folder: Path | None = None) -> LoadedModel:
    """Loads a model from its folder, or from the run folder that holds it.

    Args:
        folder: Model folder or run folder.
        finder: Of mentions of governments, for a model that pools them.
        cache_folder: Of converted backbones, for a model that is kept as a difference.

    Raises:
        ModelFolderError: There is no whole model, or one of another schema.
        GovstanceError: What runs it is not installed.
    """
    model_folder = folder / "model" if (folder / "model").is_dir() else folder
    path = model_folder / DESCRIPTION_FILE
    if not path.is_file():
        raise ModelFolderError(
            f"{folder}: expected a run folder or a model folder with {DESCRIPTION_FILE}; found "
            f"{'a folder without it' if model_folder.is_dir() else 'no such folder'}. Train a model with `make train`; "
            "the last finished one is outputs/latest."
        )
    value = read_json(path)
    if value.get("schema_version") != SCHEMA_VERSION or value.get("kind") not in KINDS:
        raise ModelFolderError(
            f"{path}: expected schema_version {SCHEMA_VERSION} and a kind among {', '.join(KINDS)}; found "
            f"{value.get('schema_version')!r} and {value.get('kind')!r}."
        )
    if value["stances"] != list(STANCES):
        raise ModelFolderError(f"{path}: expected the stances {', '.join(STANCES)}; found {value['stances']}.")
    kind = value["kind"]
    engine = value.get("engine", TORCH)  # folders older than the second engine name none
    if engine not in ENGINES:
        raise ModelFolderError(f"{path}: expected an engine among {', '.join(ENGINES)}; found {engine!r}.")
    return LoadedModel(
        folder=model_folder,
        kind=kind,
        name=value["name"],
        predictor=_load_predictor(model_folder, value, engine, finder, cache_folder),
        targets=targets_from_json(value["targets"], str(path)),
        baselines={
            baseline: load_baseline(baseline, model_folder / BASELINES_FOLDER / baseline)
            for baseline in value["baselines"]
        },
        training_data=value["training_data"],
        engine=engine,
    )


def _load_predictor(
    folder: Path, value: Mapping[str, Any], engine: str, finder: MentionFinder, cache_folder: Path | None
) -> Predictor:
    if value["kind"] != TRANSFORMER:
        return load_baseline(value["kind"], folder)
    calibration = Calibration(**value["calibration"])
    if engine == ONNX:
        return OnnxPredictor.load(folder, calibration, finder)
    try:
        from govstance.models.delta import load_delta
        from govstance.models.predictor import TransformerPredictor, encoder_for
    except ModuleNotFoundError as error:
        raise GovstanceError(
            f"{folder}: the engine torch needs the package {error.name}, which is not installed. "
            f"Mend it with: pip install {error.name}, or read a folder exported with engine=onnx."
        ) from error
    if value.get("delta_from"):
        model, tokenizer = load_delta(folder, value["delta_from"], cache_folder=cache_folder)
        return TransformerPredictor(model, encoder_for(model, tokenizer, finder), calibration)
    return TransformerPredictor.load(folder, calibration, finder)
