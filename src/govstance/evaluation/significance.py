"""Whether one system is better than another, on the same rows: arrays in, numbers out.

The bootstrap draws whole documents, and the same ones for both systems. McNemar's test takes rows for independent,
which rows of one document are not, so its p-values are a little too small: it stands beside the bootstrap, not for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from govstance.evaluation.uncertainty import central_interval


@dataclass(frozen=True)
class Difference:
    """A difference of two scores, first minus second.

    Attributes:
        value: On all rows.
        low, high: Central 95 % over the draws.
        p_value: Two-sided, in (0, 1].
    """

    value: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True)
class McNemar:
    """Rows that only one of two systems got right, and what chance makes of them.

    Attributes:
        only_first, only_second: Counts.
        p_value: Two-sided and exact, in (0, 1].
    """

    only_first: int
    only_second: int
    p_value: float


def paired_difference(value: float, first_drawn: np.ndarray, second_drawn: np.ndarray) -> Difference:
    """Interval and p-value of a difference, from the scores of both systems in the same draws.

    The p-value is the share of draws whose difference, moved to where there is none, is at least as far from 0 as the
    one found; one is added to both counts, so it is never 0.

    Args:
        value: The difference on all rows, first minus second.
        first_drawn, second_drawn: (n_draws,) scores; position i is the same draw in both.

    Example:
        >>> paired_difference(0.0, np.array([0.5, 0.6]), np.array([0.6, 0.5])).p_value
        1.0

    Source:
        Efron and Tibshirani 1993, An Introduction to the Bootstrap, ch. 13 and 16; for language data: Dror et al. 2018,
        ACL, The Hitchhiker's Guide to Testing Statistical Significance in NLP.
    """
    differences = first_drawn - second_drawn
    low, high = central_interval(differences)
    # Sums of floats in another order differ in the last digit; a tie must count as one.
    as_far = np.abs(differences - value) >= abs(value) - 1e-12
    return Difference(float(value), low, high, float((1 + as_far.sum()) / (1 + len(differences))))


def mcnemar(first_right: np.ndarray, second_right: np.ndarray) -> McNemar:
    """McNemar's test in its exact form: are the rows that only one got right split like coin throws?

    Args:
        first_right, second_right: (n_rows,) booleans of the same rows.

    Example:
        >>> mcnemar(np.array([True, True, False]), np.array([True, False, False])).only_first
        1

    Source:
        McNemar 1947, Psychometrika 12; Dror et al. 2018.
    """
    only_first = int((first_right & ~second_right).sum())
    only_second = int((~first_right & second_right).sum())
    n_discordant = only_first + only_second
    p_value = float(binomtest(only_first, n_discordant, 0.5).pvalue) if n_discordant else 1.0
    return McNemar(only_first, only_second, p_value)


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values corrected for the number of comparisons, in the same order.

    Example:
        >>> holm([0.01, 0.5])
        [0.02, 0.5]

    Source:
        Holm 1979, Scandinavian Journal of Statistics 6.
    """
    corrected = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda index: p_values[index])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = largest
    return corrected
