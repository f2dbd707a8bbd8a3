"""How well an order of governments by what they say agrees with the order by what they did.

All figures compare pairs of governments, so they need no threshold. Intervals are a bootstrap over governments: they
tell what hangs on which governments there are.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from govstance.evaluation.uncertainty import DRAWS, bca_interval

STATISTICS = ("auc", "ordinal", "spearman", "kendall")


def rank_agreement(
    scores: Sequence[float], values: Sequence[float], *, seed: int = 0, draws: int = DRAWS
) -> dict[str, Any]:
    """Area under the ROC curve, its ordinal form, and two rank correlations, each with an interval.

    Args:
        scores: (n_governments,) what they say.
        values: (n_governments,) what they did, on the same scale.
        seed: Of the draws.
        draws: Their number.

    Returns:
        n, n_lowest, n_highest; and for `auc` (how often one of the highest value has a higher score than one of the
        lowest, ties half), `ordinal` (the same over all pairs of different values), `spearman` and `kendall` (tau-b):
        value, interval_95. None where nothing can be compared, or, for an interval, where less than half of the draws
        can be.

    Example:
        >>> rank_agreement([-0.9, 0.0, 0.8], [-1, 0, 1])["kendall"]["value"]
        1.0

    Source:
        Hanley and McNeil 1982 (AUC); Harrell et al. 1982 (concordance over ordered values); Kendall 1945 (tau-b);
        Efron 1987, doi:10.1080/01621459.1987.10478410 (BCa intervals).
    """
    said, did = np.asarray(scores, dtype=float), np.asarray(values, dtype=float)
    n = len(said)
    result: dict[str, Any] = {"n": n, "n_lowest": 0, "n_highest": 0}
    if n:
        result |= {"n_lowest": int((did == did.min()).sum()), "n_highest": int((did == did.max()).sum())}
    if n < 2 or did.min() == did.max():
        return result | {name: None for name in STATISTICS}
    weights = np.random.default_rng(seed).multinomial(n, np.full(n, 1.0 / n), size=draws).astype(float)
    points = _statistics(said, did, np.ones((1, n)))
    drawn = _statistics(said, did, weights)
    left_out = _statistics(said, did, 1.0 - np.eye(n))
    for name in STATISTICS:
        value = float(points[name][0])
        values_drawn, values_left = (values[name][~np.isnan(values[name])] for values in (drawn, left_out))
        if np.isnan(value):
            result[name] = None
            continue
        enough = len(values_drawn) >= draws / 2
        interval = None
        if enough:
            low, high = bca_interval(values_drawn, value, values_left)
            # Where draws take few values the corrected ends can lie beyond the value itself.
            interval = [min(low, value), max(high, value)]
        result[name] = {"value": value, "interval_95": interval}
    return result


def _statistics(said: np.ndarray, did: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """The four figures of several draws, each of which holds a government `weights` times; NaN where undefined.

    Args:
        said, did: (n,).
        weights: (draws, n).
    """
    said_sign, did_sign = np.sign(np.subtract.outer(said, said)), np.sign(np.subtract.outer(did, did))
    ends = (did == did.min()) | (did == did.max())
    of_ends = did_sign * np.outer(ends, ends)
    with np.errstate(invalid="ignore", divide="ignore"):
        concordance = _pairs(weights, said_sign * did_sign)
        different = _pairs(weights, np.abs(did_sign))
        said_ranks, did_ranks = weights @ (said_sign.T + 1) / 2, weights @ (did_sign.T + 1) / 2
        return {
            "auc": (_pairs(weights, said_sign * of_ends) / _pairs(weights, np.abs(of_ends)) + 1) / 2,
            "ordinal": (concordance / different + 1) / 2,
            "spearman": _weighted_correlation(said_ranks, did_ranks, weights),
            "kendall": concordance / np.sqrt(_pairs(weights, np.abs(said_sign)) * different),
        }


def _pairs(weights: np.ndarray, of_pair: np.ndarray) -> np.ndarray:
    """Sum over all ordered pairs of a draw; a government and its own copy count, and add nothing."""
    return ((weights @ of_pair) * weights).sum(axis=1)


def _weighted_correlation(first: np.ndarray, second: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Pearson's correlation in each draw, arrays of shape (draws, n)."""
    total = weights.sum(axis=1, keepdims=True)
    first = first - (weights * first).sum(axis=1, keepdims=True) / total
    second = second - (weights * second).sum(axis=1, keepdims=True) / total
    covariance = (weights * first * second).sum(axis=1)
    return covariance / np.sqrt((weights * first**2).sum(axis=1) * (weights * second**2).sum(axis=1))


def disagreement(scores: Sequence[float], values: Sequence[float]) -> np.ndarray:
    """How much of what lowers the ordinal figure each government is part of.

    Args:
        scores, values: As in `rank_agreement`.

    Returns:
        (n_governments,): the share of the governments with another value that its score puts it on the wrong side of,
        ties half; 0 where there are none.

    Example:
        >>> disagreement([0.5, -0.2, -0.8], [-1, 0, 1]).tolist()
        [1.0, 1.0, 1.0]
    """
    said, did = np.asarray(scores, dtype=float), np.asarray(values, dtype=float)
    said_sign, did_sign = np.sign(np.subtract.outer(said, said)), np.sign(np.subtract.outer(did, did))
    others = np.abs(did_sign).sum(axis=1)
    wrong = (np.abs(did_sign) - said_sign * did_sign).sum(axis=1) / 2
    return wrong / np.maximum(others, 1)
