import io

import numpy as np
import pytest
from conftest import ROOT, TARGET_IDS
from rich.console import Console

from govstance.actors.finder import MentionFinder
from govstance.inference.aggregate import abstaining, pool_passages, strongest, weighed_with_sentences
from govstance.inference.documents import Document
from govstance.inference.reader import DOCUMENTS_AT_ONCE, ArticleReader
from govstance.reporting.answers import answers_to_json, print_answers
from govstance.schema import STANCES
from govstance.targets import load_targets

TARGETS = load_targets(ROOT / "data" / "targets.yaml")

ARTICLE = (
    "The weather was fine. Kazakhstan rejects and embraces. Nobody else spoke. The day ended. "
    "France imposes. Another quiet sentence. Brazil waits."
)


@pytest.fixture
def reader(keyword_predictor) -> ArticleReader:
    return ArticleReader(
        keyword_predictor, TARGETS, MentionFinder(ROOT / "data" / "actors"), sentences_per_passage=3, stride=2
    )


def read_one(reader: ArticleReader, document: Document):
    return next(iter(reader.read([document])))[1]


def test_an_article_becomes_a_matrix_with_the_right_sentences(reader):
    answers = {(answer.government, answer.target): answer for answer in read_one(reader, Document("a", ARTICLE, "en"))}
    assert {government for government, _ in answers} == {"KAZ", "FRA", "BRA"}
    kazakhstan = answers["KAZ", "annexation_recognition"]
    assert kazakhstan.stance == "against"
    assert [item.text for item in kazakhstan.evidence] == ["Kazakhstan rejects and embraces."]
    assert ARTICLE[kazakhstan.evidence[0].start : kazakhstan.evidence[0].end] == kazakhstan.evidence[0].text
    assert answers["KAZ", "russia_alliance"].stance == "favor"
    assert answers["FRA", "sanctions_support"].stance == "favor"
    assert answers["BRA", "sanctions_support"].stance == "none"
    assert answers["BRA", "sanctions_support"].evidence == ()


def test_the_speaker_is_asked_about_in_every_passage(reader):
    document = Document("a", "We have nothing to add. The session is closed.", "en", speaker="KAZ")
    answers = read_one(reader, document)
    assert {answer.government for answer in answers} == {"KAZ"}
    assert len(answers) == len(TARGET_IDS)


def test_a_pair_is_taken_as_it_is(reader):
    document = Document("a", "Kazakhstan rejects. France imposes.", "en", government="FRA")
    answers = read_one(reader, document)
    assert {answer.government for answer in answers} == {"FRA"}
    assert [answer.stance for answer in answers] == ["none", "favor", "none"]


def test_a_passage_of_one_sentence_is_read_once(reader, keyword_predictor, monkeypatch):
    texts = []

    def recorded(rows):
        texts.extend(row.text for row in rows)
        return type(keyword_predictor).predict_probabilities(keyword_predictor, rows)

    monkeypatch.setattr(keyword_predictor, "predict_probabilities", recorded)
    answers = read_one(reader, Document("a", "France imposes.", "en", government="FRA"))
    assert texts == ["France imposes."]
    assert [[item.text for item in answer.evidence] for answer in answers] == [[], ["France imposes."], []]
    texts.clear()
    read_one(reader, Document("a", "Kazakhstan rejects. France imposes.", "en", government="FRA"))
    assert texts == ["Kazakhstan rejects. France imposes.", "France imposes."]


def test_a_text_that_names_nobody_has_no_answers(reader):
    assert read_one(reader, Document("a", "It rained all day.", "en")) == []


def test_nobody_is_asked_about_an_alliance_with_itself(reader):
    document = Document("a", "Russia sleeps. Kazakhstan rests.", "en")
    answers = read_one(reader, document)
    asked = {(answer.government, answer.target) for answer in answers}
    assert ("RUS", "russia_alliance") not in asked
    assert ("KAZ", "russia_alliance") in asked
    console = Console(file=io.StringIO(), width=120)
    print_answers(console, "a", answers, TARGETS)
    assert "Kazakhstan" in console.file.getvalue()


def test_many_documents_come_back_in_order_and_unchanged_by_company(reader):
    documents = [Document(f"d{number}", ARTICLE, "en") for number in range(DOCUMENTS_AT_ONCE + 3)]
    results = list(reader.read(documents))
    assert [document.id for document, _ in results] == [document.id for document in documents]
    assert all(answers == results[0][1] for _, answers in results)


def test_the_json_form(reader):
    document = Document("a", "France imposes.", "en", pages=(0,), date_from=None)
    value = answers_to_json(document, read_one(reader, document))
    sanctions = value["stances"][1]
    assert value | {"stances": []} == {
        "id": "a",
        "source": "",
        "lang": "en",
        "lang_detected": False,
        "date": None,
        "date_from": None,
        "speaker": None,
        "sketch": document.recognised_by,
        "stances": [],
    }
    assert sanctions == {
        "government": "FRA",
        "target": "sanctions_support",
        "stance": "favor",
        "probability": 0.85,
        "probabilities": {"favor": 0.85, "against": 0.05, "neutral": 0.05, "none": 0.05},
        "n_passages": 1,
        "evidence": [
            {"page": 1, "start": 0, "end": 15, "text": "France imposes.", "stance": "favor", "probability": 0.85}
        ],
        "counter_evidence": [],
    }


