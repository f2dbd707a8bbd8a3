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
# Answers may be made up to 20 times less sure or 3 times surer; in nats of the factor.
SHARPNESS_BOUNDS = (-3.0, 1.1)
BIAS_PENALTY = 1e-3
# Target id -> wanted risk, written as in `abstain=0.05` -> confidence; None where dev rows reach that risk nowhere.
Thresholds = Mapping[str, Mapping[str, float | None]]


@dataclass(frozen=True)
class Calibration:
    """How logits become probabilities.

    Attributes:
        temperature: Target id -> divisor of the logits.
        bias: Target id -> what is added to each stance after the division, in nats.
        none_shift: Target id -> what is further added to `none`, in nats.
        thresholds: The lowest confidence at which at most the wanted share of the answers kept was wrong on dev rows,
            weighted to the expected share of `none`. It promises that share for answers to single passages like the
            dev rows, all stances together: most answers are `none` and easy, so the positions among those kept are
            wrong more often. None: none are known.
    """

    temperature: Mapping[str, float]
    bias: Mapping[str, Sequence[float]]
    none_shift: Mapping[str, float]
    thresholds: Thresholds | None = None

    def probabilities(self, logits: np.ndarray, target_ids: Sequence[str]) -> np.ndarray:
        """Calibrated probabilities.

        Args:
            logits: (n_rows, n_targets, n_stances).
            target_ids: Targets in the order of the second axis.

        Returns:
            Same shape; sums to 1 over stances.
        """
        return softmax(self.scores(logits, target_ids), axis=-1)

    def scores(self, logits: np.ndarray, target_ids: Sequence[str]) -> np.ndarray:
        """What the softmax makes probabilities of; arguments and shape as in `probabilities`."""
        temperature = np.array([self.temperature[target] for target in target_ids])
        bias = np.array([self.bias[target] for target in target_ids])
        scaled = np.asarray(logits, dtype=np.float64) / temperature[:, None] + bias
        scaled[..., NONE_INDEX] += np.array([self.none_shift[target] for target in target_ids])
        return scaled

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


def fit_sharpness(scores: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> float:
    """The factor of calibrated scores with the smallest negative log-likelihood; it changes no answer.

    On rows of a kind that it was not trained on a model is too sure of itself. Biases fitted on such rows would move
    its answers on all others; a factor only makes all answers less sure.

    Args:
        scores: (n_rows, n_stances), from `Calibration.scores`.
        labels: (n_rows,) stance indices.
        weights: (n_rows,), what each row counts.

    Source:
        Guo, Pleiss, Sun and Weinberger 2017, temperature scaling.
    """
    rows = np.arange(len(labels))

    def loss(log_factor: float) -> float:
        return float(-np.average(log_softmax(np.exp(log_factor) * scores, axis=-1)[rows, labels], weights=weights))

    from scipy.optimize import minimize_scalar  # as above

    return float(np.exp(minimize_scalar(loss, bounds=SHARPNESS_BOUNDS, method="bounded").x))


def risk_name(risk: float) -> str:
    """A wanted risk as the key of its thresholds: JSON has no numbers as keys.

    Example:
        >>> risk_name(0.10)
        '0.1'
    """
    return f"{risk:g}"


def none_weights(labels: np.ndarray, expected_share: float | None) -> np.ndarray:
    """What each row must count so that `none` has the expected share; ones where no share is expected or dev holds only
    `none`, or never `none`.

    Args:
        labels: (n_rows,) stance indices.
        expected_share: In (0, 1).

    Source:
        Shimodaira 2000, Improving predictive inference under covariate shift (importance weights).

    Example:
        >>> none_weights(np.array([NONE_INDEX, 0]), 0.75).tolist()
        [1.5, 0.5]
    """
    is_none = labels == NONE_INDEX
    share = is_none.mean() if len(labels) else 0.0
    if expected_share is None or not 0.0 < share < 1.0:
        return np.ones(len(labels))
    return np.where(is_none, expected_share / share, (1.0 - expected_share) / (1.0 - share))


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
