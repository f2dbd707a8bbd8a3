import datetime
import io
import json
import sys

import pyarrow
import pytest
from pyarrow import parquet

from govstance.errors import BadRowsError, GovstanceError
from govstance.inference.records import FIELDS
from govstance.inference.sources import detected, read_documents
from govstance.text.dates import day_at_head

ENGLISH = "The president of Kazakhstan spoke to the press about the sanctions and the war."


def test_a_folder_is_read_in_the_order_of_names_and_failures_are_named(tmp_path):
    folder = tmp_path / "articles"
    (folder / "more").mkdir(parents=True)
    (folder / "more" / "note_2022-06-01.txt").write_text(ENGLISH)
    (folder / "a.txt").write_text(f"date 2022-04-03 {ENGLISH}")
    (folder / "empty.txt").write_text(" ")
    (folder / "broken.pdf").write_bytes(b"no pdf")
    (folder / "bad.jsonl").write_text('{"id": "x"}\n')
    (folder / "picture.jpg").write_bytes(b"x")
    (folder / ".hidden.txt").write_text(ENGLISH)
    reading = read_documents(str(folder))
    assert [(document.id, document.date, document.date_from) for document in reading.documents] == [
        ("a.txt", "2022-04-03", "dateline"),
        ("more/note_2022-06-01.txt", "2022-06-01", "the file's name"),
    ]
    assert reading.n_files == 5
    assert reading.skipped == {".jpg": 1}
    reasons = {failure.file.rpartition("/")[2]: failure.reason for failure in reading.failures}
    assert reasons["empty.txt"] == "expected a text, found nothing but white space."
    assert reasons["broken.pdf"].startswith("expected a PDF that pypdf can read, found: ")
    assert reasons["bad.jsonl"] == (
        '1 problem, the first in line 1: field "text": expected a text that is not empty, found None'
    )
    assert list(detected(reading.documents)) == [
        "language detected in 2 of 2 documents: en 2",
        "date detected in 2 of 2 documents, from: dateline 1, the file's name 1",
    ]


def test_several_patterns_and_the_same_id_in_two_files(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps({"id": "1", "text": ENGLISH}))
    reading = read_documents([str(tmp_path / "b.jsonl"), str(tmp_path / "*.jsonl")])
    assert [document.id for document in reading.documents] == ["a.jsonl:1", "b.jsonl:1"]


def test_nothing_readable_is_an_error(tmp_path):
    (tmp_path / "a.txt").write_text("")
    (tmp_path / "b.txt").write_text("")
    with pytest.raises(GovstanceError, match=r"none of 2 files could be read\.\n  .*a\.txt: expected a text"):
        read_documents(str(tmp_path))
    with pytest.raises(GovstanceError, match=r"input: no file matches .*\.md"):
        read_documents(str(tmp_path / "*.md"))


def test_markdown_loses_its_marks_and_keeps_its_date(tmp_path):
    path = tmp_path / "a.md"
    path.write_text("---\ndate: 2022-04-05\n---\n# A title\n\n**Kazakhstan** [spoke](http://x.y) `once`.\nAgain.\n")
    (document,) = read_documents(str(path)).documents
    assert document.text == "A title\n\nKazakhstan spoke once. Again."
    assert (document.date, document.date_from) == ("2022-04-05", "the file")


def test_a_text_in_another_encoding_is_read_and_told(tmp_path):
    french = "Le président de la France déclare où étaient les ministres à Noël, et que la leçon a été répétée."
    path = tmp_path / "a.txt"
    path.write_bytes(french.encode("latin-1"))
    reading = read_documents(str(path))
    assert reading.documents[0].text == french
    assert reading.notes == ["a.txt: no UTF-8: read as cp1252, which is a guess"]
    path.write_bytes(ENGLISH.encode("utf-16"))
    assert read_documents(str(path)).documents[0].text == ENGLISH


def test_an_html_page_gives_its_article_and_date(tmp_path):
    pytest.importorskip("trafilatura")
    path = tmp_path / "page.html"
    path.write_text(
        '<html><head><title>Budapest</title><meta property="article:published_time" content="2022-11-15T09:00:00Z">'
        "</head><body><nav><a href='/'>Home</a></nav><article><h1>Budapest</h1><p>" + ENGLISH * 3 + "</p></article>"
        "<footer>Copyright 2019</footer></body></html>"
    )
    (document,) = read_documents(str(path)).documents
    assert document.text.startswith("Budapest")
    assert ENGLISH in document.text
    assert "Home" not in document.text
    assert (document.date, document.date_from) == ("2022-11-15", "the file")