def test_the_printed_matrix(reader):
    console = Console(file=io.StringIO(), width=120)
    answers = read_one(reader, Document("article", ARTICLE, "en"))
    print_answers(console, "article", answers, TARGETS)
    text = console.file.getvalue()
    assert "Kazakhstan (KAZ)" in text
    assert "against 0.92" in text  # 0.85 of the passage, and of the sentence alone
    assert "named, without a position on any target: Brazil" in text
    assert f"Kazakhstan rejects and embraces. [{ARTICLE.index('Kazakhstan')}:" in text


def test_a_none_of_one_passage_does_not_contradict_another():
    clear, silent = [0.0, 0.9, 0.0, 0.1], [0.0, 0.0, 0.0, 1.0]
    assert pool_passages(np.array([clear, silent, silent])) == pytest.approx(clear)


def test_opposite_passages_are_weighed_by_the_square_of_their_certainty():
    pooled = pool_passages(np.array([[0.8, 0.0, 0.0, 0.2], [0.0, 0.4, 0.0, 0.6]]))
    assert pooled == pytest.approx([0.8 * 0.8, 0.8 * 0.2, 0.0, 0.2])
    assert pooled.sum() == pytest.approx(1.0)


def test_passages_sure_of_nothing_pool_to_none():
    pooled = pool_passages(np.array([[0.0, 0.0, 0.0, 1.0]]))
    assert STANCES[int(pooled.argmax())] == "none"


def test_the_strongest_come_first_and_ties_in_order():
    assert strongest([0.1, 0.9, 0.9, 0.3], 3) == [1, 2, 3]


def test_answers_under_their_threshold_are_uncertain_and_keep_what_they_rest_on(reader):
    document = Document("a", ARTICLE, "en")
    thresholds = {"annexation_recognition": 0.93, "sanctions_support": 0.91, "russia_alliance": None}
    answers = read_one(reader, document)
    abstained = {(answer.government, answer.target): answer for answer in abstaining(answers, thresholds)}
    # The predictor says 0.85 of all, in passages and in sentences alone.
    uncertain = abstained["KAZ", "annexation_recognition"]
    assert uncertain.stance == "uncertain"
    assert uncertain.probability == pytest.approx(0.918, abs=1e-3)
    assert uncertain.evidence[0].stance == "against"
    assert abstained["FRA", "sanctions_support"].stance == "favor"
    assert abstained["BRA", "russia_alliance"].stance == "uncertain"
    value = answers_to_json(document, list(abstained.values()))
    assert {item["stance"] for item in value["stances"] if item["target"] == "russia_alliance"} == {"uncertain"}
    console = Console(file=io.StringIO(), width=100)
    print_answers(console, "a", list(abstained.values()), TARGETS)
    text = console.file.getvalue()
    assert "uncertain 0.92" in text
    assert "Kazakhstan, annexation_recognition: uncertain" in text
    assert "Brazil, russia_alliance" not in text  # no sentence says anything


def test_an_answer_is_weighed_with_its_sentences():
    unsure = np.array([0.41, 0.43, 0.0, 0.16])
    clear = np.array([[0.85, 0.05, 0.0, 0.10]])
    weighed = weighed_with_sentences(unsure, clear)
    # Directions of the sentence 0.944 and 0.056, each to the power of 0.5 * 0.9 squared.
    favor, against = unsure[:2] * np.array([0.85 / 0.9, 0.05 / 0.9]) ** (0.5 * 0.81)
    stated = 1 / (1 + np.exp(-(0.8 * np.log(0.84 / 0.16) + 0.2 * np.log(0.9 / 0.1))))
    assert weighed[:2] == pytest.approx(stated * np.array([favor, against]) / (favor + against), abs=1e-3)
    assert weighed[3] == pytest.approx(1 - stated)
    assert weighed.sum() == pytest.approx(1.0)
    # Sentences that say nothing make a position less likely and leave which one it is.
    less = weighed_with_sentences(unsure, np.array([[0.0, 0.0, 0.0, 1.0]]))
    assert less[3] == pytest.approx(1 / (1 + np.exp(0.8 * np.log(0.84 / 0.16) + 0.2 * np.log(0.001 / 0.999))))
    assert less[0] / less[1] == pytest.approx(0.41 / 0.43)
    assert weighed_with_sentences(unsure, np.zeros((0, 4))) is unsure


def test_an_article_is_weighed_with_its_sentences_and_a_pair_is_not(reader, keyword_predictor, monkeypatch):
    """Whole passages lean to against, the sentence alone to favor."""

    def predicted(rows):
        leaning = {
            "It rained. France imposes. The day ended.": [0.41, 0.43, 0.0, 0.16],
            "France imposes.": [0.85, 0.05, 0, 0.1],
        }
        return np.array([[leaning.get(row.text, [0.0, 0.0, 0.0, 1.0])] * 3 for row in rows])

    monkeypatch.setattr(keyword_predictor, "predict_probabilities", predicted)
    text = "It rained. France imposes. The day ended."
    (article,) = [a for a in read_one(reader, Document("a", text, "en")) if a.target == "sanctions_support"]
    assert (article.stance, [item.text for item in article.evidence]) == ("favor", ["France imposes."])
    assert article.counter_evidence == ()
    pair = read_one(reader, Document("a", text, "en", government="FRA"))[1]
    assert (pair.stance, round(pair.probability, 6)) == ("against", 0.43)
    assert [item.text for item in pair.counter_evidence] == ["France imposes."]
