"""Whether probabilities mean what they say: reliability by bins of confidence, and how sure one can be of the error.

The expected calibration error is never negative, so on few rows it is above 0 for the best calibrated system too. It
stands beside what such a system would show on the same rows, and beside an interval by documents.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from govstance.evaluation.uncertainty import central_interval, drawn_sums

N_BINS = 15
DRAWS = 300  # a third digit is not needed


def confidence_bins(confidence: np.ndarray) -> np.ndarray:
    """The bin of equal width, 0 to 14, that each confidence (n_rows,) falls into."""
    return np.minimum((confidence * N_BINS).astype(int), N_BINS - 1)


def expected_calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean gap between confidence and accuracy, weighted by the rows of each confidence bin; in [0, 1].

    Args:
        probabilities: (n_rows, n_stances).
        labels: (n_rows,) stance indices.

    Source:
        Naeini, Cooper and Hauskrecht 2015.

    Example:
        >>> expected_calibration_error(np.array([[0.75, 0.25]]), np.array([0]))
        0.25
    """
    confidence = probabilities.max(axis=1)
    gaps = confidence - (probabilities.argmax(axis=1) == labels)
    return float(np.abs(np.bincount(confidence_bins(confidence), gaps, minlength=N_BINS)).sum() / len(labels))


def reliability_scores(
    probabilities: np.ndarray, labels: np.ndarray, groups: Sequence[str], *, seed: int = 0
) -> dict[str, Any]:
    """The calibration error with its uncertainty, and the reliability diagram.

    Args:
        probabilities: (n_rows, n_stances), at least one row.
        labels: (n_rows,) stance indices.
        groups: (n_rows,) document ids, which the interval clusters by.
        seed: Of the draws.

    Returns:
        `expected_calibration_error`; `expected_calibration_error_by_chance`, its mean if every answer were right with
        just the probability it states; `expected_calibration_error_interval_95`, by the bootstrap over documents, which
        leans upwards as the error itself does; `reliability`, the bins that hold rows, each with
        its mean confidence, accuracy and rows.

    Source:
        Broecker and Smith 2007, Increasing the reliability of reliability diagrams (resampling under calibration).
    """
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    bins = confidence_bins(confidence)
    in_bin = np.eye(N_BINS)[bins]
    luck = np.random.default_rng(seed).random((DRAWS, len(labels))) < confidence
    by_chance = np.abs((confidence - luck) @ in_bin).sum(axis=1) / len(labels)
    _, group_index = np.unique(np.asarray(groups, dtype=object), return_inverse=True)
    # Per document the gaps of its rows by bin, and in the last column its rows.
    per_group = np.zeros((group_index.max() + 1, N_BINS + 1))
    np.add.at(per_group, (group_index, bins), confidence - correct)
    per_group[:, N_BINS] = np.bincount(group_index)
    drawn = drawn_sums(per_group, draws=DRAWS, seed=seed)
    low, high = central_interval(np.abs(drawn[:, :N_BINS]).sum(axis=1) / drawn[:, N_BINS])
    return {
        "expected_calibration_error": expected_calibration_error(probabilities, labels),
        "expected_calibration_error_by_chance": float(by_chance.mean()),
        "expected_calibration_error_interval_95": [low, high],
        "reliability": [
            {
                "from": index / N_BINS,
                "to": (index + 1) / N_BINS,
                "confidence": float(confidence[bins == index].mean()),
                "accuracy": float(correct[bins == index].mean()),
                "rows": int((bins == index).sum()),
            }
            for index in np.unique(bins).tolist()
        ],
    }
