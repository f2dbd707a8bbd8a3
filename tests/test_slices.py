from dataclasses import replace

import numpy as np
import pytest
from conftest import GOOD_ROW

from govstance.evaluation.slices import KINDS, slice_scores
from govstance.reporting.details import SLICES_SHOWN, slices_section

ROWS = [
    replace(GOOD_ROW, id="1", group="a", genre="news", phenomena=("negation", "balance"), text="word " * 39),
    replace(GOOD_ROW, id="2", group="a", government="FRA", text="word " * 40),
    replace(GOOD_ROW, id="3", group="b", lang="de", date=None, text="word " * 500),
    replace(GOOD_ROW, id="4", group="c", lang="fr"),
]
# Two targets; nobody labelled the last row.
GOLD = np.array([[0, 3], [1, -1], [3, -1], [-1, -1]])
PREDICTED = np.array([[0, 0], [0, 0], [3, 0], [0, 0]])


def of(kind):
    return {item["slice"]: item for item in slice_scores(ROWS, GOLD, PREDICTED)[kind]}


def test_slices_by_hand():
    english = of("language")["en"]
    assert english["n_rows"] == 2
    # First target: favor 1 right of 2 predicted and 1 gold, F1 2/3, the others 0; second: all wrong.
    assert english["macro_f1"] == pytest.approx((2 / 3 / 4 + 0) / 2)
    assert english["accuracy"] == pytest.approx(1 / 3)
    # The second target has no label in German and does not count.
    assert of("language")["de"]["macro_f1"] == pytest.approx(1 / 4)
    assert of("language")["de"]["macro_f1_interval_95"] == [0.25, 0.25]
    assert of("language")["de"]["few_rows"]


def test_rows_are_in_every_slice_that_holds_them_and_unlabelled_ones_in_none():
    assert set(of("language")) == {"en", "de"}
    assert set(of("phenomenon")) == {"negation", "balance", "unknown"}
    assert {name: item["n_rows"] for name, item in of("length in words").items()} == {
        "0 to 39": 1,
        "40 to 79": 1,
        "160 or more": 1,
    }
    assert set(of("year")) == {"2022", "unknown"}
    assert set(of("genre")) == {"news", "unknown"}
    assert set(slice_scores(ROWS, GOLD, PREDICTED)) == set(KINDS)


def test_twenty_rows_are_not_few():
    rows = [replace(GOOD_ROW, id=str(number), group=str(number)) for number in range(20)]
    assert not slice_scores(rows, np.zeros((20, 1), int), np.zeros((20, 1), int))["role"][0]["few_rows"]


def test_the_report_shows_the_largest_and_says_what_it_leaves_out():
    rows = [
        replace(GOOD_ROW, id=f"{year}{number}", group=f"{year}{number}", date=f"{2000 + year}-01-01")
        for year in range(SLICES_SHOWN + 2)
        for number in range(20 - year)
    ]
    gold = np.zeros((len(rows), 1), int)
    text = "\n".join(slices_section(slice_scores(rows, gold, gold)))
    assert "| year: 2000 | 20 | 0.250 | 0.250 to 0.250 | 1.000 |" in text
    assert "| year: 2001 | 19 (!) |" in text
    assert "year: 2013" not in text
    assert "| year: 2 smaller ones in metrics.json |" in text
