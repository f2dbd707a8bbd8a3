"""Confidence intervals by the bootstrap, clustered by document.

Rows of one document share its text and its author, so whole documents are drawn, never single rows.
"""

from collections.abc import Sequence

import numpy as np
from scipy import stats

from govstance.evaluation.scores import macro_f1_of_confusions

DRAWS = 1000
LEVEL = 0.95


def mean_macro_f1_interval(
    gold: np.ndarray,
    predicted: np.ndarray,
    groups: Sequence[str],
    *,
    n_stances: int,
    seed: int = 0,
    draws: int = DRAWS,
) -> tuple[float, float]:
    """Percentile interval of the mean over targets of macro-F1.

    Args:
        gold, predicted: (n_rows, n_targets) stance indices; gold -1 where not annotated.
        groups: (n_rows,) document ids.
        n_stances: Number of stances.
        seed: Of the draws.
        draws: Their number.

    Returns:
        (low, high) of the central 95 %.

    Source:
        Efron and Tibshirani 1993, An Introduction to the Bootstrap, ch. 13; clusters: Field and Welsh 2007.
    """
    per_group = confusions_by_group(gold, predicted, groups, n_stances)
    counts = drawn_sums(per_group, draws=draws, seed=seed)
    return central_interval(macro_f1_of_confusions(counts).mean(axis=-1))


def drawn_sums(per_group: np.ndarray, *, draws: int, seed: int) -> np.ndarray:
    """Sums over as many documents as there are, drawn with replacement.

    Args:
        per_group: (n_groups, ...), what each document adds.
        draws: How often they are drawn.
        seed: Of the draws.

    Returns:
        (draws, ...).
    """
    n_groups = len(per_group)
    weights = np.random.default_rng(seed).multinomial(n_groups, np.full(n_groups, 1.0 / n_groups), size=draws)
    return (weights @ per_group.reshape(n_groups, -1)).reshape(draws, *per_group.shape[1:])


def central_interval(values: np.ndarray) -> tuple[float, float]:
    """(low, high) of the central 95 % of drawn values, shape (draws,)."""
    tail = (1.0 - LEVEL) / 2
    low, high = np.quantile(values, [tail, 1.0 - tail])
    return float(low), float(high)


def bca_interval(values: np.ndarray, estimate: float, left_out: np.ndarray) -> tuple[float, float]:
    """The interval of drawn values, set right for their bias and skewness, which tell where documents are few.

    Args:
        values: (draws,), drawn with replacement.
        estimate: From all documents.
        left_out: (n_documents,), from all but one each; of those that have no figure, none: empty, nothing tells the
            skewness.

    Source:
        Efron 1987, Better bootstrap confidence intervals, doi:10.1080/01621459.1987.10478410 (BCa).
    """
    below = np.clip(np.mean(values < estimate), 1 / len(values), 1 - 1 / len(values))
    bias = stats.norm.ppf(below)
    deviations = left_out.mean() - left_out if len(left_out) else np.zeros(1)
    spread = np.square(deviations).sum()
    acceleration = 0.0 if spread == 0 else (deviations**3).sum() / (6 * spread**1.5)
    ends = bias + stats.norm.ppf([(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    low, high = np.quantile(values, stats.norm.cdf(bias + ends / (1 - acceleration * ends)))
    return float(low), float(high)


def confusions_by_group(gold: np.ndarray, predicted: np.ndarray, groups: Sequence[str], n_stances: int) -> np.ndarray:
    """Confusion counts of each document.

    Returns:
        (n_groups, n_targets, n_stances, n_stances), gold by predicted.
    """
    names, group_index = np.unique(np.asarray(groups, dtype=object), return_inverse=True)
    n_targets = gold.shape[1]
    counts = np.zeros((len(names), n_targets, n_stances, n_stances))
    for target in range(n_targets):
        known = gold[:, target] >= 0
        places = (group_index[known], np.full(known.sum(), target), gold[known, target], predicted[known, target])
        np.add.at(counts, places, 1)
    return counts
