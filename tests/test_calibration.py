import numpy as np
import pytest
from scipy.special import log_softmax

from govstance.errors import GovstanceError
from govstance.evaluation.reliability import expected_calibration_error
from govstance.models.calibration import Calibration, fit_temperature_and_bias, prior_shift
from govstance.training.calibrating import check_expected_shares


def sampled(temperature, bias, n_rows=20_000):
    """Logits whose labels were drawn from softmax(logits / temperature + bias)."""
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(n_rows, 4)) * 3
    chances = np.exp(log_softmax(logits / temperature + bias, axis=-1))
    return logits, (chances.cumsum(axis=-1) > generator.random((n_rows, 1))).argmax(axis=-1)


def test_the_fit_finds_the_temperature_and_bias_that_made_the_labels():
    true_bias = np.array([0.5, -0.5, -0.3, 0.3])
    temperature, bias = fit_temperature_and_bias(*sampled(2.0, true_bias))
    assert temperature == pytest.approx(2.0, rel=0.05)
    assert bias == pytest.approx(true_bias, abs=0.1)


def test_without_rows_nothing_changes():
    assert fit_temperature_and_bias(np.zeros((0, 4)), np.zeros(0, dtype=int)) == (1.0, [0.0] * 4)


def test_probabilities_apply_temperature_then_bias_then_shift():
    calibration = Calibration({"t": 2.0}, {"t": [0.0, 0.0, 0.0, 1.0]}, {"t": 1.0})
    probabilities = calibration.probabilities(np.array([[[2.0, 0.0, 0.0, 0.0]]]), ["t"])
    expected = np.exp([1.0, 0.0, 0.0, 2.0])
    assert probabilities[0, 0] == pytest.approx(expected / expected.sum())


def test_the_prior_shift_moves_the_share_of_none_as_asked():
    # Logits that say nothing but the share in training: after the shift they say the expected share.
    logits = np.log([[[0.2, 0.2, 0.1, 0.5]]])
    calibration = Calibration({"t": 1.0}, {"t": [0.0] * 4}, {"t": prior_shift(0.5, 0.86)})
    assert calibration.probabilities(logits, ["t"])[0, 0, 3] == pytest.approx(0.86)


def test_calibration_error_by_hand():
    probabilities = np.array([[0.8, 0.2], [0.8, 0.2], [0.6, 0.4]])
    # Bin of 0.8: accuracy 0.5, gap 0.3, two rows of three; bin of 0.6: accuracy 1, gap 0.4, one row of three.
    assert expected_calibration_error(probabilities, np.array([0, 1, 0])) == pytest.approx(0.3 * 2 / 3 + 0.4 / 3)


@pytest.mark.parametrize("shares", [{"sanctions": 0.5}, {"sanctions_support": 1.0}, {"sanctions_support": 0.0}])
def test_impossible_shares_are_refused_before_training(shares):
    with pytest.raises(GovstanceError, match=r"expected shares between 0 and 1 for targets among sanctions_support"):
        check_expected_shares(shares, ["sanctions_support"])
