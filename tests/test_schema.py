import pytest
from conftest import GOOD_ROW, TARGET_IDS

from govstance.schema import STANCES, row_from_json, row_problems

BAD_FIELDS = [
    ("text", "  ", "field \"text\": expected a text that is not empty, found '  '"),
    ("lang", "eng", 'field "lang": expected an ISO 639-1 code such as "en", found \'eng\''),
    ("date", "2022-13-01", "field \"date\": expected a day as YYYY-MM-DD, or null, found '2022-13-01'"),
    ("date", "20220403", "field \"date\": expected a day as YYYY-MM-DD, or null, found '20220403'"),
    ("government", "EU", 'field "government": expected an ISO 3166-1 alpha-3 code such as "KAZ", found \'EU\''),
    ("government", ["KAZ"], 'field "government": expected an ISO 3166-1 alpha-3 code such as "KAZ", found [\'KAZ\']'),
    ("role", "author", "field \"role\": expected one of speaker, mentioned, found 'author'"),
    (
        "split",
        "validation",
        'field "split": expected one of train, dev, test, test_languages, test_governments, or null, '
        "found 'validation'",
    ),
    ("group", 7, 'field "group": expected a text that is not empty, found 7'),
    ("labels", [], 'field "labels": expected an object {target: stance or null}, found []'),
    (
        "labels",
        {"nato": "favor"},
        'field "labels": expected targets among annexation_recognition, sanctions_support, russia_alliance; '
        "found 'nato'",
    ),
    (
        "labels",
        {"sanctions_support": "pro"},
        "field \"labels.sanctions_support\": expected one of favor, against, neutral, none or null; found 'pro'",
    ),
]


def test_a_good_row_survives_the_round_trip():
    value = GOOD_ROW.to_json()
    assert row_problems(value, TARGET_IDS) == []
    assert row_from_json(value, TARGET_IDS) == GOOD_ROW


def test_kosovo_has_its_user_assigned_code():
    assert row_problems(GOOD_ROW.to_json() | {"government": "XKX"}, TARGET_IDS) == []


def test_targets_left_out_are_not_annotated():
    value = GOOD_ROW.to_json() | {"labels": {"sanctions_support": "favor"}}
    assert row_problems(value, TARGET_IDS) == []
    assert row_from_json(value, TARGET_IDS).labels == {
        "annexation_recognition": None,
        "sanctions_support": "favor",
        "russia_alliance": None,
    }


@pytest.mark.parametrize(("name", "value", "problem"), BAD_FIELDS)
def test_each_bad_field_is_named_with_expected_and_found(name, value, problem):
    assert row_problems(GOOD_ROW.to_json() | {name: value}, TARGET_IDS) == [problem]


def test_missing_fields_are_all_named():
    value = {"id": "a", "text": "b"}
    assert len(row_problems(value, TARGET_IDS)) == 7


def test_the_order_of_stances_is_the_contract():
    assert STANCES == ("favor", "against", "neutral", "none")
