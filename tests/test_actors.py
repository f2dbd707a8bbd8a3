import datetime

import pytest
from conftest import ROOT

from govstance.actors.finder import MentionFinder
from govstance.actors.gazetteer import NO_GOVERNMENT, Pattern, load_leaders, load_patterns, load_states
from govstance.actors.matcher import Matcher
from govstance.actors.names import government_name
from govstance.errors import GovstanceError
from govstance.schema import government_codes

ACTORS = ROOT / "data" / "actors"
LANGUAGES = sorted(path.stem for path in ACTORS.glob("*.yaml") if len(path.stem) == 2)

SENTENCES = {
    "en": ("Kazakh officials told the Kremlin that Astana would not help.", ["KAZ", "RUS", "KAZ"]),
    "ru": ("В Астане заявили, что Казахстан не признаёт аннексию Крыма Россией.", ["KAZ", "KAZ", "RUS"]),
    "uk": ("Польща та Німеччина засудили російську агресію проти України.", ["POL", "DEU", "RUS", "UKR"]),
    "de": ("Die russische Regierung lobte Serbiens Präsidenten, Österreich schwieg.", ["RUS", "SRB", "AUT"]),
    "fr": ("La Côte d’Ivoire s'est abstenue, le Kremlin a salué le Mali.", ["CIV", "RUS", "MLI"]),
    "es": ("El gobierno mexicano y Brasil no apoyaron a Rusia.", ["MEX", "BRA", "RUS"]),
    "pl": ("Węgry zablokowały sankcje wobec Rosji, mówił Berlin.", ["HUN", "RUS", "DEU"]),
    "ar": ("وقالت روسيا وأوكرانيا إن الصين لم تصوت", ["RUS", "UKR", "CHN"]),
    "zh": ("哈萨克斯坦外交部表示，中国和俄罗斯没有签署。", ["KAZ", "CHN", "RUS"]),
    "hi": ("भारत ने रूस के खिलाफ मतदान नहीं किया।", ["IND", "RUS"]),
    "tr": ("Rusya'nın kararını Türkiye tanımıyor.", ["RUS", "TUR"]),
    "ko": ("러시아는 북한의 지지를 환영했다.", ["RUS", "PRK"]),
}

# Sentences of our own: language, day ("-": unknown), governments expected, text; look-alikes expect none.
TABLE = [line.split("\t") for line in (ROOT / "tests" / "actor_sentences.tsv").read_text(encoding="utf-8").splitlines()]
FINDER = MentionFinder(ACTORS)


def found(matcher: Matcher, text: str, date: str | None = None) -> list[str]:
    return [mention.government for mention in matcher.find(text, date)]


@pytest.mark.parametrize("lang", SENTENCES)
def test_governments_are_found_in_each_script(lang):
    text, expected = SENTENCES[lang]
    assert found(Matcher(load_patterns(ACTORS, lang), lang), text) == expected


@pytest.mark.parametrize(("lang", "date", "expected", "text"), TABLE)
def test_sentences_of_many_languages(lang, date, expected, text):
    mentions = FINDER.find(text, lang, None if date == "-" else date)
    assert [mention.government for mention in mentions] == expected.split()


def test_words_that_name_no_government_take_their_place():
    matcher = Matcher([Pattern("Chad", "TCD", "names"), Pattern("Lake Chad", NO_GOVERNMENT, "names")], "en")
    assert found(matcher, "Chad lies on Lake Chad.") == ["TCD"]
    substrings = Matcher([Pattern("美国", "USA", "names"), Pattern("南美国家", NO_GOVERNMENT, "names")], "zh")
    assert found(substrings, "南美国家和美国") == ["USA"]


def test_undated_persons_hold_their_last_office(tmp_path):
    (tmp_path / "leaders.yaml").write_text(
        "- {government: BEL, office: prime minister, name: A B, from: 2014, until: 2019, forms: [Abc]}\n"
        "- {government: none, office: president of a bloc, name: A B, from: 2020, until: null, forms: [Abc]}\n"
    )
    matcher = Matcher(load_leaders(tmp_path), "en")
    assert found(matcher, "Abc spoke.", "2016-01-01") == ["BEL"]
    assert found(matcher, "Abc spoke.", "2021-01-01") == []
    assert found(matcher, "Abc spoke.") == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_pattern_means_two_governments(lang):
    """Two governments with one name on the same day could only be told apart by a coin."""
    owners: dict[str, set[str]] = {}
    for pattern in load_patterns(ACTORS, lang):
        if pattern.kind != "leaders" and pattern.government != NO_GOVERNMENT:  # which may take back a name of CLDR's
            owners.setdefault(pattern.text, set()).add(pattern.government)
    assert {text: codes for text, codes in owners.items() if len(codes) > 1} == {}


