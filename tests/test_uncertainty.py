import numpy as np
import pytest
from scipy import stats

from govstance.evaluation.uncertainty import bca_interval, central_interval, confusions_by_group, mean_macro_f1_interval


def draw(generator, n_groups, rows_per_group, accuracy=0.7):
    """Rows whose predictions are right or wrong together within a document."""
    gold = generator.integers(0, 4, size=(n_groups * rows_per_group, 1))
    right = np.repeat(generator.random(n_groups) < accuracy, rows_per_group)[:, None]
    predicted = np.where(right, gold, (gold + generator.integers(1, 4, size=gold.shape)) % 4)
    groups = [f"d{number // rows_per_group}" for number in range(len(gold))]
    return gold, predicted, groups


def test_counts_are_kept_by_document_and_null_labels_left_out():
    gold = np.array([[0], [1], [-1], [3]])
    predicted = np.array([[0], [2], [1], [3]])
    counts = confusions_by_group(gold, predicted, ["a", "a", "b", "b"], 4)
    assert counts.shape == (2, 1, 4, 4)
    assert counts[0, 0, 0, 0] == counts[0, 0, 1, 2] == counts[1, 0, 3, 3] == 1
    assert counts.sum() == 3


def test_the_interval_is_reproducible_and_seeded():
    gold, predicted, groups = draw(np.random.default_rng(1), 40, 3)
    first = mean_macro_f1_interval(gold, predicted, groups, n_stances=4, seed=3)
    assert first == mean_macro_f1_interval(gold, predicted, groups, n_stances=4, seed=3)
    assert first != mean_macro_f1_interval(gold, predicted, groups, n_stances=4, seed=4)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    """Right predictions with chance 0.7 and errors spread evenly give a true macro-F1 of 0.7."""
    generator = np.random.default_rng(0)
    covered = 0
    n_samples = 400
    for _ in range(n_samples):
        low, high = mean_macro_f1_interval(*draw(generator, 200, 3), n_stances=4)
        covered += low <= 0.7 <= high
    assert 0.93 <= covered / n_samples <= 0.97


def test_drawing_documents_widens_the_interval_over_drawing_rows():
    gold, predicted, groups = draw(np.random.default_rng(2), 100, 5)
    low, high = mean_macro_f1_interval(gold, predicted, groups, n_stances=4)
    row_low, row_high = mean_macro_f1_interval(gold, predicted, [str(n) for n in range(len(gold))], n_stances=4)
    assert high - low > 1.5 * (row_high - row_low)


def test_a_single_document_has_an_interval_of_one_point():
    low, high = mean_macro_f1_interval(np.array([[0], [1]]), np.array([[0], [1]]), ["a", "a"], n_stances=4)
    assert low == high == pytest.approx(0.5)


def test_a_bias_corrected_interval_is_that_of_scipy():
    sample = np.random.default_rng(0).exponential(size=25)
    theirs = stats.bootstrap((sample,), np.mean, n_resamples=2000, method="BCa", rng=np.random.default_rng(1))
    left_out = (sample.sum() - sample) / (len(sample) - 1)
    ours = bca_interval(theirs.bootstrap_distribution, float(sample.mean()), left_out)
    assert ours == pytest.approx(theirs.confidence_interval, rel=1e-3)
    plain = central_interval(theirs.bootstrap_distribution)
    assert ours[0] > plain[0]
    assert ours[1] > plain[1]
