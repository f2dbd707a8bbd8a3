"""Writes a trained model small enough to pass on: as its difference from its backbone, or for ONNX Runtime."""

from pathlib import Path

from govstance import __version__
from govstance.actors.gazetteer import gazetteer_version
from govstance.apply_config import ExportConfig
from govstance.errors import GovstanceError
from govstance.files import read_json, write_text
from govstance.jobs.evaluate import METRICS_FILE
from govstance.jobs.places import cache_folder, mention_finder, model_of
from govstance.models.folder import DESCRIPTION_FILE, ENGINES, ONNX, LoadedModel, save_model
from govstance.reporting.model_card import model_card

CARD_FILE = "README.md"


def run_export(config: ExportConfig) -> list[str]:
    """Exports `config.model` to `config.output`.

    Args:
        config: As composed from configs/apply/export.yaml.

    Returns:
        Lines to be printed: the comparison of engine=onnx with the model, where its card lies, size and place of the
        folder.

    Raises:
        ModelFolderError: There is no whole model, it is a baseline, or it was trained from another backbone.
        GovstanceError: A model lies in the output folder already, a baseline is not in the model folder, or an
            export for ONNX Runtime answers otherwise than the model.
    """
    if config.engine not in ENGINES:
        raise GovstanceError(f"engine: expected one of {', '.join(ENGINES)}; found {config.engine!r}.")
    output = Path(config.output)
    if (output / DESCRIPTION_FILE).exists() and not config.overwrite:
        raise GovstanceError(f"output: {output} holds a model; choose another folder or add overwrite=true.")
    finder = mention_finder(config.paths)
    model = model_of(config.model, config.paths, finder)
    unknown = set(config.baselines) - set(model.baselines)
    if unknown:
        raise GovstanceError(
            f"baselines: expected some of {', '.join(model.baselines) or 'none'}; found {', '.join(sorted(unknown))}."
        )
    comparison: list[str] = []
    if config.engine == ONNX:
        from govstance.jobs.export_onnx import export_onnx  # needs the packages of the extra `onnx`

        comparison = export_onnx(config, model, finder)
    else:
        save_model(
            output,
            kind=model.kind,
            name=model.name,
            predictor=model.predictor,
            targets=model.targets,
            baselines={name: model.baselines[name] for name in config.baselines},
            training_data=model.training_data,
            delta_from=config.delta_from,
            cache_folder=cache_folder(config.paths),
        )
    card = _write_card(output, model, config)
    n_bytes = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    return [*comparison, card, f"{n_bytes / 1e6:.1f} MB: {output}"]


def _write_card(output: Path, model: LoadedModel, config: ExportConfig) -> str:
    """Writes README.md, the model card; one that lies there, perhaps written by hand, is left alone."""
    path = output / CARD_FILE
    if path.exists():
        return f"model card: {path} is left as it was"
    metrics = model.folder.parent / METRICS_FILE
    text = model_card(
        name=model.name,
        engine=config.engine,
        backbone=config.delta_from,
        targets=model.targets,
        training_data=model.training_data,
        metrics=read_json(metrics) if metrics.is_file() else None,
        gazetteer=gazetteer_version(Path(config.paths.data) / "actors"),
        version=__version__,
    )
    write_text(path, text)
    return f"model card: {path}"
