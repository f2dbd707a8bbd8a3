import logging

import pytest
from conftest import GOOD_ROW, TARGET_IDS

from govstance.corpus.reader import read_rows
from govstance.errors import BadRowsError, GovstanceError


def test_rows_come_back_in_order(write_rows):
    first, second = GOOD_ROW.to_json(), GOOD_ROW.to_json() | {"id": "t2:KAZ"}
    rows = read_rows([write_rows(first, "", second)], TARGET_IDS)
    assert [row.id for row in rows] == ["t1:KAZ", "t2:KAZ"]


def test_all_bad_rows_are_listed_with_line_and_field(write_rows):
    bad = GOOD_ROW.to_json() | {"id": "t2:KAZ", "lang": "xx"}
    path = write_rows(GOOD_ROW.to_json(), bad, "{not json")
    with pytest.raises(BadRowsError) as error:
        read_rows([path], TARGET_IDS)
    message = str(error.value)
    assert f"{path}: 2 problems, nothing was written." in message
    assert f"{path}:2: row 't2:KAZ': field \"lang\": expected an ISO 639-1 code" in message
    assert f"{path}:3: expected one JSON object a line, found" in message


def test_twenty_problems_are_shown_and_all_are_counted(write_rows):
    bad = [GOOD_ROW.to_json() | {"id": str(number), "role": "x"} for number in range(25)]
    with pytest.raises(BadRowsError) as error:
        read_rows([write_rows(*bad)], TARGET_IDS)
    message = str(error.value)
    assert message.count('field "role"') == 20
    assert "25 problems" in message
    assert "... and 5 more" in message


def test_an_id_used_twice_is_an_error_even_across_files(write_rows):
    first = write_rows(GOOD_ROW.to_json(), name="a.jsonl")
    second = write_rows(GOOD_ROW.to_json(), name="b.jsonl")
    with pytest.raises(BadRowsError, match=r"expected one that no other row has, found it also at .*a\.jsonl:1"):
        read_rows([first, second], TARGET_IDS)


def test_a_file_that_is_not_utf8_is_named_with_its_line(tmp_path):
    path = tmp_path / "latin1.jsonl"
    path.write_bytes('{"id": "Médecins"}\n'.encode("latin-1"))
    with pytest.raises(BadRowsError, match=r"latin1\.jsonl:1: expected UTF-8, found byte 0xe9"):
        read_rows([path], TARGET_IDS)


def test_no_rows_at_all_is_an_error(write_rows):
    with pytest.raises(GovstanceError, match="expected at least one labelled row, found none"):
        read_rows([write_rows("")], TARGET_IDS)


def test_unknown_fields_are_said(write_rows, caplog):
    path = write_rows(GOOD_ROW.to_json() | {"phenomenon": ["act"]})
    with caplog.at_level(logging.WARNING):
        assert read_rows([path], TARGET_IDS)[0].phenomena == ()
    assert 'left out the field "phenomenon" of 1 rows' in caplog.text
