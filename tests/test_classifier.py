"""The classifier in Python: the answers of predict, whole without a script, and light until it is used."""

import json
import subprocess
import sys

import numpy as np
import pytest
from conftest import GOOD_ROW, ROOT, TARGET_IDS
from test_builtin import EXAMPLE
from test_scripts import run

from govstance import StanceClassifier
from govstance.errors import GovstanceError
from govstance.files import write_jsonl
from govstance.reporting.answers import answers_to_json
from govstance.schema import STANCES

STATEMENT = "Kazakhstan will not recognise the annexation of Crimea."
RECORDS = [
    {"id": "article", "text": EXAMPLE.read_text(encoding="utf-8")},
    {"id": "speech", "text": STATEMENT, "lang": "en", "date": "2022-10-01", "speaker": "POL"},
    {"id": "pair", "text": STATEMENT, "government": "KAZ", "role": "speaker"},
]


@pytest.fixture(scope="module")
def classifier() -> StanceClassifier:
    return StanceClassifier.from_pretrained()


def test_it_answers_as_predict_does(classifier, tmp_path):
    output = tmp_path / "answers.jsonl"
    write_jsonl(tmp_path / "documents.jsonl", RECORDS)
    result = run("predict", f"input={tmp_path / 'documents.jsonl'}", f"output={output}")
    assert result.returncode == 0, result.stderr
    expected = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    for record, of_predict in zip(RECORDS, expected, strict=True):
        text, given = record["text"], {name: record[name] for name in record if name not in ("id", "text")}
        (read,) = classifier.classify(text, **given)
        found = answers_to_json(read.document, read.answers)
        assert len(found["stances"]) == len(of_predict["stances"]) > 0
        for mine, theirs in zip(found["stances"], of_predict["stances"], strict=True):
            for name in ("government", "target", "stance"):
                assert mine[name] == theirs[name]
            # Other texts in the batch change the last digits.
            assert list(mine["probabilities"].values()) == pytest.approx(
                list(theirs["probabilities"].values()), abs=2e-3
            )
            assert [item["text"] for item in mine["evidence"]] == [item["text"] for item in theirs["evidence"]]
        for name in ("lang", "lang_detected", "date", "date_from"):
            assert found[name] == of_predict[name]


def test_several_texts_are_answered_in_their_order(classifier):
    read = classifier.classify(
        [STATEMENT, "Poland demands new sanctions against Russia."], lang="en", date="2023-01-02"
    )
    assert [item.document.id for item in read] == ["texts[0]", "texts[1]"]
    assert [{answer.government for answer in item.answers} & {"KAZ", "POL"} for item in read] == [{"KAZ"}, {"POL"}]
    assert classifier.classify([]) == []


def test_probabilities_of_rows_are_an_array(classifier):
    found = classifier.probabilities([GOOD_ROW, GOOD_ROW])
    assert found.shape == (2, len(TARGET_IDS), len(STANCES))
    assert found.sum(axis=2) == pytest.approx(np.ones((2, len(TARGET_IDS))))
    assert [target.id for target in classifier.targets] == list(TARGET_IDS)
    assert STANCES[int(found[0, 0].argmax())] == "against"


@pytest.mark.parametrize(
    ("texts", "given", "message"),
    [
        (["a", " "], {}, r'texts\[1\]: field "text": expected a text that is not empty'),
        ("a", {"government": "Poland"}, r'"government": expected an ISO 3166-1 alpha-3 code or null, found \'Poland\''),
        ("a", {"date": "2022"}, r'"date": expected a day as YYYY-MM-DD or null'),
    ],
)
def test_what_is_no_document_is_refused(classifier, texts, given, message):
    with pytest.raises(GovstanceError, match=message):
        classifier.classify(texts, **given)


def test_importing_the_package_imports_next_to_nothing():
    code = (
        "import sys, govstance\n"
        "assert 'StanceClassifier' in dir(govstance)\n"
        "assert not {'torch', 'numpy', 'hydra', 'govstance.classifier'} & set(sys.modules)\n"
        "try:\n    govstance.Nothing\nexcept AttributeError as error:\n    print(error)"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "module 'govstance' has no attribute 'Nothing'"


def test_the_command_has_the_settings_of_predict(tmp_path):
    code = "from govstance.command import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", code, "--help"], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr
    assert "  govstance input=article.txt" in result.stdout
    assert "max_evidence: 3" in result.stdout
    missing = subprocess.run(
        [sys.executable, "-c", code, "input=nowhere.txt"], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert missing.returncode == 2
    assert "no such file or folder: nowhere.txt" in missing.stderr
    assert list(tmp_path.iterdir()) == []
