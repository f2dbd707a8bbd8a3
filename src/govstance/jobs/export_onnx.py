"""Exports a model for ONNX Runtime, and lets it pass only if it answers like the model it was made from."""

import hashlib
import logging
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from govstance.actors.finder import MentionFinder
from govstance.actors.names import government_name
from govstance.apply_config import ExportConfig, ParityConfig
from govstance.corpus.reader import read_rows
from govstance.corpus.splits import in_split, with_splits
from govstance.errors import GovstanceError, ModelFolderError
from govstance.evaluation.parity import Parity, parity, parity_lines
from govstance.evaluation.results import NOT_ANNOTATED, gold_indices
from govstance.files import expand_patterns, write_json
from govstance.models.encoding import government_query
from govstance.models.folder import LoadedModel, save_model
from govstance.models.onnx_export import write_onnx
from govstance.models.onnx_predictor import FP32_FILE, INT8_FILE, PARITY_FILE, OnnxPredictor
from govstance.models.predictor import TransformerPredictor
from govstance.schema import Row, government_codes

RANGE_ROWS = 200  # enough to see which channels of a layer's input hold large values

logger = logging.getLogger(__name__)


def export_onnx(config: ExportConfig, model: LoadedModel, finder: MentionFinder) -> list[str]:
    """Writes `model` for ONNX Runtime to `config.output`; the folder is written once the gate is passed.

    Args:
        config: With engine=onnx.
        model: In its own engine.
        finder: Of mentions of governments.

    Returns:
        A line for each engine that was compared.

    Raises:
        ModelFolderError: The model is a baseline or an export already.
        GovstanceError: A package is missing, there are no rows to compare on, or the gate is not passed.
    """
    predictor = model.predictor
    if not isinstance(predictor, TransformerPredictor):
        raise ModelFolderError(
            f"{model.folder}: expected a trained transformer, found {model.kind} in the engine {model.engine}; "
            "export from the run folder."
        )
    rows = sample_of_rows(config.parity, predictor.target_ids)
    texts = None
    if config.trim_vocabulary:
        files = expand_patterns(config.vocabulary_files, option="vocabulary_files")
        texts = vocabulary_texts(read_rows(files, predictor.target_ids), predictor.encoder.passage_prefix)
    with tempfile.TemporaryDirectory(prefix="govstance-export-") as working_name:
        working = Path(working_name)
        n_pieces = write_onnx(working, predictor, vocabulary_texts=texts, range_rows=rows[:RANGE_ROWS])
        reference = predictor.predict_probabilities(rows)
        found = {}
        for engine, name in (("fp32", FP32_FILE), ("int8", INT8_FILE)):
            exported = OnnxPredictor.load(working, predictor.calibration, finder, file_name=name)
            found[engine] = parity(
                gold_indices(rows, predictor.target_ids), reference, exported.predict_probabilities(rows)
            )
        check_parity(found, rows, predictor.target_ids, config.parity)
        comparison = parity_to_json(found, rows, predictor.target_ids, n_pieces)
        write_json(working / PARITY_FILE, comparison)
        if not config.keep_fp32:
            (working / FP32_FILE).unlink()
        save_model(
            Path(config.output),
            kind=model.kind,
            name=model.name,
            predictor=exported,
            targets=model.targets,
            baselines={name: model.baselines[name] for name in config.baselines},
            training_data=model.training_data,
        )
    return parity_lines(comparison)


def sample_of_rows(config: ParityConfig, target_ids: Sequence[str]) -> list[Row]:
    """Dev rows to compare on: those whose ids have the lowest hashes, so the same ones each time.

    Raises:
        GovstanceError: There is no dev row, or none with a label.
    """
    rows = in_split(with_splits(read_rows(expand_patterns(config.files, option="parity.files"), target_ids)), "dev")
    chosen = sorted(rows, key=lambda row: hashlib.sha256(row.id.encode()).digest())[: config.n_rows]
    if not chosen or (gold_indices(chosen, target_ids) == NOT_ANNOTATED).all():
        raise GovstanceError(
            f"parity.files, parity.n_rows={config.n_rows}: expected dev rows with a label for a target of the model "
            f"({', '.join(target_ids)}); found none."
        )
    return chosen


def vocabulary_texts(rows: Sequence[Row], prefix: str) -> list[str]:
    """What a trimmed vocabulary must still hold: the texts, and all governments named in all their languages."""
    names = {
        government_name(government, lang) for lang in {row.lang for row in rows} for government in government_codes()
    }
    queries = {government_query(row) for row in rows} | names | {f"speaker: {name}" for name in names}
    return sorted({prefix + row.text for row in rows} | queries)


def check_parity(
    found: Mapping[str, Parity], rows: Sequence[Row], target_ids: Sequence[str], config: ParityConfig
) -> None:
    """Lets answers pass that are near enough.

    Args:
        found: Engine, fp32 or int8 -> its comparison with the trained model.
        rows, target_ids: What was compared.
        config: The limits.

    Raises:
        GovstanceError: One of them is not, with the row and target where it is worst.
    """
    fp32, int8 = found["fp32"], found["int8"]
    problem = None
    if fp32.largest_difference > config.max_fp32_difference:
        problem = (
            f"the fp32 graph: expected probabilities within {config.max_fp32_difference:g} of the trained model's, "
            f"found a difference of {fp32.largest_difference:.4f} at {_named(fp32.largest_at, rows, target_ids)}. "
            "This is a defect of the export, not of a limit"
        )
    elif int8.flip_share > config.max_int8_flips:
        problem = (
            f"the int8 graph: expected at most {config.max_int8_flips:.1%} of the answers to change, found "
            f"{int8.flip_share:.1%}, the worst at {_named(int8.worst_flip or int8.largest_at, rows, target_ids)}. "
            "parity.max_int8_flips sets the limit"
        )
    elif int8.reference_macro_f1 - int8.macro_f1 > config.max_int8_f1_loss:
        problem = (
            f"the int8 graph: expected a macro-F1 at most {config.max_int8_f1_loss:g} below the trained model's "
            f"{int8.reference_macro_f1:.3f}, found {int8.macro_f1:.3f}; the largest difference is at "
            f"{_named(int8.largest_at, rows, target_ids)}. parity.max_int8_f1_loss sets the limit"
        )
    if problem:
        raise GovstanceError(f"{problem}; {len(rows)} rows compared, nothing was written.")


def _named(place: tuple[int, int], rows: Sequence[Row], target_ids: Sequence[str]) -> str:
    row, target = place
    return f"row {rows[row].id!r}, target {target_ids[target]}"


def parity_to_json(
    found: Mapping[str, Parity], rows: Sequence[Row], target_ids: Sequence[str], n_pieces: int
) -> dict[str, Any]:
    """The comparison as parity.json holds it, row ids in place of positions."""
    ids = hashlib.sha256("\n".join(row.id for row in rows).encode()).hexdigest()
    engines = {}
    for engine, values in found.items():
        value: dict[str, Any] = {name: round(v, 6) if isinstance(v, float) else v for name, v in asdict(values).items()}
        for name in ("largest_at", "worst_flip"):
            place = value[name]
            value[name] = place and {"row": rows[place[0]].id, "target": target_ids[place[1]]}
        engines[engine] = value
    return {"n_rows": len(rows), "row_ids_sha256": ids, "n_vocabulary_pieces": n_pieces, "engines": engines}
