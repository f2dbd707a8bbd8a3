"""What is said against what was done: figures by hand and against scipy and scikit-learn."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from govstance.evaluation.external import disagreement, rank_agreement
from govstance.evaluation.uncertainty import bca_interval


def test_figures_by_hand():
    # Pairs of different values: (a,b) right, (a,c) right, (b,c) wrong.
    found = rank_agreement([-0.9, 0.5, 0.2], [-1, 0, 1])
    assert (found["n"], found["n_lowest"], found["n_highest"]) == (3, 1, 1)
    assert found["auc"]["value"] == 1.0
    assert found["ordinal"]["value"] == pytest.approx(2 / 3)
    assert found["kendall"]["value"] == pytest.approx(1 / 3)
    assert found["spearman"]["value"] == pytest.approx(0.5)


def test_ties_count_half():
    # One of the lowest ties with the highest, the other lies below it.
    assert rank_agreement([-0.5, 0.0, 0.0], [0, 0, 1])["auc"]["value"] == 0.75


def test_figures_agree_with_scipy_and_scikit_learn():
    generator = np.random.default_rng(3)
    values = generator.choice([-1, 0, 1], size=60)
    scores = np.round(0.4 * values + generator.normal(size=60), 1)  # with ties
    found = rank_agreement(scores, values)
    assert found["spearman"]["value"] == pytest.approx(stats.spearmanr(scores, values).statistic)
    assert found["kendall"]["value"] == pytest.approx(stats.kendalltau(scores, values).statistic)
    ends = values != 0
    assert found["auc"]["value"] == pytest.approx(roc_auc_score(values[ends] == 1, scores[ends]))
    assert found["ordinal"]["value"] == pytest.approx((stats.somersd(values, scores).statistic + 1) / 2)


def test_the_interval_is_that_of_governments_drawn_with_replacement():
    generator = np.random.default_rng(5)
    values = generator.choice([0, 1], size=40)
    scores = values + generator.normal(size=40)
    found = rank_agreement(scores, values, seed=7, draws=200)
    weights = np.random.default_rng(7).multinomial(40, np.full(40, 1 / 40), size=200)
    for name, statistic in (("spearman", stats.spearmanr), ("kendall", stats.kendalltau)):
        drawn = [statistic(np.repeat(scores, weight), np.repeat(values, weight)).statistic for weight in weights]
        left_out = [statistic(np.delete(scores, index), np.delete(values, index)).statistic for index in range(40)]
        expected = bca_interval(np.array(drawn), statistic(scores, values).statistic, np.array(left_out))
        assert found[name]["interval_95"] == pytest.approx(list(expected))
    low, high = found["auc"]["interval_95"]
    assert low < found["auc"]["value"] < high


def simulated_agreements(rho, n=80, n_samples=300):
    """Intervals from a bivariate normal distribution: AUC of the sign of its second part, tau of the whole."""
    generator = np.random.default_rng(11)
    for _ in range(n_samples):
        scores = generator.normal(size=n)
        values = rho * scores + np.sqrt(1 - rho**2) * generator.normal(size=n)
        yield (
            rank_agreement(scores, values > 0, draws=400)["auc"]["interval_95"],
            rank_agreement(scores, values, draws=400)["kendall"]["interval_95"],
        )


def test_intervals_hold_the_truth_as_often_as_they_say():
    """The true tau is 2 arcsin(rho) / pi (Kendall 1948), the true AUC that of a very large sample."""
    rho = 0.6
    tau = 2 * np.arcsin(rho) / np.pi
    generator = np.random.default_rng(0)
    scores = generator.normal(size=400_000)
    above = rho * scores + np.sqrt(1 - rho**2) * generator.normal(size=400_000) > 0
    auc = roc_auc_score(above, scores)
    found = np.array(
        [
            [low <= truth <= high for (low, high), truth in zip(intervals, (auc, tau), strict=True)]
            for intervals in simulated_agreements(rho)
        ]
    )
    assert (found.mean(axis=0) >= 0.93).all()
    assert (found.mean(axis=0) <= 0.97).all()


def test_words_that_tell_nothing_of_deeds_are_seldom_taken_to_tell_something():
    outside = np.array(
        [
            [not low <= chance <= high for (low, high), chance in zip(intervals, (0.5, 0.0), strict=True)]
            for intervals in simulated_agreements(0.0)
        ]
    )
    assert (outside.mean(axis=0) >= 0.03).all()
    assert (outside.mean(axis=0) <= 0.09).all()


def test_what_cannot_be_compared_has_no_figure():
    assert rank_agreement([0.1, 0.2], [1, 1])["auc"] is None
    assert rank_agreement([], [])["n"] == 0
    same_scores = rank_agreement([0.0, 0.0, 0.0], [0, 1, 1])
    assert same_scores["auc"]["value"] == 0.5
    assert same_scores["spearman"] is None
    assert same_scores["kendall"] is None


def test_a_figure_that_most_draws_cannot_give_has_no_interval():
    # Of two governments, half of the draws hold one twice, and nothing can be compared: of 200 draws of this seed, 82.
    weights = np.random.default_rng(12).multinomial(2, [0.5, 0.5], size=200)
    assert (weights == 1).all(axis=1).sum() == 82
    found = rank_agreement([-1.0, 1.0], [0, 1], draws=200, seed=12)["auc"]
    assert found == {"value": 1.0, "interval_95": None}


def test_disagreement_is_the_share_of_others_on_the_wrong_side():
    # The first is right of the second, which it should be left of; the third is right of both, as it should be.
    assert disagreement([0.5, 0.0, 0.8], [-1, 0, 1]).tolist() == [0.5, 0.5, 0.0]
    assert disagreement([0.3, 0.3], [0, 1]).tolist() == [0.5, 0.5]
    assert disagreement([0.3, 0.3], [1, 1]).tolist() == [0.0, 0.0]


def test_an_interval_holds_its_own_value_where_draws_take_few_values():
    # One of 14 is a member and says most: tau of a draw hangs on nothing but how often that one is drawn.
    found = rank_agreement(list(range(14)), [0] * 13 + [1])["kendall"]
    low, high = found["interval_95"]
    assert low == found["value"] < high
