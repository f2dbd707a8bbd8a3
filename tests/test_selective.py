import numpy as np
import pytest

from govstance.evaluation.selective import MIN_KEPT, risk_coverage, selective_scores, threshold_for_risk
from govstance.models.calibration import NONE_INDEX, none_weights
from govstance.training.calibrating import calibration_of, fit_thresholds


def sure(confidence, stance=0):
    """Probabilities whose highest is `confidence`, of one stance."""
    return [confidence if index == stance else (1 - confidence) / 3 for index in range(4)]


FOUR = np.array([sure(0.6), sure(0.9), sure(0.8), sure(0.7)])
# From the surest down: right, wrong, right, wrong.
LABELS = np.array([1, 0, 1, 0])


def test_the_curve_and_its_area_by_hand():
    curve = risk_coverage(FOUR, LABELS)
    assert curve.thresholds.tolist() == [0.9, 0.8, 0.7, 0.6]
    assert curve.coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert curve.risk == pytest.approx([0, 1 / 2, 1 / 3, 1 / 2])
    assert curve.area == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)
    # All are answered `favor`: at 0.7 two of three rightly, F1 = 2 * 2 / (2 + 3), the other three stances 0.
    assert curve.macro_f1[2] == pytest.approx(4 / 5 / 4)


def test_equally_sure_answers_are_kept_together():
    curve = risk_coverage(np.array([sure(0.8), sure(0.8), sure(0.6)]), np.array([0, 1, 0]))
    assert curve.thresholds.tolist() == [0.8, 0.6]
    assert curve.risk == pytest.approx([1 / 2, 1 / 3])
    assert curve.n_kept.tolist() == [2, 3]


def test_weights_count_rows_as_often_as_they_say():
    weighted = risk_coverage(FOUR, LABELS, np.array([1.0, 3.0, 1.0, 1.0]))
    repeated = risk_coverage(FOUR[[0, 1, 1, 1, 2, 3]], LABELS[[0, 1, 1, 1, 2, 3]])
    assert weighted.risk == pytest.approx(repeated.risk)
    assert weighted.coverage == pytest.approx(repeated.coverage)
    assert weighted.area == pytest.approx(repeated.area)


def hundred():
    """100 answers from 0.99 down to 0.5; every tenth of the last half is wrong: 5 of 100."""
    probabilities = np.array([sure(confidence) for confidence in np.linspace(0.99, 0.5, 100)])
    labels = np.zeros(100, dtype=int)
    labels[50::10] = 1
    return probabilities, labels


def test_the_threshold_answers_as_much_as_the_wanted_risk_allows():
    probabilities, labels = hundred()
    curve = risk_coverage(probabilities, labels)
    assert threshold_for_risk(curve, 0.05) == pytest.approx(0.5)
    # The 51st and the 61st are the first wrong ones: 1 of 60, but 2 of 61.
    assert threshold_for_risk(curve, 0.02) == pytest.approx(probabilities[59].max())
    assert curve.risk[59] == pytest.approx(1 / 60)


def test_a_threshold_that_keeps_few_rows_is_none_at_all():
    labels = np.ones(100, dtype=int)
    labels[: MIN_KEPT - 1] = 0  # the surest are right, but too few of them
    assert threshold_for_risk(risk_coverage(hundred()[0], labels), 0.01) is None


def test_rows_weigh_so_that_none_has_the_expected_share():
    labels = np.array([NONE_INDEX] * 6 + [0] * 4)
    weights = none_weights(labels, 0.9)
    assert weights[0] == pytest.approx(1.5)
    assert weights[-1] == pytest.approx(0.25)
    assert weights[labels == NONE_INDEX].sum() / weights.sum() == pytest.approx(0.9)
    assert none_weights(labels, None).tolist() == [1.0] * 10
    assert none_weights(labels[:6], 0.9).tolist() == [1.0] * 6


def test_more_none_in_real_text_lowers_the_threshold_where_none_is_easy():
    """60 sure and right `none`, 40 unsure answers of which 10 are wrong."""
    probabilities = np.array(
        [sure(0.95, NONE_INDEX)] * 60 + [sure(confidence) for confidence in np.linspace(0.9, 0.5, 40)]
    )
    gold = np.array([NONE_INDEX] * 60 + [0, 0, 0, 1] * 10)
    assert fit_thresholds(probabilities, gold, None)["0.1"] == pytest.approx(0.5)
    # As on dev 10 of 100 are wrong; where 9 of 10 rows are `none`, 2.5 of 100.
    assert fit_thresholds(probabilities, gold, None)["0.05"] > 0.5
    assert fit_thresholds(probabilities, gold, 0.9)["0.05"] == pytest.approx(0.5)


def test_a_calibration_carries_thresholds_of_each_target_and_none_without_labels():
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(300, 2, 4)) * 4
    gold = np.column_stack([logits[:, 0].argmax(axis=-1), np.full(300, -1)])
    calibration = calibration_of(logits, gold, ["a", "b"], {}, familiar=np.ones(300, dtype=bool))
    assert set(calibration.thresholds["a"]) == {"0.02", "0.05", "0.1", "0.2"}
    kept = calibration.probabilities(logits, ["a", "b"])[:, 0].max(axis=-1) >= calibration.thresholds["a"]["0.02"]
    assert kept.all()  # no answer is wrong
    assert calibration.thresholds["b"] == dict.fromkeys(["0.02", "0.05", "0.1", "0.2"])


def test_what_thresholds_keep_is_counted_by_target_and_pooled():
    gold = np.column_stack([LABELS, np.full(4, -1)])
    probabilities = np.stack([FOUR, FOUR], axis=1)
    scores = selective_scores(gold, probabilities, ["a", "b"], {"a": {"0.1": 0.75, "0.02": None}, "b": {}})
    assert list(scores) == ["pooled", "a"]
    assert scores["pooled"]["aurc"] == scores["a"]["aurc"] == pytest.approx(1 / 3)
    kept = scores["a"]["at_thresholds"]["0.1"]
    assert (kept["coverage"], kept["risk"], kept["risk_of_positions"]) == (0.5, 0.5, 0.5)
    assert scores["a"]["at_thresholds"]["0.02"]["coverage"] == 0.0
    assert scores["a"]["at_thresholds"]["0.02"]["risk"] is None
    assert [point["coverage"] for point in scores["a"]["curve"]][:5] == [0.25, 0.25, 0.5, 0.5, 0.5]
