from dataclasses import replace

import numpy as np
import pytest
from conftest import GOOD_ROW, TARGET_IDS, learnable_rows

from govstance.errors import GovstanceError
from govstance.models.baselines import BASELINES, check_every_target_is_labelled, fit_baseline, load_baseline
from govstance.schema import STANCES


def rows_with(stances, government="KAZ"):
    return [
        replace(GOOD_ROW, id=f"{government}{number}", government=government, labels=dict.fromkeys(TARGET_IDS, stance))
        for number, stance in enumerate(stances)
    ]


def predicted(baseline, rows):
    return [STANCES[index] for index in baseline.predict_probabilities(rows)[:, 0].argmax(axis=-1)]


def test_majority_gives_the_most_frequent_stance_to_all():
    train = rows_with(["favor", "favor", "against"]) + rows_with(["against"], "FRA")
    train += rows_with(["against"], "BRA")
    assert predicted(fit_baseline("majority", train, TARGET_IDS), rows_with(["none"], "KAZ")) == ["against"]


def test_country_prior_gives_each_government_its_own_and_strangers_the_majority():
    train = rows_with(["favor", "favor", "against"]) + rows_with(["against"] * 3, "FRA")
    baseline = fit_baseline("country_prior", train, TARGET_IDS)
    asked = rows_with(["none"], "KAZ") + rows_with(["none"], "FRA") + rows_with(["none"], "BRA")
    assert predicted(baseline, asked) == ["favor", "against", "against"]


def test_labels_not_annotated_do_not_count():
    train = rows_with([None, None, "neutral"])
    assert predicted(fit_baseline("majority", train, TARGET_IDS), train[:1]) == ["neutral"]


def test_tfidf_learns_from_words():
    rows = learnable_rows(300)
    train, test = rows[:500], rows[500:]
    baseline = fit_baseline("tfidf", train, TARGET_IDS)
    right = np.mean([a == row.labels[TARGET_IDS[0]] for a, row in zip(predicted(baseline, test), test, strict=True)])
    assert right > 0.4  # chance is 0.25; the words of the other government in the text are noise to it


def test_tfidf_with_one_stance_in_training_always_says_it():
    train = rows_with(["favor"] * 5)
    assert predicted(fit_baseline("tfidf", train, TARGET_IDS), train[:1]) == ["favor"]


@pytest.mark.parametrize("kind", BASELINES)
def test_a_saved_baseline_answers_the_same(kind, tmp_path):
    rows = learnable_rows(60)
    baseline = fit_baseline(kind, rows, TARGET_IDS)
    probabilities = baseline.predict_probabilities(rows)
    assert probabilities.shape == (len(rows), 3, 4)
    assert probabilities.sum(axis=-1) == pytest.approx(1.0)
    baseline.save(tmp_path)
    assert load_baseline(kind, tmp_path).predict_probabilities(rows) == pytest.approx(probabilities)


def test_a_target_without_a_label_is_named_before_anything_is_fitted():
    last = TARGET_IDS[-1]
    (row,) = rows_with(["favor"])
    unlabelled = replace(row, labels=row.labels | {last: None})
    with pytest.raises(GovstanceError, match=f"no training row has a label for the target {last}"):
        check_every_target_is_labelled([unlabelled], TARGET_IDS)
    check_every_target_is_labelled([unlabelled, row], TARGET_IDS)
