import math

import pytest
from conftest import ROOT, TARGET_IDS

from govstance.config import CorpusConfig, PathsConfig, PrepareConfig
from govstance.corpus.agreement import agreement_of_annotators, read_annotations
from govstance.corpus.composed import annotation_records, read_composed, to_rows
from govstance.errors import BadRowsError, GovstanceError
from govstance.jobs.prepare import run_preparation
from govstance.targets import load_targets

TARGETS = load_targets(ROOT / "data" / "targets.yaml")

TEXT = {
    "text": "Minsk and Moscow signed.",
    "lang": "en",
    "date": "2023-05-25",
    "genre": "wire",
    "stances": {"BLR": "-af", "RUS": "f--"},
    "speaker": "BLR",
    "phenomena": ["act"],
    "second": {"BLR": "--f", "RUS": "f--", "POL": "---", "LTU": "-fa"},
}


def test_letters_become_labels(write_rows):
    rows = {row.government: row for row in to_rows(read_composed([write_rows(TEXT)], 3), TARGETS)}
    assert rows["BLR"].labels == dict(zip(TARGET_IDS, ("none", "against", "favor"), strict=True))
    assert rows["BLR"].role == "speaker"
    assert rows["RUS"].role == "mentioned"
    assert rows["BLR"].group == rows["RUS"].group == rows["BLR"].id.removesuffix(":BLR")
    assert rows["BLR"].phenomena == ("act",)


def test_alliance_of_the_warring_parties_is_not_annotated(write_rows):
    rows = {row.government: row for row in to_rows(read_composed([write_rows(TEXT)], 3), TARGETS)}
    assert rows["RUS"].labels["russia_alliance"] is None
    assert rows["RUS"].labels["annexation_recognition"] == "favor"


def test_a_government_only_the_second_annotator_saw_enters_when_silent(write_rows):
    rows = {row.government: row for row in to_rows(read_composed([write_rows(TEXT)], 3), TARGETS)}
    assert set(rows) == {"BLR", "RUS", "POL"}
    assert set(rows["POL"].labels.values()) == {"none"}


def test_ids_do_not_depend_on_the_order_of_texts(write_rows):
    other = TEXT | {"text": "Another text."}
    forward = to_rows(read_composed([write_rows(TEXT, other)], 3), TARGETS)
    backward = to_rows(read_composed([write_rows(other, TEXT)], 3), TARGETS)
    assert {(row.id, row.split) for row in forward} == {(row.id, row.split) for row in backward}


def test_adjudicated_labels_win(write_rows):
    rows = to_rows(read_composed([write_rows(TEXT | {"final": {"BLR": "-nf", "LTU": "-fa"}})], 3), TARGETS)
    assert {row.government: row.labels["sanctions_support"] for row in rows} == {"BLR": "neutral", "LTU": "favor"}


def test_a_text_may_name_its_source(write_rows):
    rows = to_rows(read_composed([write_rows(TEXT, TEXT | {"text": "Other.", "source": "elsewhere"})], 3), TARGETS)
    assert {row.source for row in rows} == {"govstance-composed", "elsewhere"}


def test_a_frozen_split_stays_and_others_are_dealt(write_rows):
    texts = [TEXT | {"text": f"Text {number}.", "split": "test_governments"} for number in range(3)]
    texts += [TEXT | {"text": f"New text {number}."} for number in range(40)]
    splits = [row.split for row in to_rows(read_composed([write_rows(*texts)], 3), TARGETS) if row.government == "BLR"]
    assert splits[:3] == ["test_governments"] * 3
    assert {name: splits[3:].count(name) for name in ("train", "dev", "test")} == {"train": 28, "dev": 6, "test": 6}


def test_annotations_hold_what_both_listed(write_rows):
    texts = read_composed([write_rows(TEXT)], 3)
    records = {value["id"]: value for value in annotation_records(texts, TARGETS)}
    assert set(records) == {f"{texts[0].group}:BLR", f"{texts[0].group}:RUS"}
    found = records[f"{texts[0].group}:BLR"]
    assert (found["first"]["sanctions_support"], found["second"]["sanctions_support"]) == ("against", "none")


def test_agreement_by_hand():
    def record(lang, first, second):
        return {"id": "x", "lang": lang, "first": {"t": first}, "second": {"t": second}}

    records = [
        record("en", "against", "none"), record("en", "none", "none"), record("de", "none", "none"),
        record("de", None, "none"),
    ]  # fmt: skip
    found = agreement_of_annotators(records, ["t"])
    # All: two of three alike; by chance 2/3 * 1 + 1/3 * 0, so kappa is 0.
    assert found["t", "all"].n_rows == 3
    assert found["t", "all"].share == pytest.approx(2 / 3)
    assert found["t", "all"].kappa == pytest.approx(0.0)
    assert (found["t", "de"].n_rows, found["t", "de"].share) == (1, 1.0)
    assert math.isnan(found["t", "de"].kappa)


def test_broken_annotations_are_explained(write_rows, tmp_path):
    with pytest.raises(BadRowsError, match=r"1: expected the fields id, lang, first and second"):
        read_annotations(write_rows({"id": "x", "labels": {}}))
    with pytest.raises(GovstanceError, match=r"no such file; expected the labels of two annotators"):
        read_annotations(tmp_path / "absent.jsonl")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stances": {"BLR": "-x"}}, r'1: field "stances\.BLR": expected 3 letters of f, a, n, -; found \'-x\''),
        ({"split": "later"}, "field \"split\": expected one of train, dev, .*; found 'later'"),
        ({"stances": {"EU": "---"}}, r"expected ISO 3166-1 alpha-3 codes, found 'EU'"),
    ],
)
def test_broken_texts_are_explained(write_rows, change, message):
    with pytest.raises(BadRowsError, match=message):
        read_composed([write_rows(TEXT | change)], 3)


def config_of(path, tmp_path):
    return PrepareConfig(
        paths=PathsConfig(),
        corpus=CorpusConfig(files=[], form="composed", path=str(path), output=str(tmp_path / "corpus")),
        annotations=str(tmp_path / "annotations.jsonl"),
    )


def test_nothing_is_written_when_a_text_occurs_twice(write_rows, tmp_path):
    with pytest.raises(GovstanceError, match=r"1 texts occur twice"):
        run_preparation(config_of(write_rows(TEXT, TEXT), tmp_path), tmp_path)
    assert not (tmp_path / "corpus").exists()


def test_preparation_writes_one_file_a_language(write_rows, tmp_path):
    path = write_rows(TEXT, TEXT | {"text": "Les deux ont signé.", "lang": "fr"})
    result = run_preparation(config_of(path, tmp_path), tmp_path)
    assert list(result.written.values()) == [3, 3]
    assert sorted(path.name for path in (tmp_path / "corpus").iterdir()) == ["en.jsonl", "fr.jsonl"]
    assert len(read_annotations(tmp_path / "annotations.jsonl")) == 4
    assert result.agreement["annexation_recognition", "all"].share == 1.0
    assert "Agreement of two annotators" in (tmp_path / "report.md").read_text(encoding="utf-8")
