import pytest
from conftest import ROOT

from govstance.actors.finder import MentionFinder
from govstance.inference.bearing import governments_by_sentence
from govstance.inference.documents import Document
from govstance.inference.reader import ArticleReader
from govstance.targets import load_targets
from govstance.text.sentences import split_sentences

FINDER = MentionFinder(ROOT / "data" / "actors")
TALKED_ABOUT = ("RUS", "UKR")


def bearing(text: str, lang: str = "en") -> list[set[str]]:
    sentences = split_sentences(text, lang)
    mentions = FINDER.find(text, lang, None)
    return [set(named) for named in governments_by_sentence(text, sentences, mentions, talked_about=TALKED_ABOUT)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # The sentence after the one about Belarus is Poland's alone, and the other way round.
        ("Belarus condemns them. Poland demands more.", [{"BLR"}, {"POL"}]),
        # What follows is said of the government, not of the one it spoke about.
        ("He said Kazakhstan respects Ukraine. It has not recognised the annexation.", [{"KAZ", "UKR"}, {"KAZ"}]),
        # Russia's name is in every other sentence; it does not end what is said of Kazakhstan ...
        ("Kazakhstan was clear. It will not help Russia.", [{"KAZ"}, {"KAZ", "RUS"}]),
        # ... unless the sentence opens with it.
        ("Kazakhstan was clear. Russia protested. It was angry.", [{"KAZ"}, {"RUS"}, {"RUS"}]),
        # Two sentences, and no new paragraph.
        ("Kazakhstan spoke. It rained. It snowed. It thawed.", [{"KAZ"}, {"KAZ"}, {"KAZ"}, set()]),
        ("Kazakhstan spoke.\n\nIt rained.", [{"KAZ"}, set()]),
        ("It rained. Kazakhstan spoke.", [set(), {"KAZ"}]),
    ],
)
def test_a_sentence_bears_on_whom_it_names_or_goes_on_about(text, expected):
    assert bearing(text) == expected


def test_evidence_of_one_government_is_never_a_sentence_about_another(keyword_predictor):
    class BlindPredictor(type(keyword_predictor)):
        """Finds the words in the whole text, whoever it is about: what a model does at its worst."""

        def _of(self, row, target):
            words = {"favor": "imposes", "against": "condemns"}
            said = [stance for stance, word in words.items() if word in row.text]
            return [
                0.85 if stance == (said or ["none"])[0] else 0.05 for stance in ("favor", "against", "neutral", "none")
            ]

    reader = ArticleReader(BlindPredictor(), load_targets(ROOT / "data" / "targets.yaml"), FINDER)
    text = "Brazil imposes nothing new. France condemns it. Kazakhstan rests."
    ((_, answers),) = reader.read([Document("a", text, "en")])
    of = {(answer.government, answer.target): answer for answer in answers}
    brazil, france = of["BRA", "sanctions_support"], of["FRA", "sanctions_support"]
    assert [item.text for item in brazil.evidence] == ["Brazil imposes nothing new."]
    assert brazil.counter_evidence == ()
    # Both sentences stood in its passage; its own says the opposite of the answer.
    assert france.stance == "favor"
    assert france.evidence == ()
    assert [(item.text, item.stance) for item in france.counter_evidence] == [("France condemns it.", "against")]
    assert of["KAZ", "sanctions_support"].evidence == ()


def test_the_same_sentence_is_evidence_once(keyword_predictor):
    reader = ArticleReader(keyword_predictor, load_targets(ROOT / "data" / "targets.yaml"), FINDER)
    ((_, answers),) = reader.read(
        [Document("a", "France imposes. It rained. France imposes. France imposes more.", "en")]
    )
    sanctions = next(answer for answer in answers if answer.target == "sanctions_support")
    assert [item.text for item in sanctions.evidence] == ["France imposes.", "France imposes more."]
