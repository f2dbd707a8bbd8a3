"""Scores of predicted stances, from label arrays alone.

macro-F1 always runs over the same ordered stances, so a stance that nobody predicted counts as 0 and the
number keeps its meaning from one data set to the next.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from govstance.schema import STANCES

# A stance with fewer rows than this says more about chance than about the model; `macro_f1_supported`
# leaves it out.
MIN_SUPPORT = 5


def confusion(gold: Sequence[str], predicted: Sequence[str]) -> np.ndarray:
    """Counts by gold (rows) and predicted (columns) stance, shape (n_stances, n_stances).

    Example:
        >>> confusion(["favor", "none"], ["favor", "favor"])[0].tolist()
        [1, 0, 0, 0]
    """
    return confusion_matrix(gold, predicted, labels=list(STANCES))


def stance_scores(gold: Sequence[str], predicted: Sequence[str]) -> dict[str, Any]:
    """Scores of one target.

    Args:
        gold, predicted: Stances of the same rows, in the same order; at least one.

    Returns:
        `macro_f1` over the four stances; `macro_f1_supported` over those with at least 5 gold rows;
        `f_favor`, `f_against` and their mean `f_avg` (Mohammad et al. 2016, SemEval-2016 Task 6);
        `accuracy`; `support`; and precision, recall, f1 and support `per_stance`.

    Example:
        >>> stance_scores(["favor", "against"], ["favor", "favor"])["accuracy"]
        0.5
    """
    labels = list(STANCES)
    precision, recall, f1, support = precision_recall_fscore_support(gold, predicted, labels=labels, zero_division=0.0)
    supported = support >= MIN_SUPPORT
    f_favor, f_against = float(f1[0]), float(f1[1])
    return {
        "macro_f1": float(np.mean(f1)),
        "macro_f1_supported": float(np.mean(f1[supported])) if supported.any() else None,
        "f_favor": f_favor,
        "f_against": f_against,
        "f_avg": (f_favor + f_against) / 2,
        "accuracy": float(np.mean(np.asarray(gold) == np.asarray(predicted))),
        "support": len(gold),
        "per_stance": {
            stance: {
                "precision": float(precision[index]),
                "recall": float(recall[index]),
                "f1": float(f1[index]),
                "support": int(support[index]),
            }
            for index, stance in enumerate(labels)
        },
    }


def macro_f1_of_confusions(counts: np.ndarray) -> np.ndarray:
    """macro-F1 straight from confusion counts, for many draws at once.

    Args:
        counts: (..., n_stances, n_stances), gold by predicted.

    Returns:
        (...,): mean over stances of 2 TP / (gold + predicted), 0 where a stance occurs in neither.
    """
    true_positives = np.diagonal(counts, axis1=-2, axis2=-1)
    total = counts.sum(axis=-1) + counts.sum(axis=-2)
    f1 = np.divide(2.0 * true_positives, total, out=np.zeros(total.shape), where=total > 0)
    return f1.mean(axis=-1)
