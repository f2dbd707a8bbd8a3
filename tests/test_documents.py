from govstance.inference.documents import document_from_text
from govstance.inference.sources import detected, read_documents


def test_a_text_file_is_one_document_with_its_dateline(tmp_path):
    path = tmp_path / "article.txt"
    path.write_text(" date 2022-04-03 The president of Kazakhstan spoke.", encoding="utf-8")
    document = read_documents(str(path)).documents[0]
    assert (document.id, document.date, document.lang) == ("article", "2022-04-03", "en")
    assert (document.date_from, document.lang_detected) == ("dateline", True)
    assert document.text[document.body_start :].lstrip().startswith("The president")


def test_an_impossible_dateline_is_text():
    document = document_from_text("a", "date 2022-99-03 The president of Kazakhstan spoke to the press.")
    assert document.date is None
    assert document.body_start == 0


def test_documents_and_pairs_from_json_lines(write_rows):
    article = {"id": "a", "text": "Bonjour tout le monde, dit le ministre.", "speaker": "FRA"}
    pair = {"id": "b", "text": "x", "lang": "en", "government": "KAZ", "role": "speaker", "labels": {"any": "thing"}}
    first, second = read_documents(str(write_rows(article, pair))).documents
    assert (first.lang, first.speaker, first.government) == ("fr", "FRA", None)
    assert (second.government, second.role) == ("KAZ", "speaker")


def test_the_language_of_a_word_is_not_guessed_at():
    document = document_from_text("a", "Poland")
    assert document.lang == "en"
    assert list(detected([document])) == [
        "language detected in 1 of 1 documents: en 1 (1 too short to tell, taken for English)",
        "no date in 1 of 1 documents",
    ]
    assert document_from_text("b", "Казахстан").lang != "en"
