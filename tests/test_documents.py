import io
import json
import sys

import pytest

from govstance.errors import BadRowsError, GovstanceError
from govstance.inference.documents import document_from_text, read_documents


def test_a_text_file_is_one_document_with_its_dateline(tmp_path):
    path = tmp_path / "article.txt"
    path.write_text(" date 2022-04-03 The president of Kazakhstan spoke.", encoding="utf-8")
    document = read_documents(str(path))[0]
    assert (document.id, document.date, document.lang) == ("article", "2022-04-03", "en")
    assert document.text[document.body_start :].lstrip().startswith("The president")


def test_an_impossible_dateline_is_text():
    document = document_from_text("a", "date 2022-99-03 The president of Kazakhstan spoke to the press.")
    assert document.date is None
    assert document.body_start == 0


def test_documents_and_pairs_from_json_lines(write_rows):
    article = {"id": "a", "text": "Bonjour tout le monde, dit le ministre.", "speaker": "FRA"}
    pair = {"id": "b", "text": "x", "lang": "en", "government": "KAZ", "role": "speaker", "labels": {"any": "thing"}}
    first, second = read_documents(str(write_rows(article, pair)))
    assert (first.lang, first.speaker, first.government) == ("fr", "FRA", None)
    assert (second.government, second.role) == ("KAZ", "speaker")


def test_standard_input(monkeypatch):
    line = json.dumps({"id": "a", "text": "Hello there, said the minister."}).encode()
    monkeypatch.setattr(sys, "stdin", type("Stdin", (), {"buffer": io.BytesIO(line)}))
    assert read_documents("-")[0].id == "a"


def test_all_bad_documents_are_listed(write_rows):
    path = write_rows({"id": "a"}, {"id": "b", "text": "x", "speaker": "EU"}, [1])
    with pytest.raises(BadRowsError) as error:
        read_documents(str(path))
    message = str(error.value)
    assert '1: field "text": expected a text that is not empty, found None' in message
    assert "2: field \"speaker\": expected an ISO 3166-1 alpha-3 code or null, found 'EU'" in message
    assert "3: expected a JSON object with id and text, found [1]" in message


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.docx", b"x", r"expected a \.txt or \.jsonl file, or - for standard input"),
        ("a.txt", b"  ", "a: expected a text, found nothing but white space"),
        ("a.txt", b"\xff\xfe", r"a\.txt: expected UTF-8"),
        ("a.jsonl", b"\n", "expected at least one document"),
    ],
)
def test_unusable_input_is_explained(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(GovstanceError, match=message):
        read_documents(str(path))


def test_a_missing_file_is_named():
    with pytest.raises(GovstanceError, match=r"input: no such file: nowhere\.txt"):
        read_documents("nowhere.txt")
