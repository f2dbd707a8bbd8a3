"""Scores a saved model on labelled rows and writes metrics.json, predictions.jsonl, report.md and report.html."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from govstance.actors.finder import MentionFinder
from govstance.apply_config import EvaluateConfig
from govstance.corpus.reader import read_rows
from govstance.corpus.splits import in_split, with_splits
from govstance.errors import GovstanceError
from govstance.evaluation.probes import name_probe
from govstance.evaluation.results import NOT_ANNOTATED, gold_indices, model_details, prediction_records, system_scores
from govstance.files import expand_patterns, write_json, write_jsonl, write_text
from govstance.jobs.pages import REPORT_FILE, write_page
from govstance.jobs.places import BUILTIN, mention_finder, model_of
from govstance.jobs.reading_list import rows_to_read
from govstance.models.folder import LoadedModel
from govstance.models.onnx_predictor import OnnxPredictor
from govstance.models.predictor import TransformerPredictor
from govstance.progress import progress
from govstance.reporting.tables import report_markdown
from govstance.schema import SPLITS, STANCES, Row
from govstance.threads import use_threads
from govstance.training.run_folder import beginning, data_fingerprints, write_provenance

logger = logging.getLogger(__name__)

METRICS_SCHEMA_VERSION = 1
PROBE_ROWS = 400  # enough for a point of macro-F1, few enough to be read three times in half a minute
METRICS_FILE = "metrics.json"
PREDICTIONS_FILE = "predictions.jsonl"


def run_evaluation(config: EvaluateConfig, run_folder: Path) -> dict[str, Any]:
    """Scores `config.model` on `config.corpus.files`.

    Returns:
        The metrics, as metrics.json holds them.

    Raises:
        ModelFolderError: There is no whole model.
        BadRowsError: The rows break the format.
        GovstanceError: No row carries a label for a target of the model.
    """
    started = beginning()
    use_threads(config.threads)
    if config.split is not None and config.split not in SPLITS:
        raise GovstanceError(f"split: expected one of {', '.join(SPLITS)} or null; found {config.split!r}.")
    files = expand_patterns(config.corpus.files, option="corpus.files")
    model = model_of(config.model, config.paths, mention_finder(config.paths))
    rows = read_rows(files, model.predictor.target_ids)
    if config.split is not None:
        rows = in_split(with_splits(rows), config.split)
    data = data_fingerprints(files)
    notes = _training_row_notes(model, data, config.split)
    for note in notes:
        logger.warning("%s", note)
    finder = mention_finder(config.paths)
    metrics = score_model(model, rows, data=data, split=config.split, run_folder=run_folder, finder=finder, notes=notes)
    scored = BUILTIN if config.model == BUILTIN else str(Path(config.model).resolve())
    write_provenance(run_folder, seed=None, data=data, started=started, model=scored)
    write_page(run_folder, metrics, rows, run_folder=run_folder)
    return metrics


def _training_row_notes(model: LoadedModel, data: list[dict[str, str]], split: str | None) -> list[str]:
    trained_on = {item["sha256"] for item in model.training_data}
    known = [item["path"] for item in data if item["sha256"] in trained_on]
    if not known or split == "test":
        return []
    return [
        f"the model was trained on the train rows of {len(known)} of these files ({known[0]}, ...) and calibrated on "
        "their dev rows: add split=test for a score that means something"
    ]


def score_model(
    model: LoadedModel,
    rows: Sequence[Row],
    *,
    data: list[dict[str, str]],
    split: str | None,
    run_folder: Path,
    finder: MentionFinder,
    training: dict[str, Any] | None = None,
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """Scores a model and its baselines on the same rows and writes metrics, predictions and report.md.

    Args:
        model: Loaded model with its baselines.
        rows: Labelled rows.
        data: Path and sha256 of the files they come from.
        split: Which split they are, if one.
        run_folder: Receives the files.
        finder: Of mentions, for the probe of names.
        training: What training cost, where this is a training run.
        notes: What a reader must know to believe the scores.
    """
    target_ids = model.predictor.target_ids
    gold = _gold(rows, target_ids)
    groups = [row.group for row in rows]
    probabilities = predicted(model, rows, "scoring")
    systems = {model.name: system_scores(gold, probabilities, groups, target_ids)}
    others = {}
    for name, baseline in model.baselines.items():
        of_baseline = baseline.predict_probabilities(rows)
        systems[name] = system_scores(gold, of_baseline, groups, target_ids)
        others[name] = of_baseline.argmax(axis=-1)
    probe, under_other_names = _name_probe_scores(model, rows, finder)
    metrics = {
        "schema_version": METRICS_SCHEMA_VERSION,
        "data": {
            "files": data,
            "split": split,
            "n_rows": len(rows),
            "n_documents": len(set(groups)),
            "languages": sorted({row.lang for row in rows}),
        },
        "notes": list(notes),
        "targets": [target.to_json() for target in model.targets],
        "systems": systems,
        **model_details(rows, gold, probabilities, target_ids, model.thresholds),
        "probes": {"name": probe},
        **rows_to_read(model, rows, gold, probabilities, finder),
        "training": training,
    }
    write_jsonl(
        run_folder / PREDICTIONS_FILE, prediction_records(rows, probabilities, target_ids, others | under_other_names)
    )
    write_text(run_folder / REPORT_FILE, report_markdown(metrics))
    write_json(run_folder / METRICS_FILE, metrics)
    return metrics


def _gold(rows: Sequence[Row], target_ids: Sequence[str]) -> np.ndarray:
    """Labels to score against, (n_rows, n_targets); a mistake of the caller's where there is not one."""
    gold = gold_indices(rows, target_ids)
    if (gold == NOT_ANNOTATED).all():
        raise GovstanceError(
            f"none of the {len(rows)} rows has a label for a target of the model ({', '.join(target_ids)}): "
            "nothing can be scored."
        )
    return gold


