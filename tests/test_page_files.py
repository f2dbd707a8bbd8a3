"""The files of the server's page: its texts in every language, its colours, and what it must not hold."""

import json
import re

import pytest
from conftest import ROOT
from page_stand_in import PAGE, TARGETS

from govstance.schema import AUTHOR, STANCES, government_codes

LANGUAGES = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (PAGE / "languages").glob("*.json")}


def sources():
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted([*PAGE.glob("*.js"), PAGE / "index.html"]))


def test_all_languages_have_the_same_texts_and_all_are_used():
    names = dict(re.findall(r"(\w\w): \"(\w+)\"", (PAGE / "language.js").read_text(encoding="utf-8").split("};")[0]))
    assert names.keys() == LANGUAGES.keys() == {"en", "de", "fr", "ru", "uk", "es"}
    english = LANGUAGES["en"]
    for language, texts in LANGUAGES.items():
        assert list(texts) == list(english), language
        for key, text in texts.items():
            assert text.strip(), (language, key)
            assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", english[key])), (language, key)
    used = set(re.findall(r'data-text(?:-[\w-]+)?="([\w. ]+)"', sources()))
    used |= set(re.findall(r"\"(\w+\.[\w. ]+)\"", sources()))
    beginnings = tuple(re.findall(r"text\(`([\w.]+)\$\{", sources()))
    assert set(beginnings) == {"target.", "meaning.", "stance.", "date_from."}
    assert {key for key in english if key not in used and not key.startswith(beginnings)} == set()
    assert {key for key in re.findall(r'\btext\("([^"]+)"', sources()) if key not in english} == set()
    assert {key for key in re.findall(r'data-text(?:-[\w-]+)?="([^"]+)"', sources()) if key not in english} == set()
    assert {key for key in re.findall(r'"(error\.\w+)"', sources()) if key not in english} == set()


def test_the_page_knows_the_stances_governments_and_languages_of_the_package():
    for target in TARGETS:
        for name in STANCES:
            assert LANGUAGES["en"][f"meaning.{target.id}.{name}"] == getattr(target, name)
    governments = json.loads((PAGE / "governments.json").read_text(encoding="utf-8"))
    assert governments == {code: short for code, short in government_codes().items() if code != AUTHOR}
    listed = re.search(r"TEXT_LANGUAGES = \((.*?)\)", (PAGE / "language.js").read_text(encoding="utf-8"), re.DOTALL)[1]
    gazetteer = {path.stem for path in (ROOT / "data" / "actors").glob("??.yaml")}
    assert set(re.findall(r"\b[a-z]{2}\b", listed)) == gazetteer


def test_the_page_loads_nothing_from_elsewhere_and_makes_no_html_of_texts():
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|javascript:", sources()
    )
    texts = sources() + (PAGE / "page.css").read_text(encoding="utf-8")
    assert not re.search(r"https?://|@import|url\(|\bstyle=|<script>", texts)
    index = (PAGE / "index.html").read_text(encoding="utf-8")
    assert "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'" in index
    for path in re.findall(r'(?:href|src)="([^"]+)"', index):
        assert (PAGE / path.removeprefix("page/")).is_file(), path


def luminance(colour):
    digits = colour.lstrip("#")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first, second):
    """Source: WCAG 2.2, contrast ratio."""
    darker, lighter = sorted((luminance(first), luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_are_told_apart(scheme):
    assert contrast("#fff", "#000") == pytest.approx(21)
    blocks = re.findall(r":root \{(.*?)\}", (PAGE / "page.css").read_text(encoding="utf-8"), re.DOTALL)
    light, dark = (dict(re.findall(r"--([\w-]+): (#\w+)", block)) for block in blocks)
    colours = light | (dark if scheme == "dark" else {})
    for ground in ("ground", "shade", "some", "favor", "against", "neutral"):
        assert contrast(colours["ink"], colours[ground]) >= 4.5, ground
    for text, ground in (
        ("quiet", "ground"),
        ("quiet", "shade"),
        ("action", "ground"),
        ("action", "shade"),
        ("on-action", "action"),
    ):
        assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    for mark in ("favor", "against", "neutral"):  # a shape or a border: 3 to 1
        assert contrast(colours[f"{mark}-ink"], colours[mark]) >= 3, mark
        assert contrast(colours[f"{mark}-ink"], colours["ground"]) >= 3, mark
    assert contrast(colours["rule"], colours["ground"]) >= 3
