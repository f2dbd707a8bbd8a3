import logging
from dataclasses import replace

import pytest
from conftest import GOOD_ROW

from govstance.corpus.splits import (
    check_groups_whole,
    hold_out,
    in_split,
    stratified_splits,
    with_splits,
    without_sources,
)
from govstance.errors import GovstanceError


def test_each_stratum_is_cut_in_the_same_shares():
    strata = {lang: [f"{lang}{number}" for number in range(40)] for lang in ("de", "fr")}
    splits = stratified_splits(strata)
    for groups in strata.values():
        counts = [sum(splits[group] == name for group in groups) for name in ("train", "dev", "test")]
        assert counts == [28, 6, 6]


def test_rows_without_splits_are_dealt_out_by_group():
    rows = [
        replace(GOOD_ROW, id=f"{group}:{government}", group=str(group), government=government, split=None)
        for group in range(40)
        for government in ("KAZ", "FRA")
    ]
    dealt = with_splits(rows)
    assert {row.split for row in dealt} == {"train", "dev", "test"}
    assert with_splits(list(reversed(rows)))[::-1] == dealt


def test_a_group_in_two_splits_is_an_error_that_names_both_rows():
    rows = [replace(GOOD_ROW, id="a", split="train"), replace(GOOD_ROW, id="b", split="test")]
    with pytest.raises(GovstanceError, match="group 't1' is in two splits: row 'a' in 'train', row 'b' in 'test'"):
        check_groups_whole(rows)


def test_splits_in_some_rows_only_are_an_error():
    rows = [replace(GOOD_ROW, id="a", split="train"), replace(GOOD_ROW, id="b", group="t2", split=None)]
    with pytest.raises(GovstanceError, match="1 of 2 rows have no split"):
        with_splits(rows)


def test_sources_can_be_left_out_and_are_counted(caplog):
    rows = [replace(GOOD_ROW, id="a"), replace(GOOD_ROW, id="b", source="other")]
    with caplog.at_level(logging.INFO):
        assert without_sources(rows, ["other", "absent"]) == rows[:1]
    assert "not trained on: 1 rows of the source other" in caplog.text
    assert "not trained on: 0 rows of the source absent" in caplog.text


def test_an_empty_split_is_an_error_with_the_counts():
    with pytest.raises(GovstanceError, match="'dev' has no rows: expected at least one; found train 1, dev 0, test 0"):
        in_split([replace(GOOD_ROW, split="train")], "dev")


def held_out_corpus():
    return [
        replace(GOOD_ROW, id="1", group="a", split="train", government="TUR"),
        replace(GOOD_ROW, id="2", group="a", split="train"),
        replace(GOOD_ROW, id="3", group="b", split="dev", lang="ar"),
        replace(GOOD_ROW, id="4", group="c", split="train"),
        replace(GOOD_ROW, id="5", group="d", split="test", government="TUR"),
        replace(GOOD_ROW, id="6", group="e", split="test", lang="ar"),
    ]


def test_a_held_out_government_takes_its_documents_along_and_leaves_test_alone():
    kept, held_out = hold_out(held_out_corpus(), [], ["TUR"])
    assert [row.id for row in held_out] == ["1"]
    assert [row.id for row in kept] == ["3", "4", "5", "6"]


def test_languages_and_governments_are_held_out_together_and_nothing_where_none_is_named():
    kept, held_out = hold_out(held_out_corpus(), ["ar"], ["TUR"])
    assert [row.id for row in held_out] == ["1", "3"]
    assert [row.id for row in kept] == ["4", "5", "6"]
    assert hold_out(held_out_corpus(), [], []) == (held_out_corpus(), [])


@pytest.mark.parametrize(("languages", "governments"), [(["arabic"], []), ([], ["FRA"])])
def test_what_has_no_row_cannot_be_held_out(languages, governments):
    with pytest.raises(
        GovstanceError, match=r"corpus.held_out.(languages: .* ar, en; found arabic|governments: .*FRA)"
    ):
        hold_out(held_out_corpus(), languages, governments)
