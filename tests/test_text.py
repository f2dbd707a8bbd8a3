import itertools
import random

import pytest

from govstance.text.copies import LEAST_SHARED, copy_groups, sketch
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


def grouped(*texts):
    """The texts of each group of more than one, by their place."""
    groups = copy_groups(map(sketch, texts))
    numbers = [groups[sketch(text)] for text in texts]
    return [
        [place for place, number in enumerate(numbers) if number == group]
        for group in sorted(set(numbers))
        if numbers.count(group) > 1
    ]


def test_copies_have_the_same_words_or_nearly():
    words = [f"word{number}" for number in range(100)]
    one_changed = [*words[:50], "other", *words[51:]]
    two_changed = [*words[:30], "other", *words[31:60], "another", *words[61:70], "third", *words[71:]]
    texts = [" ".join(words), " ".join(one_changed), " ".join(two_changed), " ".join(words).replace(" ", ",\n")]
    assert grouped(*texts) == [[0, 1, 3]]  # of 96 runs of five, 5 and 15 differ: 91 of 101, 81 of 111 are shared
    assert 81 / 111 < LEAST_SHARED < 91 / 101
    # In a short text one word is the whole difference; a quotation is no copy.
    assert grouped("We recognise it.", "We never recognise it.", "we recognise it") == [[0, 2]]
    assert grouped(" ".join(words), " ".join(words[:50])) == []
    signs = "".join(chr(0x4E00 + number) for number in range(60))  # no spaces: each sign is a word
    assert grouped(signs, signs[:-1] + "。", signs[::-1]) == [[0, 1]]


def test_which_texts_are_copies_hangs_on_nothing_else():
    generator = random.Random(0)
    words = [f"w{number}" for number in range(200)]
    chain = [" ".join([*words[: 200 - shift], *(f"n{number}" for number in range(shift))]) for shift in (0, 15, 30)]
    others = [" ".join(generator.choices(words, k=60)) for _ in range(20)]
    assert grouped(chain[0], chain[2]) == []
    groups = [copy_groups(map(sketch, order)) for order in itertools.permutations(chain)]
    assert all(of_order == groups[0] for of_order in groups)
    assert len(set(groups[0].values())) == 1  # a copy of a copy
    among_others = copy_groups(map(sketch, [*others, *chain]))
    assert len({among_others[sketch(text)] for text in chain}) == 1
    assert len(set(among_others.values())) == 21
