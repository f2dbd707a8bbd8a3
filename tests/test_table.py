import csv
import io
import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
from conftest import ROOT
from pyarrow import parquet
from rich.console import Console

from govstance.errors import GovstanceError
from govstance.files import read_json
from govstance.inference.aggregate import Evidence, StanceAnswer, pool_documents
from govstance.inference.documents import Document
from govstance.inference.sources import Detected
from govstance.inference.table import stance_table
from govstance.reporting.stance_maps import CLASSES, stance_maps
from govstance.reporting.stance_page import PageFacts, stance_page
from govstance.reporting.stance_plots import timeline_plot
from govstance.reporting.stance_tables import print_table, row_to_json, write_table
from govstance.schema import STANCES
from govstance.targets import Target

TEXT = "Before it. The sentence itself. After it."
WORLD = read_json(ROOT / "data" / "world" / "world.json")
TARGET = Target("sanctions_support", "Support for sanctions", "a", "b", "c", "d")


def answered(name: str, date: str | None, stance: str, probability: float = 0.9, /, **fields):
    """A document that says of Kazakhstan one stance, with one sentence for it; `fields` of the answer are replaced."""
    rest = (1.0 - probability) / 3
    values = tuple(probability if stance == candidate else rest for candidate in STANCES)
    evidence = () if stance == "none" else (Evidence(11, 31, TEXT[11:31], stance, probability),)
    answer = StanceAnswer("KAZ", TARGET.id, stance, probability, values, evidence, n_passages=2)
    return Document(name, f"{TEXT} {name}", "en", date=date), [replace(answer, **fields)]


def only(rows):
    (row,) = rows
    return row


def test_one_document_keeps_its_answer_and_has_no_interval():
    row = only(stance_table([answered("a", "2022-04-05", "favor", 0.97)], period="all"))
    assert (row.stance, row.probability, row.interval) == ("favor", 0.97, None)
    assert (row.since, row.n_documents, row.n_stating, row.n_passages) == ("2022-04-05", 1, 1, 2)
    (sentence,) = row.sentences["favor"]
    assert (sentence.before, sentence.text, sentence.after) == ("Before it. ", "The sentence itself.", " After it. a")


def test_pooling_by_hand():
    # Directions 0.9 and 0.4 of favor, the rest against; weights 1 and 1: the geometric mean.
    values = np.array([[0.9, 0.1, 0.0, 0.0], [0.4, 0.6, 0.0, 0.0]])
    low = 1 - 1 / (1 + np.exp(-3.0))
    means = np.sqrt([0.9 * 0.4, 0.1 * 0.6, low * low])
    assert pool_documents(values) == pytest.approx([*(means / means.sum()), 0.0])


def test_a_document_surer_than_the_cap_counts_no_more_than_it():
    other = [0.2, 0.8, 0.0, 0.0]
    at_cap, beyond = (np.array([[sure, 1 - sure, 0.0, 0.0], other]) for sure in (1 / (1 + np.exp(-3.0)), 0.999999))
    assert pool_documents(at_cap) == pytest.approx(pool_documents(beyond))


def test_many_documents_that_say_nothing_do_not_contradict_one():
    silent = [answered(f"s{number}", "2022-01-01", "none", 0.97) for number in range(20)]
    row = only(stance_table([answered("a", "2022-02-01", "against"), *silent], period="all"))
    assert row.stance == "against"
    assert (row.n_stating, row.n_documents) == (1, 21)
    # A third of the draws leave the one document out: (20 / 21) ** 21 = 0.36.
    assert row.interval[0] < 0.1
    assert row.interval[1] > 0.8


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    """The truth is what very many documents of the same kind pool to."""
    generator = np.random.default_rng(4)

    def documents(n):
        return generator.uniform(0.3, 0.95, size=n)

    sure = documents(200_000)
    rest = (1 - sure) / 3
    truth = pool_documents(np.stack([sure, rest, rest, rest], axis=1))[0]
    covered = 0
    n_samples = 300
    for _ in range(n_samples):
        cell = [answered(str(number), None, "favor", sure) for number, sure in enumerate(documents(60))]
        low, high = only(stance_table(cell, period="all")).interval
        covered += low <= truth <= high
    assert 0.93 <= covered / n_samples <= 0.97


