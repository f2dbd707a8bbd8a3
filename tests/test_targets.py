import pytest
from conftest import ROOT, TARGET_IDS

from govstance.errors import GovstanceError
from govstance.targets import Target, load_targets, targets_from_json

ENTRY = {"id": "a", "name": "A", "favor": "f", "against": "a", "neutral": "n", "none": "-"}


def test_the_shipped_targets_come_in_the_order_of_the_contract():
    assert tuple(target.id for target in load_targets(ROOT / "data" / "targets.yaml")) == TARGET_IDS


def test_round_trip():
    assert targets_from_json([ENTRY], "x") == (Target(**ENTRY),)
    assert Target(**ENTRY).to_json() == ENTRY | {"not_asked_of": []}
    assert targets_from_json([ENTRY | {"not_asked_of": ["RUS"]}], "x")[0].not_asked_of == ("RUS",)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([], "expected a list of targets"),
        ([ENTRY, ENTRY], "target 2: the id 'a' is used twice"),
        ([{"id": "a"}], r"target 1: expected a text in each of the fields id, name, .*; found the fields id"),
        ([ENTRY | {"favour": "x"}], "found the fields .*favour"),
        ([ENTRY | {"not_asked_of": ["EU"]}], "not_asked_of: expected a list of ISO 3166-1 alpha-3 codes; found .*EU"),
    ],
)
def test_broken_targets_are_explained(entries, message):
    with pytest.raises(GovstanceError, match=message):
        targets_from_json(entries, "targets.yaml")