def test_a_word_document_with_a_table(tmp_path):
    docx = pytest.importorskip("docx")
    file = docx.Document()
    file.add_paragraph("First.")
    file.add_table(1, 1).cell(0, 0).text = "In a cell."
    file.add_paragraph("Last.")
    file.save(tmp_path / "a.docx")
    (document,) = read_documents(str(tmp_path / "a.docx")).documents
    assert document.text == "First.\n\nIn a cell.\n\nLast."


def test_a_pdf_joins_its_lines_and_knows_its_pages(tmp_path):
    pytest.importorskip("pypdf")
    path = tmp_path / "a.pdf"
    path.write_bytes(two_page_pdf([["Kazakhstan does not recog-", "nise the", "7"], ["annexation. It said so."]]))
    (document,) = read_documents(str(path)).documents
    assert document.text.strip() == "Kazakhstan does not recognise the annexation. It said so."
    assert document.page_of(0) == 1
    assert document.page_of(document.text.index("annexation")) == 2


def two_page_pdf(pages: list[list[str]]) -> bytes:
    """A PDF with a line of text after another on each page."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, lines in enumerate(pages):
        content = "BT /F1 12 Tf 50 700 Td " + " ".join(f"({line}) Tj 0 -14 Td" for line in lines) + " ET"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents {5 + 2 * number} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    data, offsets = b"%PDF-1.4\n", []
    for number, value in enumerate(objects, start=1):
        offsets.append(len(data))
        data += f"{number} 0 obj\n{value}\nendobj\n".encode()
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    trailer = f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(data)}\n%%EOF\n"
    return data + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{trailer}".encode()


def test_a_table_of_documents_in_csv_and_parquet(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(f'name;body;date\nx;"{ENGLISH}";2022-09-01T10:00\ny;;2022-09-02\n', encoding="utf-8")
    with pytest.raises(GovstanceError, match=r"expected a column 'text' .* found the columns name, body, date\. Name"):
        read_documents(str(path))
    columns = dict.fromkeys(FIELDS, "") | {"text": "body", "date": "date", "id": "name"}
    reading = read_documents(str(path), columns)
    assert [(document.id, document.text, document.date) for document in reading.documents] == [
        ("x", ENGLISH, "2022-09-01")
    ]
    assert reading.notes == ["a.csv: 1 row without a text left out"]
    table = pyarrow.table({"text": [ENGLISH], "date": [datetime.date(2022, 9, 1)], "speaker": ["KAZ"]})
    parquet.write_table(table, tmp_path / "a.parquet")
    (document,) = read_documents(str(tmp_path / "a.parquet")).documents
    assert (document.date, document.speaker) == ("2022-09-01", "KAZ")
    assert document.id.endswith("a.parquet:1")


def test_standard_input(monkeypatch):
    line = json.dumps({"id": "a", "text": "Hello there, said the minister."}).encode()
    monkeypatch.setattr(sys, "stdin", type("Stdin", (), {"buffer": io.BytesIO(line)}))
    assert read_documents("-").documents[0].id == "a"


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
        ("a.odt", b"x", r"expected files of the kinds \.txt, .*; found 1 \.odt"),
        ("a.txt", b"  ", "a.txt: expected a text, found nothing but white space"),
        ("a.txt", b"\x00\xff\x00", r"a\.txt: expected UTF-8, found .* this is no text"),
        ("a.docx", b"x", r"a\.docx: expected a Word document"),
        ("a.parquet", b"x", r"a\.parquet: expected Parquet, found"),
        ("a.jsonl", b"\n", "expected at least one document"),
    ],
)
def test_unusable_input_is_explained(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(GovstanceError, match=message):
        read_documents(str(path))


def test_a_missing_file_is_named():
    with pytest.raises(GovstanceError, match=r"input: no such file or folder: nowhere\.txt"):
        read_documents("nowhere.txt")


@pytest.mark.parametrize(
    ("text", "lang", "expected"),
    [
        ("ASTANA, April 5, 2022. The president", "en", "2022-04-05"),
        ("On 5th April 2022 he spoke", "en", "2022-04-05"),
        ("Астана, 5 апреля 2022 года. Президент", "ru", "2022-04-05"),
        ("Madrid, 5 de abril de 2022. El gobierno", "es", "2022-04-05"),
        ("Warschau, 12. Mai 2022. Die Regierung", "de", "2022-05-12"),
        ("From 2022-04-05 to 2022-04-06 they met", "en", None),
        ("05/04/2022 The president", "en", None),
        ("31 April 2022. No such day", "en", None),
        ("x" * 300 + " 5 April 2022", "en", None),
    ],
)
def test_a_date_at_the_head_of_a_text(text, lang, expected):
    assert day_at_head(text, lang) == expected
