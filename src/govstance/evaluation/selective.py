"""What a system is worth when it may abstain: risk against coverage, and the threshold for a wanted risk.

The confidence of an answer is its highest probability. Answers are kept from the surest down; coverage is the share
kept, risk the share of wrong answers among them. Never looks at models or texts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from govstance.evaluation.scores import macro_f1_of_confusions
from govstance.schema import STANCES

# The shares of wrong answers that a threshold is fitted for; `predict abstain=` takes one of them.
WANTED_RISKS = (0.02, 0.05, 0.10, 0.20)
# A threshold that keeps fewer dev rows than this would rest on luck: one error in 50 is the smallest wanted risk.
MIN_KEPT = 50
# Points of the curve that metrics.json keeps.
COVERAGES = tuple(step / 10 for step in range(1, 11))


@dataclass(frozen=True)
class RiskCoverage:
    """A risk-coverage curve; position i keeps all answers at least as sure as thresholds[i].

    Attributes:
        thresholds: (n_points,), falling; one point a different confidence.
        coverage, risk: (n_points,), shares in [0, 1].
        macro_f1: (n_points,), of the answers kept.
        n_kept: (n_points,), rows.
    """

    thresholds: np.ndarray
    coverage: np.ndarray
    risk: np.ndarray
    macro_f1: np.ndarray
    n_kept: np.ndarray

    @property
    def area(self) -> float:
        """AURC: the mean risk over coverages, each step as wide as what it adds; an error, lower is better."""
        return float(self.risk @ np.diff(self.coverage, prepend=0.0))


def risk_coverage(probabilities: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None) -> RiskCoverage:
    """The curve of one set of answers; equally sure answers are kept or left together.

    Args:
        probabilities: (n_rows, n_stances), at least one row.
        labels: (n_rows,) stance indices.
        weights: (n_rows,), what each row counts; None: 1.

    Source:
        El-Yaniv and Wiener 2010, On the foundations of noise-free selective classification; Geifman and El-Yaniv 2017,
        Selective classification for deep neural networks.

    Example:
        >>> curve = risk_coverage(np.array([[0.9, 0.1], [0.6, 0.4]]), np.array([0, 1]))
        >>> curve.risk.tolist(), curve.area
        ([0.0, 0.5], 0.25)
    """
    weights = np.ones(len(labels)) if weights is None else weights
    confidence = probabilities.max(axis=1)
    order = np.argsort(-confidence, kind="stable")
    counts = np.zeros((len(labels), len(STANCES), len(STANCES)))
    predicted = probabilities.argmax(axis=1)
    counts[np.arange(len(labels)), labels[order], predicted[order]] = weights[order]
    last_of_ties = np.append(np.diff(confidence[order]) != 0, True)
    counts = counts.cumsum(axis=0)[last_of_ties]
    kept = counts.sum(axis=(1, 2))
    return RiskCoverage(
        thresholds=confidence[order][last_of_ties],
        coverage=kept / weights.sum(),
        risk=(kept - np.trace(counts, axis1=1, axis2=2)) / kept,
        macro_f1=macro_f1_of_confusions(counts),
        n_kept=np.flatnonzero(last_of_ties) + 1,
    )


def threshold_for_risk(curve: RiskCoverage, wanted_risk: float) -> float | None:
    """The lowest threshold whose risk is at most the wanted one, so that as much as possible is answered.

    Returns:
        A confidence; None where no threshold that keeps at least 50 rows reaches the wanted risk.
    """
    reached = np.flatnonzero((curve.risk <= wanted_risk) & (curve.n_kept >= MIN_KEPT))
    return float(curve.thresholds[reached[-1]]) if len(reached) else None


def selective_scores(
    gold: np.ndarray,
    probabilities: np.ndarray,
    target_ids: Sequence[str],
    thresholds: Mapping[str, Mapping[str, float | None]] | None,
) -> dict[str, Any]:
    """Curve, area and what the thresholds fitted on dev keep, per target and over all answers together (`pooled`).

    Args:
        gold: (n_rows, n_targets) stance indices, -1 where not annotated.
        probabilities: (n_rows, n_targets, n_stances).
        target_ids: Targets in the order of the second axis.
        thresholds: Target id -> wanted risk as text -> confidence, as a calibration holds them; None: none are known.
    """
    known = gold >= 0
    result: dict[str, Any] = {"pooled": _curve_figures(risk_coverage(probabilities[known], gold[known]))}
    for index, target in enumerate(target_ids):
        rows = known[:, index]
        if not rows.any():
            continue
        curve = risk_coverage(probabilities[rows, index], gold[rows, index])
        result[target] = _curve_figures(curve)
        if thresholds is not None and target in thresholds:
            result[target]["at_thresholds"] = {
                risk: _at_threshold(probabilities[rows, index], gold[rows, index], threshold)
                for risk, threshold in thresholds[target].items()
            }
    return result


def _curve_figures(curve: RiskCoverage) -> dict[str, Any]:
    points = np.minimum(np.searchsorted(curve.coverage, COVERAGES, side="left"), len(curve.coverage) - 1)
    return {
        "aurc": curve.area,
        "curve": [
            {name: float(getattr(curve, field)[point]) for name, field in _POINT_FIELDS.items()} for point in points
        ],
    }


_POINT_FIELDS = {"coverage": "coverage", "risk": "risk", "macro_f1": "macro_f1", "threshold": "thresholds"}


def _at_threshold(probabilities: np.ndarray, gold: np.ndarray, threshold: float | None) -> dict[str, float | None]:
    """What a threshold keeps; `risk_of_positions` counts only answers that state a position, which people look at."""
    kept = probabilities.max(axis=1) >= (np.inf if threshold is None else threshold)
    predicted = probabilities.argmax(axis=1)
    wrong = predicted != gold
    positions = kept & (predicted != STANCES.index("none"))
    counts = np.zeros((len(STANCES), len(STANCES)))
    np.add.at(counts, (gold[kept], predicted[kept]), 1)
    return {
        "threshold": threshold,
        "coverage": float(kept.mean()),
        "risk": float(wrong[kept].mean()) if kept.any() else None,
        "macro_f1": float(macro_f1_of_confusions(counts)) if kept.any() else None,
        "risk_of_positions": float(wrong[positions].mean()) if positions.any() else None,
    }
