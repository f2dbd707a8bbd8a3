"""Fits the calibration of a trained model on dev rows."""

from collections.abc import Mapping, Sequence

import numpy as np

from govstance.errors import GovstanceError
from govstance.evaluation.results import NOT_ANNOTATED, gold_indices
from govstance.evaluation.selective import WANTED_RISKS, risk_coverage, threshold_for_risk
from govstance.models.calibration import (
    NONE_INDEX,
    Calibration,
    fit_sharpness,
    fit_temperature_and_bias,
    none_weights,
    prior_shift,
    risk_name,
)
from govstance.models.predictor import TransformerPredictor
from govstance.progress import progress
from govstance.schema import STANCES, Row


def neutral_calibration(target_ids: Sequence[str]) -> Calibration:
    """The calibration that changes nothing but the softmax."""
    return Calibration(
        temperature=dict.fromkeys(target_ids, 1.0),
        bias={target: [0.0] * len(STANCES) for target in target_ids},
        none_shift=dict.fromkeys(target_ids, 0.0),
    )


def check_expected_shares(expected_none_share: Mapping[str, float], target_ids: Sequence[str]) -> None:
    """Checks the shares before minutes of training depend on them.

    Raises:
        GovstanceError: A share is not between 0 and 1, or names no target.
    """
    unknown = set(expected_none_share) - set(target_ids)
    if unknown or not all(0.0 < share < 1.0 for share in expected_none_share.values()):
        raise GovstanceError(
            f"calibration.expected_none_share: expected shares between 0 and 1 for targets among "
            f"{', '.join(target_ids)}; found {dict(expected_none_share)}. calibration=as_trained sets none."
        )


def calibrate(
    predictor: TransformerPredictor,
    dev_rows: Sequence[Row],
    expected_none_share: Mapping[str, float],
    *,
    unfamiliar_rows: Sequence[Row] = (),
) -> Calibration:
    """Temperature, biases, shift of `none` and thresholds of abstaining, from dev rows.

    Args:
        predictor: With any calibration; its logits are used.
        dev_rows: Rows no step was trained on.
        expected_none_share: As in `CalibrationConfig`, checked.
        unfamiliar_rows: Dev rows of sources that training left out; only how sure answers are is fitted on them too.
    """
    rows = [*dev_rows, *unfamiliar_rows]
    with progress("calibration on dev", total=len(rows), unit="row") as advance:
        logits = predictor.predict_logits(rows, advance)
    familiar = np.arange(len(rows)) < len(dev_rows)
    target_ids = predictor.target_ids
    return calibration_of(logits, gold_indices(rows, target_ids), target_ids, expected_none_share, familiar=familiar)


def calibration_of(
    logits: np.ndarray,
    gold: np.ndarray,
    target_ids: Sequence[str],
    expected_none_share: Mapping[str, float],
    *,
    familiar: np.ndarray,
) -> Calibration:
    """As `calibrate`, from arrays.

    Args:
        logits: (n_rows, n_targets, n_stances).
        gold: (n_rows, n_targets) stance indices, NOT_ANNOTATED where null.
        target_ids: Targets in the order of the second axis.
        expected_none_share: As in `CalibrationConfig`, checked.
        familiar: (n_rows,) bool, False for the rows of sources that training left out.
    """
    temperature, bias, shift, thresholds = {}, {}, {}, {}
    for index, target in enumerate(target_ids):
        known = gold[:, index] != NOT_ANNOTATED
        of_target, labels, own = logits[known, index], gold[known, index], familiar[known]
        expected = expected_none_share.get(target)
        temperature[target], bias[target] = fit_temperature_and_bias(of_target[own], labels[own])
        share_on_dev = float(np.mean(labels[own] == NONE_INDEX)) if own.any() else 0.0
        shift[target] = prior_shift(share_on_dev, expected) if expected and 0.0 < share_on_dev < 1.0 else 0.0
        if not own.all():
            fitted = Calibration(temperature, bias, shift)
            scores = fitted.scores(logits[known, index : index + 1], [target])[:, 0]
            sharpness = fit_sharpness(scores, labels, none_weights(labels, expected))
            temperature[target] /= sharpness
            bias[target] = [sharpness * value for value in bias[target]]
            shift[target] *= sharpness
        probabilities = Calibration(temperature, bias, shift).probabilities(logits[:, index : index + 1], [target])
        thresholds[target] = fit_thresholds(probabilities[:, 0], gold[:, index], expected)
    return Calibration(temperature, bias, shift, thresholds)


def fit_thresholds(
    probabilities: np.ndarray, gold: np.ndarray, expected_none_share: float | None
) -> dict[str, float | None]:
    """The threshold of each wanted risk for one target.

    The rows are those that the probabilities were calibrated on: five numbers fitted to thousands of rows promise
    little too much. They are weighted to the expected share of `none`, as the probabilities are shifted to it.

    Args:
        probabilities: (n_rows, n_stances), calibrated.
        gold: (n_rows,) stance indices, NOT_ANNOTATED where null.
        expected_none_share: Of the text that the model is meant for; None: that of the rows.

    Returns:
        As `Calibration.thresholds` holds them for a target.
    """
    known = gold != NOT_ANNOTATED
    if not known.any():
        return {risk_name(risk): None for risk in WANTED_RISKS}
    curve = risk_coverage(probabilities[known], gold[known], none_weights(gold[known], expected_none_share))
    return {risk_name(risk): threshold_for_risk(curve, risk) for risk in WANTED_RISKS}
