import json

import numpy as np
import pytest
from conftest import SHARED, needs_shared

from govstance.evaluation.metric import StanceMetric
from govstance.evaluation.results import NOT_ANNOTATED, system_scores
from govstance.evaluation.scores import confusion, macro_f1_of_confusions, stance_scores
from govstance.schema import STANCES

GOLD = ["favor", "favor", "against", "none", "none", "none"]
PREDICTED = ["favor", "none", "favor", "none", "none", "against"]


def test_scores_by_hand():
    scores = stance_scores(GOLD, PREDICTED)
    # favor: 1 right of 2 predicted and 2 gold; against: 0 of 1 and 1; none: 2 of 3 and 3; neutral: nothing at all.
    assert scores["per_stance"]["favor"] == {"precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 2}
    assert scores["per_stance"]["none"]["f1"] == pytest.approx(2 / 3)
    assert scores["macro_f1"] == pytest.approx((0.5 + 0.0 + 0.0 + 2 / 3) / 4)
    assert scores["f_avg"] == pytest.approx(0.25)
    assert scores["accuracy"] == pytest.approx(0.5)
    assert scores["support"] == 6


def test_only_stances_with_five_rows_count_for_the_supported_mean():
    scores = stance_scores(["favor"] * 5 + ["none"] * 4, ["favor"] * 5 + ["none"] * 4)
    assert scores["macro_f1_supported"] == 1.0
    assert scores["macro_f1"] == 0.5
    assert stance_scores(GOLD, PREDICTED)["macro_f1_supported"] is None


def test_confusion_is_gold_by_predicted_in_the_order_of_stances():
    assert confusion(GOLD, PREDICTED).tolist() == [[1, 0, 0, 1], [1, 0, 0, 0], [0, 0, 0, 0], [0, 1, 0, 2]]


def test_macro_f1_from_counts_equals_that_from_labels():
    counts = confusion(GOLD, PREDICTED)
    assert macro_f1_of_confusions(counts) == pytest.approx(stance_scores(GOLD, PREDICTED)["macro_f1"])


def test_the_metric_of_the_evaluate_library_works_offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    metric = StanceMetric()
    metric.add_batch(predictions=PREDICTED[:3], references=GOLD[:3])
    metric.add_batch(predictions=PREDICTED[3:], references=GOLD[3:])
    assert metric.compute() == stance_scores(GOLD, PREDICTED)


def test_means_run_over_annotated_targets_only():
    gold = np.array([[0, NOT_ANNOTATED], [3, NOT_ANNOTATED]])
    probabilities = np.zeros((2, 2, 4))
    probabilities[:, :, 0] = 1.0
    scores = system_scores(gold, probabilities, ["a", "b"], ["one", "two"])
    assert set(scores["targets"]) == {"one"}
    assert scores["mean"]["accuracy"] == 0.5
    low, high = scores["macro_f1_interval_95"]
    assert low <= scores["mean"]["macro_f1"] <= high


@needs_shared
def test_a_published_score_is_reproduced():
    """The predictions that TweetEval's authors released score F_avg 72.4, pooled over the five targets."""
    folder = SHARED / "data" / "benchmarks" / "semeval2016_tweeteval"
    names = {0: "none", 1: "against", 2: "favor"}
    gold, predicted = [], []
    for target in ("abortion", "atheism", "climate", "feminist", "hillary"):
        gold += [names[int(line)] for line in (folder / target / "test_labels.txt").read_text().split()]
        predicted += [
            names[int(line)] for line in (folder / "released_predictions" / f"{target}.txt").read_text().split()
        ]
    assert 100 * stance_scores(gold, predicted)["f_avg"] == pytest.approx(72.4, abs=0.05)


def test_scores_are_plain_json():
    assert json.loads(json.dumps(stance_scores(GOLD, PREDICTED)))["per_stance"].keys() == set(STANCES)
