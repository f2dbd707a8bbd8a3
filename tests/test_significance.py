import numpy as np
import pytest
from scipy.stats import binom

from govstance.evaluation.scores import macro_f1_of_confusions
from govstance.evaluation.significance import holm, mcnemar, paired_difference
from govstance.evaluation.uncertainty import confusions_by_group, drawn_sums


def test_mcnemar_by_hand_and_by_the_binomial():
    first = np.array([True] * 8 + [False] * 1 + [True] * 20 + [False] * 5)
    second = np.array([False] * 8 + [True] * 1 + [True] * 20 + [False] * 5)
    result = mcnemar(first, second)
    assert (result.only_first, result.only_second) == (8, 1)
    # Of 2 ** 9 ways to throw 9 coins, 10 show at most one head and 10 at most one tail.
    assert result.p_value == pytest.approx(20 / 512)
    assert result.p_value == pytest.approx(2 * binom.cdf(1, 9, 0.5))
    assert mcnemar(second, first).p_value == pytest.approx(result.p_value)


def test_mcnemar_of_the_same_answers_shows_nothing():
    right = np.array([True, False])
    assert mcnemar(right, right).p_value == 1.0


def test_mcnemar_finds_at_most_one_in_twenty_without_a_difference():
    """It is exact, so it finds a little less."""
    generator = np.random.default_rng(2)
    found = [mcnemar(*(generator.random((2, 300)) < 0.7)).p_value < 0.05 for _ in range(1000)]
    assert 0.025 <= np.mean(found) <= 0.055


def test_several_comparisons_without_any_difference_find_something_one_time_in_twenty():
    p_values = np.random.default_rng(3).random((4000, 5))
    assert 0.04 <= np.mean([min(holm(of_sample)) < 0.05 for of_sample in p_values]) <= 0.06
    assert np.mean(p_values.min(axis=1) < 0.05) > 0.2  # as often without the correction


def test_holm_by_hand():
    # Smallest times 3, next times 2, largest times 1; never below the one before it, never above 1.
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_a_paired_difference_by_hand():
    first, second = np.array([0.5, 0.6, 0.7, 0.8]), np.array([0.4, 0.4, 0.6, 0.6])
    result = paired_difference(0.15, first, second)
    # Differences 0.1, 0.2, 0.1, 0.2 lie 0.05 from what was found; none lies 0.15 from it.
    assert result.p_value == pytest.approx(1 / 5)
    assert (result.low, result.high) == pytest.approx((0.1, 0.2))
    assert paired_difference(0.05, first, second).p_value == pytest.approx(5 / 5)


def drawn_difference(generator, accuracies, n_documents=150, rows_per_document=3):
    """Two systems on the same rows; a document is easy or hard for both, so rows and systems go together."""
    gold = generator.integers(0, 4, size=(n_documents * rows_per_document, 1))
    groups = np.repeat(np.arange(n_documents), rows_per_document)
    ease = np.repeat(generator.uniform(-0.2, 0.2, size=n_documents), rows_per_document)[:, None]
    counts = []
    for accuracy in accuracies:
        right = generator.random(gold.shape) < accuracy + ease
        predicted = np.where(right, gold, (gold + generator.integers(1, 4, size=gold.shape)) % 4)
        counts.append(confusions_by_group(gold, predicted, groups, 4))
    per_group = np.stack(counts, axis=1)
    scores = macro_f1_of_confusions(per_group.sum(axis=0)).mean(axis=-1)
    drawn = macro_f1_of_confusions(drawn_sums(per_group, draws=1000, seed=0)).mean(axis=-1)
    return paired_difference(scores[0] - scores[1], drawn[:, 0], drawn[:, 1])


def test_without_a_difference_one_in_twenty_is_found():
    generator = np.random.default_rng(0)
    p_values = np.array([drawn_difference(generator, (0.7, 0.7)).p_value for _ in range(400)])
    assert 0.03 <= (p_values < 0.05).mean() <= 0.07
    # Not only there: p is spread evenly.
    assert 0.43 <= (p_values < 0.5).mean() <= 0.57


def test_the_interval_holds_the_true_difference_as_often_as_it_says():
    """Stances and errors are spread evenly, so the true macro-F1 is the accuracy."""
    generator = np.random.default_rng(1)
    found = [drawn_difference(generator, (0.75, 0.65)) for _ in range(400)]
    covered = np.mean([difference.low <= 0.10 <= difference.high for difference in found])
    assert 0.93 <= covered <= 0.97
    assert np.mean([difference.p_value < 0.05 for difference in found]) > 0.8