def test_longer_names_win_over_names_inside_them():
    matcher = Matcher(load_patterns(ACTORS, "en"), "en")
    assert found(matcher, "South Sudan and Guinea-Bissau met Equatorial Guinea.") == ["SSD", "GNB", "GNQ"]
    assert found(matcher, "Nigeria is not Niger.") == ["NGA", "NER"]


def test_offsets_are_characters_of_the_text():
    text = "🙂 Та Казахстану."
    mention = Matcher([Pattern("Казахстан*", "KAZ", "names")], "ru").find(text)[0]
    assert text[mention.start : mention.end] == "Казахстану"


def test_patterns_respect_words_case_and_endings():
    matcher = Matcher(
        [
            Pattern("Инди*", "IND", "names"),
            Pattern("российск*", "RUS", "demonyms"),
            Pattern("РФ", "RUS", "names"),
            Pattern("White House", "USA", "seats"),
        ],
        "ru",
    )
    assert found(matcher, "Индию и Российский") == ["IND", "RUS"]
    assert found(matcher, "индию, рф, пророссийский") == []
    assert found(matcher, "индивидуальный Индивидуальностями") == []
    assert found(matcher, "РФ the White\n House") == ["RUS", "USA"]
    assert found(matcher, "white house White, House") == []


def test_arabic_particles_may_stand_before_a_name():
    matcher = Matcher([Pattern("صين", "CHN", "names"), Pattern("روسيا", "RUS", "names")], "ar")
    assert found(matcher, "والصين وبروسيا للصين") == ["CHN", "RUS", "CHN"]


def test_an_ex_president_is_not_the_government():
    matcher = Matcher(load_patterns(ACTORS, "en"), "en")
    assert found(matcher, "Nazarbayev spoke.", "2018-01-01") == ["KAZ"]
    assert found(matcher, "Nazarbayev spoke.", "2024-01-01") == []
    assert found(matcher, "Nazarbayev spoke.") == ["KAZ"]


def test_terms_of_office_run_to_the_last_day(tmp_path):
    (tmp_path / "leaders.yaml").write_text(
        "- {government: KAZ, office: president, name: A B, from: 2019-03, until: 2022, forms: [Abc]}\n"
    )
    pattern = load_leaders(tmp_path)[0]
    assert (pattern.since, pattern.until) == (datetime.date(2019, 3, 1), datetime.date(2022, 12, 31))
    assert not pattern.holds_on("2019-02-28")
    assert pattern.holds_on("2022-12-31")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("KAZ: {names: [Ka*zakh]}", "KAZ: expected words, `[*]` at their ends only; found 'Ka[*]zakh'"),
        ("KAZ: {capitals: [Astana]}", "expected lists under names, demonyms, seats"),
        ("EU: {names: [Europe]}", "expected an ISO 3166-1 alpha-3 code or none, found 'EU'"),
    ],
)
def test_broken_gazetteer_files_are_explained(tmp_path, content, message):
    (tmp_path / "states.yaml").write_text("[KAZ]")
    (tmp_path / "leaders.yaml").write_text("[]")
    (tmp_path / "xx.yaml").write_text(content)
    with pytest.raises(GovstanceError, match=message):
        load_patterns(tmp_path, "xx")


def test_a_missing_gazetteer_is_said(tmp_path):
    with pytest.raises(GovstanceError, match=r"states\.yaml: no such file; the gazetteer of governments belongs there"):
        load_patterns(tmp_path, "en")


def test_every_state_has_a_code_and_a_name():
    states = load_states(ACTORS)
    assert states <= set(government_codes())
    assert len(states) == 197
    assert government_name("XKX", "de") == "Kosovo"
    assert government_name("KAZ", "kk") == "Қазақстан"
    assert government_name("KAZ", "zz") == "Kazakhstan"
