"""The shipped corpus holds what its datasheet says."""

from collections import Counter, defaultdict

import pytest
from conftest import ROOT, SHARED, TARGET_IDS, needs_shared

from govstance.corpus.agreement import read_annotations
from govstance.corpus.reader import read_rows
from govstance.corpus.splits import with_splits
from govstance.schema import STANCES

HELD_OUT_LANGUAGES = {"he", "sv", "vi"}
HELD_OUT_GOVERNMENTS = {"BWA", "GHA", "ISL", "LAO", "LKA", "URY"}


@pytest.fixture(scope="module")
def rows():
    return read_rows(sorted((ROOT / "data" / "corpus").glob("*.jsonl")), TARGET_IDS)


def test_every_row_is_good_and_no_document_is_in_two_splits(rows):
    assert len(with_splits(rows)) == len(rows) >= 5600


def test_files_hold_one_language_each():
    for path in (ROOT / "data" / "corpus").glob("*.jsonl"):
        assert {row.lang for row in read_rows([path], TARGET_IDS)} == {path.stem}


def test_splits_are_stratified_by_language(rows):
    splits = defaultdict(dict)
    for row in rows:
        splits[row.lang][row.group] = row.split
    assert len(splits) >= 28
    for lang, of_group in splits.items():
        counts = Counter(of_group.values())
        dealt = counts["train"] + counts["dev"] + counts["test"]
        # Dealt in parts, by the rarest stance of the text; each stratum rounds.
        assert counts["test"] == pytest.approx(0.15 * dealt, abs=max(3, 0.02 * dealt)), lang
        assert counts["dev"] == pytest.approx(0.15 * dealt, abs=max(3, 0.02 * dealt)), lang


def test_held_out_languages_and_governments_are_nowhere_else(rows):
    assert {row.split for row in rows if row.lang in HELD_OUT_LANGUAGES} == {"test_languages"}
    assert {row.lang for row in rows if row.split == "test_languages"} == HELD_OUT_LANGUAGES
    elsewhere = [row for row in rows if row.split in ("train", "dev", "test")]
    assert not {row.government for row in elsewhere} & HELD_OUT_GOVERNMENTS
    for group in {row.group for row in rows if row.split == "test_governments"}:
        assert any(row.government in HELD_OUT_GOVERNMENTS for row in rows if row.group == group)


def test_every_cell_and_phenomenon_has_enough_rows(rows):
    for target in TARGET_IDS:
        counts = Counter(row.labels[target] for row in rows)
        assert min(counts[stance] for stance in STANCES) >= 600, target
    phenomena = Counter(phenomenon for row in rows for phenomenon in row.phenomena)
    assert len(phenomena) == 16
    assert min(phenomena.values()) >= 150


def test_annotations_are_of_rows_of_the_corpus_or_of_a_text_before_it_was_mended(rows):
    known = {row.id for row in rows}
    ids = [value["id"] for value in read_annotations(ROOT / "data" / "annotations" / "composed.jsonl")]
    assert len(ids) == len(set(ids))
    assert sum(identity in known for identity in ids) > 0.9 * len(ids)


def test_every_stance_of_every_target_is_there(rows):
    for target in TARGET_IDS:
        assert {row.labels[target] for row in rows} >= set(STANCES)


def test_no_text_occurs_in_two_documents(rows):
    groups = defaultdict(set)
    for row in rows:
        groups[row.text].add(row.group)
    assert all(len(of_text) == 1 for of_text in groups.values())


@needs_shared
def test_the_guidelines_are_the_contract():
    shipped = (ROOT / "data" / "GUIDELINES.md").read_text(encoding="utf-8")
    assert shipped == (SHARED / "GUIDELINES.md").read_text(encoding="utf-8")
