"""What the benchmarks of pooled rows count, on rows whose answer is known by hand."""

import json
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT, learnable_rows

from benchmarks.cells import agreed_stance, cell_scores, labelled_cells, measured, table_of
from benchmarks.pooling import Mix, figures, pool_of, pooled_sets
from govstance.evaluation.results import NOT_ANNOTATED
from govstance.files import write_jsonl
from govstance.inference.aggregate import StanceAnswer
from govstance.schema import STANCES, Row

TARGETS = ["annexation_recognition", "sanctions_support"]


def row(number, government, date, **labels):
    whole = dict.fromkeys(TARGETS) | labels
    text = f"Text number {number} of its own words: {'abcdefgh'[number % 8] * (number + 3)}."
    return Row(f"r{number}", text, "en", date, "test", f"g{number}", government, "mentioned", whole)


ROWS = [
    row(0, "KAZ", "2022-04-01", annexation_recognition="against", sanctions_support="none"),
    row(1, "KAZ", "2022-04-20", annexation_recognition="none", sanctions_support="none"),
    row(2, "KAZ", "2022-05-01", annexation_recognition="favor"),
    row(3, "BLR", "2022-04-02", annexation_recognition="favor", sanctions_support="against"),
    row(4, "BLR", "2022-04-03", annexation_recognition="against", sanctions_support="neutral"),
    row(5, "BLR", None, annexation_recognition="none"),
]


def sure(*stances):
    """Probabilities of 0.97 for each stance."""
    table = np.full((len(stances), len(TARGETS), len(STANCES)), 0.01)
    for index, of_row in enumerate(stances):
        for target, stance in enumerate(of_row):
            table[index, target, STANCES.index(stance)] = 0.97
    return table


@pytest.mark.parametrize(
    ("counts", "stance"),
    [
        ({"none": 3}, "none"),
        ({"none": 30, "neutral": 1}, "neutral"),
        ({"favor": 8, "against": 3}, "favor"),
        ({"favor": 7, "against": 3}, None),  # three in ten: conflicting
        ({"favor": 1, "neutral": 1}, None),
        ({"favor": 1, "neutral": 2}, "neutral"),
    ],
)
def test_what_a_cell_is_labelled(counts, stance):
    assert agreed_stance(counts) == stance


def test_cells_are_of_a_government_and_period():
    cells = labelled_cells(ROWS, TARGETS, "month")
    assert cells.places == [("BLR", "2022-04"), ("BLR", "undated"), ("KAZ", "2022-04"), ("KAZ", "2022-05")]
    none, against, favor = STANCES.index("none"), STANCES.index("against"), STANCES.index("favor")
    assert cells.gold.tolist() == [
        [NOT_ANNOTATED, NOT_ANNOTATED],  # favor and against; against and neutral
        [none, NOT_ANNOTATED],
        [against, none],
        [favor, NOT_ANNOTATED],
    ]
    assert cells.n_disagreeing == 2


def test_positions_are_counted_by_hand():
    answers = sure(
        ("against", "none"),
        ("none", "none"),
        ("against", "none"),  # wrong: favor
        ("favor", "against"),
        ("against", "none"),
        ("favor", "none"),  # wrong: none
    )
    scores = cell_scores(labelled_cells(ROWS, TARGETS, "month"), table_of(ROWS, answers, TARGETS, "month"), TARGETS)
    assert scores["positions"] == {"held": 2, "said": 3, "recall": 1 / 2, "precision": 1 / 3}
    assert scores["accuracy"] == pytest.approx(2 / 4)
    # favor 0, against 2/3, neutral and none 0 for the first target; none 1, the rest 0 for the second.
    assert scores["macro_f1"] == pytest.approx(((2 / 3) / 4 + 1 / 4) / 2)


def test_another_period_makes_other_cells():
    report = measured(ROWS, {"a": sure(*[("none", "none")] * 6)}, TARGETS, "all")
    # Both governments disagree with themselves on the annexation, Belarus on sanctions too.
    assert (report["governments"], report["cells"], report["cells_left_out"]) == (2, 1, 3)
    assert report["systems"]["a"]["positions"] == {"held": 0, "said": 0, "recall": None, "precision": None}


def test_it_answers_with_the_model_and_its_baselines(tmp_path):
    write_jsonl(tmp_path / "rows.jsonl", [of_row.to_json() for of_row in learnable_rows(4)])
    command = [sys.executable, "-m", "benchmarks.cells", "--files", str(tmp_path / "rows.jsonl"), "--period", "all"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    systems = json.loads(result.stdout)["systems"]
    assert list(systems)[1:] == ["majority", "country_prior"]  # what the package carries
    assert all(0 <= scores["accuracy"] <= 1 for scores in systems.values())


def test_drawn_sets_hold_what_their_mix_says():
    rows = [row(number, "KAZ", None, annexation_recognition="favor") for number in range(8)]
    rows += [row(number, "POL", None, annexation_recognition="none") for number in range(8, 16)]
    answers = {}
    for of_row in rows:
        stance = of_row.labels["annexation_recognition"]
        values = tuple(0.97 if name == stance else 0.01 for name in STANCES)
        answers[of_row.id] = {
            "annexation_recognition": StanceAnswer(of_row.government, "annexation_recognition", stance, 0.97, values)
        }
    pool = pool_of(rows, answers)
    drawn = pooled_sets(pool, Mix(2, 1.0, 3), "annexation_recognition", "favor", n_sets=4, seed=0)
    assert [(of_set.n_documents, of_set.n_stating, of_set.leaning) for of_set in drawn] == [(5, 2, "favor")] * 4
    assert [figure["right"] for figure in figures(drawn, "favor")] == [True] * 4
    # Too few texts to draw different sets from.
    assert pooled_sets(pool, Mix(5, 1.0, 0), "annexation_recognition", "favor", n_sets=4, seed=0) == []
