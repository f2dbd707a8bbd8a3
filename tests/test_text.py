import pytest

from govstance.text.language import detect_language
from govstance.text.sentences import split_passages, split_sentences


@pytest.mark.parametrize(
    ("lang", "text", "expected"),
    [
        ("en", "Mr. Smith spoke. He left.", ["Mr. Smith spoke.", "He left."]),
        ("ru", "В 2022 г. Москва решила. Киев против.", ["В 2022 г. Москва решила.", "Киев против."]),
        ("zh", "他不承认。会谈结束。", ["他不承认。", "会谈结束。"]),
        ("hi", "रूस ने कहा। भारत ने मना किया।", ["रूस ने कहा।", "भारत ने मना किया।"]),
        ("ar", "قال الرئيس. هل توافق؟ لا.", ["قال الرئيس.", "هل توافق؟", "لا."]),
        ("en", "🙂 One here.\n\nTwo there.  ", ["🙂 One here.", "Two there."]),
    ],
)
def test_sentences_and_their_offsets(lang, text, expected):
    assert [text[span.start : span.end] for span in split_sentences(text, lang)] == expected


def test_a_text_without_words_has_no_sentence():
    assert split_sentences(" \n ", "en") == []


def passages(text, **settings):
    return split_passages(split_sentences(text, "en"), **settings)


def test_passages_overlap_and_cover_every_sentence():
    text = " ".join(f"Sentence number {number}." for number in range(7))
    found = passages(text, sentences_per_passage=3, stride=2, max_characters=1000)
    assert [passage.sentences for passage in found] == [range(0, 3), range(2, 5), range(4, 7)]
    assert text[found[0].span.start : found[0].span.end].endswith("number 2.")


def test_a_passage_ends_before_it_grows_too_long():
    text = "A short one. " + "word " * 30 + "end. Another short one."
    found = passages(text, sentences_per_passage=3, stride=3, max_characters=60)
    assert [passage.sentences for passage in found] == [range(0, 1), range(1, 2), range(2, 3)]


def test_one_word_is_a_passage():
    assert [passage.sentences for passage in passages("No", sentences_per_passage=3, stride=2, max_characters=9)] == [
        range(0, 1)
    ]


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("The foreign ministry said that it would not recognise the referendums.", "en"),
        ("Министерство иностранных дел заявило, что не признаёт референдумы.", "ru"),
        ("外交部发言人表示不承认这些公投。", "zh"),
    ],
)
def test_languages_are_detected(text, lang):
    assert detect_language(text) == lang
