import pytest
from conftest import ROOT, TARGET_IDS

from govstance.config import PathsConfig, PrepareConfig
from govstance.corpus.agreement import agreement
from govstance.corpus.composed import read_composed, second_labels, to_rows
from govstance.errors import BadRowsError, GovstanceError
from govstance.files import read_json
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


def test_second_labels_carry_the_ids_of_the_rows(write_rows):
    texts = read_composed([write_rows(TEXT)], 3)
    second = {value["id"]: value["labels"] for value in second_labels(texts, TARGETS)}
    assert second[f"{texts[0].group}:BLR"]["sanctions_support"] == "none"


def test_agreement_by_hand(write_rows):
    texts = read_composed([write_rows(TEXT)], 3)
    rows = to_rows(texts, TARGETS)
    second = {value["id"]: value["labels"] for value in second_labels(texts, TARGETS)}
    found = agreement(rows, second, TARGET_IDS)
    # Sanctions: BLR against/none, RUS none/none, POL none/none: two of three alike; by chance 2/3 * 1 + 1/3 * 0.
    assert found["sanctions_support"].n_rows == 3
    assert found["sanctions_support"].share == pytest.approx(2 / 3)
    assert found["sanctions_support"].kappa == pytest.approx(0.0)
    assert found["russia_alliance"].n_rows == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stances": {"BLR": "-x"}}, r'1: field "stances\.BLR": expected 3 letters of f, a, n, -; found \'-x\''),
        ({"stances": {"EU": "---"}}, r"expected ISO 3166-1 alpha-3 codes, found 'EU'"),
    ],
)
def test_broken_texts_are_explained(write_rows, change, message):
    with pytest.raises(BadRowsError, match=message):
        read_composed([write_rows(TEXT | change)], 3)


def test_nothing_is_written_when_a_text_occurs_twice(write_rows, tmp_path):
    config = PrepareConfig(
        paths=PathsConfig(),
        composed=[str(write_rows(TEXT, TEXT))],
        output=str(tmp_path / "corpus"),
        second_labels=str(tmp_path / "second.jsonl"),
    )
    with pytest.raises(GovstanceError, match="1 texts occur twice"):
        run_preparation(config)
    assert not (tmp_path / "corpus").exists()


def test_preparation_writes_one_file_a_language(write_rows, tmp_path):
    config = PrepareConfig(
        paths=PathsConfig(),
        composed=[str(write_rows(TEXT, TEXT | {"text": "Les deux ont signé.", "lang": "fr"}))],
        output=str(tmp_path / "corpus"),
        second_labels=str(tmp_path / "second.jsonl"),
    )
    written = run_preparation(config)
    assert (written.n_texts, written.n_rows) == ({"en": 1, "fr": 1}, {"en": 3, "fr": 3})
    assert sorted(path.name for path in (tmp_path / "corpus").iterdir()) == ["en.jsonl", "fr.jsonl"]
    first = (tmp_path / "second.jsonl").read_text().splitlines()[0]
    (tmp_path / "one.json").write_text(first)
    assert set(read_json(tmp_path / "one.json")) == {"id", "labels"}
