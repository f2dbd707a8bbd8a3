"""What predict reads: documents, and labelled-row-like pairs; how a mapping or a text becomes one.

A document: {"id", "text", "lang"?, "date"?, "speaker"?}. A record that carries "government" is a pair and is
taken as it is: {"id", "text", "government", "lang"?, "date"?, "role"?}.
"""

import bisect
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from govstance.errors import GovstanceError
from govstance.schema import ROLES, government_codes, is_iso_date, language_codes
from govstance.text.copies import Sketch, sketch
from govstance.text.dates import dateline, day_at_head
from govstance.text.language import detect_language

# Where a date was found, in words for a report.
GIVEN, DATELINE, HEAD = "given", "dateline", "head of the text"
# Detection is noise on so few letters; a name alone, "Poland", would be Swedish.
LETTERS_TO_TELL = 20
SHORT_TEXT_LANGUAGE = "en"
# JSON can write them alone; no text has them so, and UTF-8 can't.
HALF_PAIR = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Document:
    """A text to be read.

    Attributes:
        id: Name in the output.
        text: As read; evidence offsets count its characters.
        lang: ISO 639-1 code, given or detected.
        date: ISO day or None.
        speaker: Government whose own statement this is, or None.
        government: For a pair: the only government asked about; None for an article.
        role: For a pair: "speaker" or "mentioned".
        body_start: Where the text proper begins, after a dateline.
        source: The file it comes from.
        lang_detected: Whether nobody gave the language.
        date_from: Where the date was found; "given", or how it was detected.
        pages: Where each page starts in the text; empty where there are none.
        sketch: What the text is recognised by (`text.copies`), where it comes without the text.
    """

    id: str
    text: str
    lang: str
    date: str | None = None
    speaker: str | None = None
    government: str | None = None
    role: str = "mentioned"
    body_start: int = 0
    source: str = ""
    lang_detected: bool = False
    date_from: str | None = GIVEN
    pages: tuple[int, ...] = ()
    sketch: Sketch | None = None

    @property
    def recognised_by(self) -> Sketch:
        """The sketch of the text proper, or the one that came in its place."""
        return sketch(self.text[self.body_start :]) if self.sketch is None else self.sketch

    def page_of(self, offset: int) -> int | None:
        """The page, counted from 1, that holds a character; None where there are no pages."""
        return bisect.bisect_right(self.pages, offset) or None


def document_from_text(
    document_id: str,
    text: str,
    *,
    date: str | None = None,
    date_from: str | None = GIVEN,
    source: str = "",
    pages: tuple[int, ...] = (),
) -> Document:
    """A plain text as a document; its language is detected, and its date where none is given.

    A dateline at its head is its date and no part of what is read; else a full date in its first lines.

    Args:
        document_id: Its name.
        text: The text.
        date, date_from: The day that is known without reading it, and whence.
        source, pages: As in `Document`.

    Raises:
        GovstanceError: The text is empty.
    """
    if not text.strip():
        raise GovstanceError(f"{document_id}: expected a text, found nothing but white space.")
    lang = _language_of(text)
    found = _date_of(text, lang, date, date_from)
    return Document(
        document_id, text, lang, found[0], body_start=found[2], source=source, lang_detected=True, date_from=found[1],
        pages=pages,
    )  # fmt: skip


def _date_of(text: str, lang: str, date: str | None, date_from: str | None) -> tuple[str | None, str | None, int]:
    """(day, where it was found, where the text proper begins)."""
    line = dateline(text)
    if line is not None:
        return (date, date_from, line[1]) if date and date_from == GIVEN else (line[0], DATELINE, line[1])
    if date:
        return date, date_from, 0
    day = day_at_head(text, lang)
    return day, HEAD if day else None, 0


def is_short(text: str) -> bool:
    """Whether a text has too few letters to tell its language by, and none that would: it is taken for English."""
    return len(text.strip()) < LETTERS_TO_TELL and text.isascii()


def _language_of(text: str) -> str:
    return SHORT_TEXT_LANGUAGE if is_short(text) else detect_language(text)


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field of a record; its text is one sentence."""

    field: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f'field "{self.field}": expected {self.expected}, found {self.found}'


def shown(value: Any) -> str:
    """A value as an error shows it."""
    return f"{value!r:.60}"


def field_problems(value: Mapping[str, Any]) -> list[FieldProblem]:
    """Everything that is wrong with the fields of a record as a document; empty for a good one."""
    problems = []
    for name in ("id", "text"):
        if not isinstance(value.get(name), str) or not value[name].strip():
            problems.append(FieldProblem(name, "a text that is not empty", shown(value.get(name))))
        elif HALF_PAIR.search(value[name]):
            problems.append(FieldProblem(name, "a text of whole characters", "half a surrogate pair"))
    optional = (
        ("lang", "an ISO 639-1 code", language_codes()),
        ("speaker", "an ISO 3166-1 alpha-3 code", government_codes()),
        ("government", "an ISO 3166-1 alpha-3 code", government_codes()),
        ("role", "one of " + ", ".join(ROLES), ROLES),
    )
    for name, expected, valid in optional:
        if value.get(name) is not None and value[name] not in valid:
            problems.append(FieldProblem(name, f"{expected} or null", shown(value[name])))
    if value.get("date") is not None and not is_iso_date(value["date"]):
        problems.append(FieldProblem("date", "a day as YYYY-MM-DD or null", shown(value["date"])))
    return problems


def record_problems(value: Any) -> list[str]:
    """Everything that is wrong with a record as a document: field, expected, found. Empty for a good one."""
    if not isinstance(value, dict):
        return [f"expected a JSON object with id and text, found {shown(value)}"]
    return [str(problem) for problem in field_problems(value)]


def document_from_record(value: dict[str, Any], source: str) -> Document:
    """A checked record as a document; language and date are detected where they are absent, a pair's date is not."""
    text = value["text"]
    lang = value.get("lang") or _language_of(text)
    if value.get("government"):
        date, date_from, start = value.get("date"), GIVEN if value.get("date") else None, 0
    else:
        date, date_from, start = _date_of(text, lang, value.get("date"), GIVEN)
    return Document(
        id=value["id"],
        text=text,
        lang=lang,
        date=date,
        speaker=value.get("speaker"),
        government=value.get("government"),
        role=value.get("role") or "mentioned",
        body_start=start,
        source=source,
        lang_detected=not value.get("lang"),
        date_from=date_from,
    )
