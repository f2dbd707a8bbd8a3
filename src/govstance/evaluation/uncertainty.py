"""Confidence intervals by the bootstrap, clustered by document.

Rows of one document share its text and its author, so whole documents are drawn, never single rows.
"""

from collections.abc import Sequence

import numpy as np

from govstance.evaluation.scores import macro_f1_of_confusions

DRAWS = 1000
LEVEL = 0.95


def mean_macro_f1_interval(
    gold: np.ndarray, predicted: np.ndarray, groups: Sequence[str], *, n_stances: int, seed: int = 0
) -> tuple[float, float]:
    """Percentile interval of the mean over targets of macro-F1.

    Args:
        gold, predicted: (n_rows, n_targets) stance indices; gold -1 where not annotated.
        groups: (n_rows,) document ids.
        n_stances: Number of stances.
        seed: Of the draws.

    Returns:
        (low, high) of the central 95 %.

    Source:
        Efron and Tibshirani 1993, An Introduction to the Bootstrap, ch. 13; clusters: Field and Welsh 2007.
    """
    per_group = confusions_by_group(gold, predicted, groups, n_stances)
    generator = np.random.default_rng(seed)
    n_groups = len(per_group)
    weights = generator.multinomial(n_groups, np.full(n_groups, 1.0 / n_groups), size=DRAWS)
    flat = per_group.reshape(n_groups, -1)
    counts = (weights @ flat).reshape(DRAWS, *per_group.shape[1:])
    scores = macro_f1_of_confusions(counts).mean(axis=-1)
    tail = (1.0 - LEVEL) / 2
    low, high = np.quantile(scores, [tail, 1.0 - tail])
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
