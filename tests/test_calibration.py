import numpy as np
import pytest
from scipy.special import log_softmax

from govstance.errors import GovstanceError
from govstance.models.calibration import Calibration, fit_sharpness, fit_temperature_and_bias, prior_shift
from govstance.training.calibrating import calibration_of, check_expected_shares


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


def test_the_sharpness_by_hand():
    # Three of four are right: the factor makes softmax((1, 0, -inf, -inf) * factor) say 3/4, so it is log 3.
    scores = np.array([[1.0, 0.0, -50.0, -50.0]] * 4)
    assert fit_sharpness(scores, np.array([0, 0, 0, 1]), np.ones(4)) == pytest.approx(np.log(3), rel=1e-3)
    # A weight of 3/2 on the wrong one: 2/3 are right, log 2.
    weights = np.array([1.0, 1.0, 1.0, 1.5])
    assert fit_sharpness(scores, np.array([0, 0, 0, 1]), weights) == pytest.approx(np.log(2), rel=1e-3)


def test_unfamiliar_rows_make_answers_less_sure_and_change_none():
    logits, labels = sampled(2.0, np.array([0.5, -0.5, -0.3, 0.3]), n_rows=4000)
    labels[2000:] = np.random.default_rng(1).integers(0, 4, 2000)  # on these the model knows nothing
    arguments = (logits[:, None], labels[:, None], ["t"], {"t": 0.8})
    own = calibration_of(*(value[:2000] for value in arguments[:2]), *arguments[2:], familiar=np.ones(2000, dtype=bool))
    both = calibration_of(*arguments, familiar=np.arange(4000) < 2000)
    before, after = (value.probabilities(logits[:, None], ["t"])[:, 0] for value in (own, both))
    assert (before.argmax(axis=-1) == after.argmax(axis=-1)).all()
    assert after.max(axis=-1).mean() < before.max(axis=-1).mean() - 0.05


@pytest.mark.parametrize("shares", [{"sanctions": 0.5}, {"sanctions_support": 1.0}, {"sanctions_support": 0.0}])
def test_impossible_shares_are_refused_before_training(shares):
    with pytest.raises(GovstanceError, match=r"expected shares between 0 and 1 for targets among sanctions_support"):
        check_expected_shares(shares, ["sanctions_support"])
