"""The figures of one system on one set of rows, as metrics.json holds them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from govstance.evaluation.metric import StanceMetric
from govstance.evaluation.reliability import expected_calibration_error, reliability_scores
from govstance.evaluation.scores import confusion
from govstance.evaluation.selective import selective_scores
from govstance.evaluation.slices import slice_scores
from govstance.evaluation.uncertainty import mean_macro_f1_interval
from govstance.schema import STANCES, Row

NOT_ANNOTATED = -1
# Which per-target figures are averaged over targets for the headline.
AVERAGED = ("macro_f1", "macro_f1_supported", "f_avg", "accuracy")


def gold_indices(rows: Sequence[Row], target_ids: Sequence[str]) -> np.ndarray:
    """Gold stances as indices into STANCES, NOT_ANNOTATED where null; shape (n_rows, n_targets)."""
    return np.array(
        [
            [NOT_ANNOTATED if row.labels.get(target) is None else STANCES.index(str(row.labels[target]))
             for target in target_ids]
            for row in rows
        ]
    )  # fmt: skip


def system_scores(
    gold: np.ndarray, probabilities: np.ndarray, groups: Sequence[str], target_ids: Sequence[str]
) -> dict[str, Any]:
    """Scores of one system.

    Args:
        gold: From `gold_indices`; at least one target has a label.
        probabilities: (n_rows, n_targets, n_stances).
        groups: (n_rows,) document ids, which the interval clusters by.
        target_ids: Targets in the order of the second axis.

    Returns:
        Per target the figures of `StanceMetric` with confusion counts, calibration error and the 95 % interval of
        macro-F1; their means over the targets that have labels; the 95 % interval of the mean macro-F1.
    """
    predicted = probabilities.argmax(axis=-1)
    annotated = [index for index in range(len(target_ids)) if (gold[:, index] != NOT_ANNOTATED).any()]
    targets = {}
    for index in annotated:
        scores = _target_scores(gold[:, index], predicted[:, index], probabilities[:, index])
        only = [index]
        scores["macro_f1_interval_95"] = list(
            mean_macro_f1_interval(gold[:, only], predicted[:, only], groups, n_stances=len(STANCES))
        )
        targets[target_ids[index]] = scores
    means = {}
    for name in AVERAGED:
        values = [scores[name] for scores in targets.values() if scores[name] is not None]
        means[name] = float(np.mean(values)) if values else None
    low, high = mean_macro_f1_interval(gold[:, annotated], predicted[:, annotated], groups, n_stances=len(STANCES))
    return {"mean": means, "macro_f1_interval_95": [low, high], "targets": targets}


def model_details(
    rows: Sequence[Row],
    gold: np.ndarray,
    probabilities: np.ndarray,
    target_ids: Sequence[str],
    thresholds: Mapping[str, Mapping[str, float | None]] | None,
) -> dict[str, Any]:
    """What is said of the model beyond its scores, and not of the baselines.

    Args:
        rows, gold, probabilities, target_ids: As in `system_scores`.
        thresholds: As in `selective_scores`.

    Returns:
        `reliability` per target, `selective` (risk and coverage) and `slices`.
    """
    groups = np.array([row.group for row in rows], dtype=object)
    reliability = {}
    for index, target in enumerate(target_ids):
        known = gold[:, index] != NOT_ANNOTATED
        if known.any():
            reliability[target] = reliability_scores(probabilities[known, index], gold[known, index], groups[known])
    return {
        "reliability": reliability,
        "selective": selective_scores(gold, probabilities, target_ids, thresholds),
        "slices": slice_scores(rows, gold, probabilities.argmax(axis=-1)),
    }


def _target_scores(gold: np.ndarray, predicted: np.ndarray, probabilities: np.ndarray) -> dict[str, Any]:
    known = gold != NOT_ANNOTATED
    references = [STANCES[index] for index in gold[known]]
    predictions = [STANCES[index] for index in predicted[known]]
    scores: dict[str, Any] = StanceMetric().compute(predictions=predictions, references=references)
    scores["expected_calibration_error"] = expected_calibration_error(probabilities[known], gold[known])
    scores["confusion"] = confusion(references, predictions).tolist()
    return scores


def prediction_records(
    rows: Sequence[Row],
    probabilities: np.ndarray,
    target_ids: Sequence[str],
    others: Mapping[str, np.ndarray] | None = None,
) -> list[dict[str, Any]]:
    """One object per row and target for predictions.jsonl; `gold` is null where not annotated.

    Args:
        rows, probabilities, target_ids: As in `system_scores`.
        others: What else was answered, so that every score can be found again: name -> (n_rows, n_targets) stance
            indices, -1 where it was not asked. Baselines, and the model on renamed governments.
    """
    records = []
    for number, (row, row_probabilities) in enumerate(zip(rows, probabilities, strict=True)):
        for index, (target, values) in enumerate(zip(target_ids, row_probabilities, strict=True)):
            records.append(
                {
                    "id": row.id,
                    "group": row.group,
                    "government": row.government,
                    "lang": row.lang,
                    "role": row.role,
                    "target": target,
                    "gold": row.labels.get(target),
                    "predicted": STANCES[int(values.argmax())],
                    "probabilities": {
                        stance: round(float(value), 6) for stance, value in zip(STANCES, values, strict=True)
                    },
                    "others": {
                        name: STANCES[answers[number, index]]
                        for name, answers in (others or {}).items()
                        if answers[number, index] >= 0
                    },
                }
            )
    return records
