"""Fits the calibration of a trained model on dev rows."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from tqdm import tqdm

from govstance.errors import GovstanceError
from govstance.evaluation.results import NOT_ANNOTATED, gold_indices
from govstance.evaluation.selective import WANTED_RISKS, risk_coverage, threshold_for_risk
from govstance.models.calibration import (
    NONE_INDEX,
    Calibration,
    fit_temperature_and_bias,
    none_weights,
    prior_shift,
    risk_name,
)
from govstance.models.predictor import TransformerPredictor
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
    predictor: TransformerPredictor, dev_rows: Sequence[Row], expected_none_share: Mapping[str, float]
) -> Calibration:
    """Temperature, biases, shift of `none` and thresholds of abstaining, from dev rows.

    Args:
        predictor: With any calibration; its logits are used.
        dev_rows: Rows no step was trained on.
        expected_none_share: As in `CalibrationConfig`, checked.
    """
    with tqdm(total=len(dev_rows), desc="calibration on dev", unit="row") as bar:
        logits = predictor.predict_logits(dev_rows, bar.update)
    return calibration_of(
        logits, gold_indices(dev_rows, predictor.target_ids), predictor.target_ids, expected_none_share
    )


def calibration_of(
    logits: np.ndarray, gold: np.ndarray, target_ids: Sequence[str], expected_none_share: Mapping[str, float]
) -> Calibration:
    """As `calibrate`, from arrays.

    Args:
        logits: (n_rows, n_targets, n_stances).
        gold: (n_rows, n_targets) stance indices, NOT_ANNOTATED where null.
        target_ids: Targets in the order of the second axis.
        expected_none_share: As in `CalibrationConfig`, checked.
    """
    temperature, bias, shift = {}, {}, {}
    for index, target in enumerate(target_ids):
        known = gold[:, index] != NOT_ANNOTATED
        labels = gold[known, index]
        temperature[target], bias[target] = fit_temperature_and_bias(logits[known, index], labels)
        shift[target] = 0.0
        share_on_dev = float(np.mean(labels == NONE_INDEX)) if len(labels) else 0.0
        if target in expected_none_share and 0.0 < share_on_dev < 1.0:
            shift[target] = prior_shift(share_on_dev, expected_none_share[target])
    calibration = Calibration(temperature, bias, shift)
    probabilities = calibration.probabilities(logits, target_ids)
    thresholds = {
        target: fit_thresholds(probabilities[:, index], gold[:, index], expected_none_share.get(target))
        for index, target in enumerate(target_ids)
    }
    return dataclasses.replace(calibration, thresholds=thresholds)


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
