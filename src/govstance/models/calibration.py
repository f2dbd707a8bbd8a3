"""Calibration: from logits to probabilities that mean what they say.

Per target a temperature and a bias per stance, fitted on dev, and one shift of the log-odds of `none`. The
shift is there because the training rows are composed to hold many stances, while in real text most governments that a
passage names take no position in it; it moves the share of `none` from that of the training rows to that
of the text the model is meant for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import log_softmax, softmax

from govstance.schema import STANCES

NONE_INDEX = STANCES.index("none")
# Outside these bounds a temperature tells of too few dev rows, not of the model.
TEMPERATURE_BOUNDS = (0.25, 10.0)
BIAS_PENALTY = 1e-3


@dataclass(frozen=True)
class Calibration:
    """How logits become probabilities.

    Attributes:
        temperature: Target id -> divisor of the logits.
        bias: Target id -> what is added to each stance after the division, in nats.
        none_shift: Target id -> what is further added to `none`, in nats.
    """

    temperature: Mapping[str, float]
    bias: Mapping[str, Sequence[float]]
    none_shift: Mapping[str, float]

    def probabilities(self, logits: np.ndarray, target_ids: Sequence[str]) -> np.ndarray:
        """Calibrated probabilities.

        Args:
            logits: (n_rows, n_targets, n_stances).
            target_ids: Targets in the order of the second axis.

        Returns:
            Same shape; sums to 1 over stances.
        """
        temperature = np.array([self.temperature[target] for target in target_ids])
        bias = np.array([self.bias[target] for target in target_ids])
        scaled = np.asarray(logits, dtype=np.float64) / temperature[:, None] + bias
        scaled[..., NONE_INDEX] += np.array([self.none_shift[target] for target in target_ids])
        return softmax(scaled, axis=-1)

    def to_json(self) -> dict[str, Any]:
        """As `Calibration(**value)` reads it back."""
        return asdict(self)


def fit_temperature_and_bias(logits: np.ndarray, labels: np.ndarray) -> tuple[float, list[float]]:
    """Temperature and biases with the smallest negative log-likelihood.

    The biases undo the class weights of the training loss and make the later shift of the prior sound.

    Args:
        logits: (n_rows, n_stances).
        labels: (n_rows,) stance indices.

    Returns:
        Temperature, and a bias per stance with mean 0. Without rows: 1 and zeros.

    Source:
        Alexandari, Kundaje and Shrikumar 2020, bias-corrected temperature scaling.
    """
    from scipy.optimize import minimize  # prediction needs none of it

    n_stances = logits.shape[-1]
    if len(labels) == 0:
        return 1.0, [0.0] * n_stances
    rows = np.arange(len(labels))

    def loss(parameters: np.ndarray) -> float:
        scaled = log_softmax(logits / np.exp(parameters[0]) + parameters[1:], axis=-1)
        # The small pull towards 0 keeps the bias of a stance that dev hardly holds from running away.
        return float(-scaled[rows, labels].mean() + BIAS_PENALTY * np.square(parameters[1:]).sum())

    bounds = [tuple(np.log(TEMPERATURE_BOUNDS))] + [(-3.0, 3.0)] * n_stances
    best = minimize(loss, np.zeros(1 + n_stances), method="L-BFGS-B", bounds=bounds).x
    return float(np.exp(best[0])), [float(value) for value in best[1:] - best[1:].mean()]


def prior_shift(share_in_training: float, share_expected: float) -> float:
    """Change of the log-odds of `none` when its share moves from one value to another, in nats.

    Args:
        share_in_training, share_expected: Shares of `none`, both in (0, 1).

    Source:
        Saerens, Latinne and Decaestecker 2002, Adjusting the outputs of a classifier to new a priori probabilities.

    Example:
        >>> round(prior_shift(0.5, 0.8), 3)
        1.386
    """
    return float(
        np.log(share_expected / (1.0 - share_expected)) - np.log(share_in_training / (1.0 - share_in_training))
    )
