"""Fits the calibration of a trained model on dev rows."""

from collections.abc import Mapping, Sequence

import numpy as np
from tqdm import tqdm

from govstance.errors import GovstanceError
from govstance.models.calibration import NONE_INDEX, Calibration, fit_temperature_and_bias, prior_shift
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
    """Temperature, biases and shift of `none`, from dev rows.

    Args:
        predictor: With any calibration; its logits are used.
        dev_rows: Rows no step was trained on.
        expected_none_share: As in `CalibrationConfig`, checked.
    """
    with tqdm(total=len(dev_rows), desc="calibration on dev", unit="row") as bar:
        logits = predictor.predict_logits(dev_rows, bar.update)
    temperature, bias, shift = {}, {}, {}
    for index, target in enumerate(predictor.target_ids):
        known = [number for number, row in enumerate(dev_rows) if row.labels[target] is not None]
        labels = np.array([STANCES.index(dev_rows[number].labels[target] or "") for number in known], dtype=int)
        temperature[target], bias[target] = fit_temperature_and_bias(logits[known, index], labels)
        shift[target] = 0.0
        share_on_dev = float(np.mean(labels == NONE_INDEX)) if known else 0.0
        if target in expected_none_share and 0.0 < share_on_dev < 1.0:
            shift[target] = prior_shift(share_on_dev, expected_none_share[target])
    return Calibration(temperature, bias, shift)
