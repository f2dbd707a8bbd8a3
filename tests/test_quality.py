"""The gate: every check has a broken corpus that must be refused, and the text of its error."""

import random

import pytest
from conftest import GOOD_ROW, ROOT, TARGET_IDS

from govstance.config import CorpusConfig, PathsConfig, PrepareConfig, QualityConfig
from govstance.corpus.counts import corpus_tables
from govstance.corpus.label_errors import cross_validated, read_predictions, review_queue
from govstance.corpus.quality import check_quality, duplicate_pairs
from govstance.corpus.reader import read_rows
from govstance.errors import BadRowsError, GovstanceError
from govstance.files import read_json
from govstance.jobs.prepare import pass_gate, run_preparation
from govstance.schema import row_from_json

LONG = (
    "The ministry in Astana said on Tuesday that it would keep its passport rules for residents of the peninsula as "
    "they have been since 2014, and that the new ferry timetable has no bearing on them."
)


def row(name, text=LONG, split="train", **changes):
    value = GOOD_ROW.to_json() | {"id": name, "group": name, "text": text, "split": split} | changes
    return row_from_json(value, TARGET_IDS)


def check(rows, **changes):
    return check_quality(rows, **({"near_duplicate_similarity": 0.8, "across_splits_allowed": False} | changes))


def test_the_same_text_in_two_splits_is_an_error():
    with pytest.raises(GovstanceError) as error:
        check([row("a"), row("b", split="test")])
    message = str(error.value)
    assert "1 pairs of documents in two splits have the same text" in message
    assert "a (train) and b (test), similarity 1.00" in message
    assert 'Give both the same "group" and "split", or drop one.' in message


def test_nearly_the_same_text_in_two_splits_is_an_error():
    with pytest.raises(GovstanceError, match=r"a \(train\) and b \(dev\), similarity 0\.[89]"):
        check([row("a"), row("b", LONG.replace("Tuesday", "Friday"), split="dev")])


def test_duplicates_within_a_split_are_a_warning():
    findings = check([row("a"), row("b")])
    assert findings.warnings() == [
        "1 pairs of texts are the same or nearly so: a (train) and b (train), similarity 1.00"
    ]


def test_duplicates_of_a_public_benchmark_may_be_let_through():
    assert len(check([row("a"), row("b", split="test")], across_splits_allowed=True).duplicates) == 1


def test_texts_of_one_document_and_unlike_texts_are_no_duplicates():
    other = "A dairy in the south of the country has doubled its output of yoghurt since the spring, its owner said."
    assert duplicate_pairs([row("a"), row("a2", LONG + " ", group="a"), row("b", other)], 0.8) == []


def test_short_texts_are_duplicates_only_when_they_are_the_same():
    assert duplicate_pairs([row("a", "The war in Ukraine"), row("b", "the war in Ukraine.")], 0.5) == []
    assert len(duplicate_pairs([row("a", "The war in Ukraine"), row("b", "The war in Ukraine")], 0.5)) == 1


def test_a_document_in_two_splits_is_an_error():
    with pytest.raises(GovstanceError, match=r"group 'g' is in two splits"):
        check([row("a", group="g"), row("b", "Other words.", group="g", split="test")])


def test_a_text_that_is_not_in_its_language_is_a_warning():
    german = "Die Regierung in Bern hat am Mittwoch beschlossen, die Verordnung unverändert in Kraft zu lassen."
    assert check([row("a", german), row("b")]).warnings() == [
        "1 texts do not look like their language: 1 tagged en look like de (first: a)"
    ]


def test_the_rule_for_duplicates_has_two_values():
    with pytest.raises(
        GovstanceError, match=r"duplicates_across_splits: expected one of error, warning; found 'ignore'"
    ):
        pass_gate([row("a")], QualityConfig(duplicates_across_splits="ignore"))


def test_the_review_queue_finds_a_label_that_was_turned_round():
    rng = random.Random(0)
    rows = []
    for number in range(120):
        stance, verb = (("favor", "recognises"), ("against", "rejects"), ("none", "visits"))[number % 3]
        text = f"The government {verb} the {rng.choice(['peninsula', 'region', 'province'])}, note {number}."
        rows.append(row(f"r{number}", text, labels={"annexation_recognition": stance}))
    rows[0] = row("r0", rows[0].text, labels={"annexation_recognition": "against"})
    queue = review_queue(rows, cross_validated(rows, TARGET_IDS))
    assert [(entry["id"], entry["given"], entry["suggested"]) for entry in queue] == [("r0", "against", "favor")]
    assert queue[0]["probability_of_suggested"] > queue[0]["probability_of_given"]
    assert queue[0]["text"] == rows[0].text


