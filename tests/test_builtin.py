"""The model that the package carries: small, whole, and right about the article that everybody tries first."""

import json

import pytest
from conftest import ROOT
from test_scripts import run

from govstance.jobs.places import BUILTIN_FOLDER
from govstance.models.folder import DESCRIPTION_FILE

EXAMPLE = ROOT / "data" / "examples" / "kazakhstan.txt"


def test_it_is_small_and_has_its_card():
    files = [path for path in BUILTIN_FOLDER.rglob("*") if path.is_file()]
    assert {"config.json", "delta.safetensors", DESCRIPTION_FILE, "README.md"} <= {path.name for path in files}
    assert sum(path.stat().st_size for path in files) <= 12e6


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    output = tmp_path_factory.mktemp("builtin") / "answers.jsonl"
    result = run("predict", f"input={EXAMPLE}", f"output={output}")
    assert result.returncode == 0, result.stderr
    (document,) = map(json.loads, output.read_text(encoding="utf-8").splitlines())
    return {(answer["government"], answer["target"]): answer for answer in document["stances"]}


@pytest.mark.parametrize(
    ("government", "target", "stance"),
    [
        ("KAZ", "annexation_recognition", "against"),
        ("KAZ", "sanctions_support", "favor"),
        ("KAZ", "russia_alliance", "favor"),
        ("BLR", "sanctions_support", "against"),
        ("BLR", "russia_alliance", "favor"),
        ("POL", "sanctions_support", "favor"),
        ("POL", "russia_alliance", "against"),
        ("UZB", "annexation_recognition", "none"),
        ("UZB", "sanctions_support", "none"),
    ],
)
def test_it_reads_the_example(answers, government, target, stance):
    assert answers[government, target]["stance"] == stance


def test_it_abstains_where_it_is_not_sure_enough(answers, tmp_path):
    output = tmp_path / "answers.jsonl"
    result = run("predict", f"input={EXAMPLE}", f"output={output}", "abstain=0.05")
    assert result.returncode == 0, result.stderr
    (document,) = map(json.loads, output.read_text(encoding="utf-8").splitlines())
    thresholds = json.loads((BUILTIN_FOLDER / DESCRIPTION_FILE).read_text(encoding="utf-8"))["calibration"][
        "thresholds"
    ]
    abstained = 0
    for answer in document["stances"]:
        plain = answers[answer["government"], answer["target"]]
        unsure = plain["probability"] < thresholds[answer["target"]]["0.05"]
        assert answer["stance"] == ("uncertain" if unsure else plain["stance"])
        abstained += unsure
    assert 0 < abstained < len(document["stances"])


def test_its_evidence_is_the_sentence_that_says_it(answers):
    sentences = [evidence["text"] for evidence in answers["KAZ", "annexation_recognition"]["evidence"]]
    assert any("has not recognised the annexation of Crimea" in sentence for sentence in sentences)