def predicted(model: LoadedModel, rows: Sequence[Row], doing: str) -> np.ndarray:
    """Probabilities, (n_rows, n_targets, n_stances), with a bar where there is something to wait for."""
    if not rows:
        return np.zeros((0, len(model.predictor.target_ids), len(STANCES)))
    if not isinstance(model.predictor, TransformerPredictor | OnnxPredictor):
        return model.predictor.predict_probabilities(rows)
    with progress(doing, total=len(rows), unit="row") as advance:
        return model.predictor.predict_probabilities(rows, advance)


def _name_probe_scores(
    model: LoadedModel, rows: Sequence[Row], finder: MentionFinder
) -> tuple[dict[str, Any] | None, dict[str, np.ndarray]]:
    """Scores of the same rows as written, masked and swapped; None where no row can be renamed and scored.

    The second value is what was answered under the other names: name -> (n_rows, n_targets), -1 where it was not asked.
    """
    target_ids = model.predictor.target_ids
    probe = name_probe(rows, finder, n_rows=PROBE_ROWS)
    gold = gold_indices(probe.as_written, target_ids) if probe.as_written else np.full((0, 1), NOT_ANNOTATED)
    if (gold == NOT_ANNOTATED).all():
        return None, {}
    groups = [row.group for row in probe.as_written]
    position = {row.id: index for index, row in enumerate(rows)}
    chosen = [position[row.id] for row in probe.as_written]
    scores: dict[str, Any] = {"n_rows": len(groups)}
    answers = {}
    for name, changed in (("as_written", probe.as_written), ("masked", probe.masked), ("swapped", probe.swapped)):
        probabilities = model.predictor.predict_probabilities(changed)
        scores[name] = system_scores(gold, probabilities, groups, target_ids)
        if name != "as_written":
            answers[f"name_{name}"] = np.full((len(rows), len(target_ids)), NOT_ANNOTATED)
            answers[f"name_{name}"][chosen] = probabilities.argmax(axis=-1)
    return scores, answers