def test_the_order_of_the_documents_changes_nothing():
    documents = [answered("a", "2022-01-01", "favor"), answered("b", "2022-02-01", "against", 0.6)]
    documents += [answered("c", None, "none"), answered("d", "2022-02-01", "neutral", 0.7)]
    tables = [stance_table(order, period="month") for order in itertools.permutations(documents)]
    assert all(table == tables[0] for table in tables)
    assert [row.period for row in tables[0]] == ["2022-01", "2022-02", "undated"]


def test_a_copy_counts_once_in_its_period_and_where_it_says_the_same():
    first, answers = answered("b", "2022-01-09", "favor", 0.8)
    copy = replace(first, id="a", text=first.text.replace(" ", "\n\n").upper(), date="2022-01-20")
    later, otherwise = replace(first, id="d", date="2022-02-01"), replace(first, id="e", date="2022-01-21")
    documents = [
        (first, answers),
        (copy, [replace(answers[0], probability=0.7)]),
        answered("c", "2022-01-03", "favor", 0.6),
        (later, answers),
        (otherwise, answered("e", None, "against")[1]),
    ]
    tables = [stance_table(order, period="month") for order in itertools.permutations(documents)]
    assert all(table == tables[0] for table in tables)
    january, february = tables[0]
    assert (january.n_documents, january.n_copies, january.n_stating) == (3, 1, 3)
    assert (february.n_documents, february.n_copies) == (1, 0)
    assert {item.document for item in january.sentences["favor"]} == {"b"}  # the earlier one stands for both
    assert stance_table(documents, period="all")[0].n_copies == 2
    assert row_to_json(january, abstains=False)["n_copies"] == 1


def test_since_is_the_start_of_the_unbroken_run():
    documents = [
        answered("a", "2022-01-01", "favor"),
        answered("b", "2022-03-01", "against"),
        answered("c", "2022-05-01", "none"),
        answered("d", "2022-06-01", "against"),
    ]
    by_month = stance_table(documents, period="month")
    assert [(row.period, row.stance, row.since) for row in by_month] == [
        ("2022-01", "favor", "2022-01-01"),
        ("2022-03", "against", "2022-03-01"),
        ("2022-05", "none", None),
        ("2022-06", "against", "2022-03-01"),
    ]
    assert [row.period for row in stance_table(documents, period="year")] == ["2022"]


def test_strong_sentences_for_both_sides_conflict():
    against = (Evidence(11, 31, TEXT[11:31], "against", 0.6),)
    row = only(stance_table([answered("a", None, "favor", counter_evidence=against)], period="all"))
    assert (row.stance, row.leaning, row.since) == ("conflicting", "favor", None)
    assert [item.probability for item in row.sentences["against"]] == [0.6]
    assert only(stance_table([answered("a", None, "favor")], period="all")).stance == "favor"
    two, three = ([answered(f"f{number}", None, "favor") for number in range(count)] for count in (2, 3))
    assert only(stance_table([*two, answered("a", None, "against")], period="all")).stance == "conflicting"
    assert only(stance_table([*three, answered("a", None, "against")], period="all")).stance == "favor"


def test_abstentions_are_counted_and_left_out_of_the_pool():
    unsure = answered("u", "2022-01-02", "against", 0.5, stance="uncertain")
    row = only(stance_table([answered("a", "2022-01-01", "favor"), unsure], period="all"))
    assert (row.stance, row.probability, row.n_uncertain) == ("favor", 0.9, 1)
    assert row_to_json(row, abstains=True)["abstained_share"] == 0.5
    assert row_to_json(row, abstains=False)["abstained_share"] is None
    alone = only(stance_table([unsure], period="all"))
    assert (alone.stance, alone.leaning, alone.probability) == ("uncertain", None, None)


def test_another_period_is_an_error():
    with pytest.raises(GovstanceError, match="period: expected one of day, month, year, all; found week"):
        stance_table([], period="week")