def test_targets_with_too_few_labels_have_no_queue():
    assert cross_validated([row("a"), row("b")], TARGET_IDS) == {}


def test_the_queue_can_rest_on_the_predictions_of_a_model(write_rows):
    rows = [row(f"r{number}", labels={"annexation_recognition": "none"}) for number in range(20)]
    rows += [row(f"s{number}", labels={"annexation_recognition": "favor"}) for number in range(20)]

    def prediction(item, favor):
        values = {"favor": favor, "against": 0.0, "neutral": 0.0, "none": 1 - favor}
        return {"id": item.id, "target": "annexation_recognition", "probabilities": values}

    predictions = [prediction(item, 0.95 if item.id == "r3" or item.id[0] == "s" else 0.05) for item in rows]
    found = read_predictions(write_rows(*predictions), TARGET_IDS)
    assert [(entry["id"], entry["suggested"]) for entry in review_queue(rows, found)] == [("r3", "favor")]


def test_broken_predictions_are_explained(write_rows, tmp_path):
    with pytest.raises(BadRowsError, match=r"1: expected an object with id, target and probabilities of all stances"):
        read_predictions(write_rows({"id": "a", "target": "sanctions_support", "probabilities": {}}), TARGET_IDS)
    with pytest.raises(GovstanceError, match=r"no such file; expected the predictions.jsonl of an evaluation"):
        read_predictions(tmp_path / "absent.jsonl", TARGET_IDS)
    with pytest.raises(GovstanceError, match=r"expected predictions on .*, found none"):
        read_predictions(write_rows({"id": "a", "target": "football"}), TARGET_IDS)


def test_tables_count_what_is_there():
    rows = [row("a"), row("a2", group="a", government="FRA", role="speaker"), row("b", "Other words.", split="test")]
    tables = {table.title: table for table in corpus_tables(rows, TARGET_IDS)}
    assert ("texts", "2") in tables["In all"].lines
    assert ("rows", "3") in tables["In all"].lines
    assert tables["By split"].lines == [("train", "1", "2"), ("test", "1", "1")]
    stances = dict((line[0], line[1:]) for line in tables["Rows by target and stance"].lines)
    assert stances["annexation_recognition"] == ("0", "3", "0", "0", "0", "0.0%")
    assert stances["russia_alliance"] == ("0", "0", "0", "0", "3", "-")
    assert "| target | favor | against | neutral | none | null | share of none |" in (
        tables["Rows by target and stance"].markdown()
    )


def test_a_government_whose_labels_lean_is_listed():
    rows = [row(f"r{number}", f"Text {number}.") for number in range(20)]
    table = corpus_tables(rows, TARGET_IDS)[-1]
    assert ("KAZ, annexation_recognition", "0", "20", "0") in table.lines


def prepare_config(tmp_path, **corpus):
    paths = PathsConfig(data=str(ROOT / "data"), outputs=str(tmp_path))
    return PrepareConfig(paths=paths, corpus=CorpusConfig(**corpus), report=str(tmp_path / "report"))


def test_prepare_checks_rows_and_writes_report_and_manifest(tmp_path, write_rows):
    path = write_rows(row("a").to_json(), row("b", "Other words.", split="test").to_json())
    result = run_preparation(prepare_config(tmp_path, files=[str(path)]), tmp_path)
    assert result.written == {}
    manifest = read_json(tmp_path / "report" / "manifest.json")
    assert manifest["files"][0]["file"] == "rows.jsonl"
    assert "**Rows by target and stance**" in (tmp_path / "report" / "report.md").read_text(encoding="utf-8")


def test_prepare_refuses_a_corpus_that_leaks_and_writes_nothing(tmp_path, write_rows):
    path = write_rows(row("a").to_json(), row("b", split="test").to_json())
    with pytest.raises(GovstanceError, match=r"in two splits"):
        run_preparation(prepare_config(tmp_path, files=[str(path)]), tmp_path)
    assert not (tmp_path / "report").exists()


def test_the_shipped_report_is_of_the_shipped_corpus():
    manifest = read_json(ROOT / "data" / "report" / "manifest.json")
    rows = read_rows(sorted((ROOT / "data" / "corpus").glob("*.jsonl")), TARGET_IDS)
    counted = dict(manifest["tables"][0]["lines"])
    assert counted["rows"] == f"{len(rows):,}"
    assert counted["texts"] == f"{len({item.group for item in rows}):,}"
    assert check(rows).warnings() == manifest["warnings"]
