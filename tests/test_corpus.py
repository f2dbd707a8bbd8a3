"""The shipped corpus holds what its datasheet says."""

from collections import Counter, defaultdict

import pytest
from conftest import ROOT, SHARED, TARGET_IDS, needs_shared

from govstance.corpus.reader import read_rows
from govstance.corpus.splits import with_splits
from govstance.schema import STANCES


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
        assert counts["test"] == pytest.approx(0.15 * len(of_group), abs=1), lang
        assert counts["dev"] == pytest.approx(0.15 * len(of_group), abs=1), lang


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