@pytest.fixture
def documents():
    return [
        answered("a", "2022-01-01", "favor"),
        answered("b & <d>", "2022-02-01", "against"),
        answered("c", "2022-02-03", "against", 0.8),
    ]


def test_the_three_forms_say_the_same(documents, tmp_path):
    rows = stance_table(documents, period="month")
    for suffix in ("jsonl", "csv", "parquet"):
        write_table(tmp_path / f"t.{suffix}", rows, abstains=False)
    records = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text().splitlines()]
    assert parquet.read_table(tmp_path / "t.parquet").to_pylist() == records
    with (tmp_path / "t.csv").open(newline="") as stream:
        flat = list(csv.DictReader(stream))
    assert [row["stance"] for row in flat] == [record["stance"] for record in records] == ["favor", "against"]
    assert flat[0]["favor_sentences"] == "0.90 a, 2022-01-01: The sentence itself."
    assert flat[0]["low"] == ""
    assert records[1]["against_sentences"][0]["document"] == "b & <d>"
    with pytest.raises(GovstanceError, match=r"table: expected a name that ends in \.jsonl, \.csv, \.parquet; found"):
        write_table(tmp_path / "t.xlsx", rows, abstains=False)


def test_the_printed_table_fits_80_characters(documents):
    console = Console(file=io.StringIO(), width=80)
    print_table(console, stance_table(documents, period="month"))
    text = console.file.getvalue()
    assert "Kazakhstan" in text
    assert "2022-02-01" in text
    assert "against 0.8" in text


def test_the_page_shows_what_the_table_says(documents):
    facts = PageFacts(
        Detected.of(document for document, _ in documents), "builtin", "month", None, 0, [("x.pdf", "broken")], []
    )
    overall, by_month = (stance_table(documents, period=period) for period in ("all", "month"))
    page = stance_page(overall, by_month, targets=[TARGET], facts=facts)
    assert "On the map" not in page
    page = stance_page(overall, by_month, targets=[TARGET], facts=facts, world=WORLD)
    assert "<mark>The sentence itself.</mark> After it." in page
    assert 'href="#KAZ-sanctions_support"' in page
    assert 'id="KAZ-sanctions_support"' in page
    assert "conflicting, rather against" in page
    assert "<code>x.pdf</code>: broken" in page
    assert "b &amp; &lt;d&gt;" in page
    assert "On the map" in page
    assert "http" not in page


def test_a_map_marks_each_answer_and_links_to_its_section(documents):
    overall = stance_table([*documents, answered("p", None, "none", government="POL")], period="all")
    maps = stance_maps(overall, [TARGET], WORLD, {"KAZ"})
    drawn = maps["of_target"][TARGET.id]
    kazakhstan, poland, germany = (drawn["places"][code] for code in ("KAZ", "POL", "DEU"))
    assert (kazakhstan["class"].id, kazakhstan["link"]) == ("conflicting", f"KAZ-{TARGET.id}")
    assert kazakhstan["title"].startswith("Kazakhstan: conflicting, rather against 0.")
    assert kazakhstan["title"].endswith("; 3 of 3 documents state a position")
    assert (poland["class"].id, poland["link"]) == ("none", None)
    assert (germany["class"].id, germany["link"], germany["title"]) == ("unread", None, "Germany: no answer")
    assert [(item.id, count) for item, count in drawn["key"]] == [("conflicting", 1), ("none", 1), ("unread", 0)]
    assert len({item.pattern for item in CLASSES.values()}) == len(CLASSES)  # told apart without colours


def test_a_timeline_puts_favor_above_against(documents):
    rows = stance_table(documents, period="month")
    plot = timeline_plot({TARGET.id: rows}, 1020)
    favor, against = plot["lanes"][0]["marks"]
    assert favor["x"] < against["x"]
    assert favor["y"] < plot["lanes"][0]["middle"] < against["y"]
    assert favor["text"] == "2022-01: favor 0.90, 1 of 1 document"
    assert timeline_plot({TARGET.id: rows[:1]}, 1020) is None
