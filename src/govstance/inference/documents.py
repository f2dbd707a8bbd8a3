"""What predict reads: plain text, JSON Lines of documents, or labelled-row-like pairs.

A document: {"id", "text", "lang"?, "date"?, "speaker"?}. A line that carries "government" is a pair and is
taken as it is: {"id", "text", "government", "lang"?, "date"?, "role"?}. A .txt file is one document.
"""

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from govstance.errors import BadRowsError, GovstanceError
from govstance.files import numbered_json_lines
from govstance.schema import ROLES, government_codes, is_iso_date, language_codes
from govstance.text.language import detect_language

STANDARD_INPUT = "-"
# "date 2022-04-03" at the head of a plain text says when it was written.
DATELINE = re.compile(r"\s*date[ :]+(\d{4}-\d{2}-\d{2})\b", re.IGNORECASE)


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
    """

    id: str
    text: str
    lang: str
    date: str | None = None
    speaker: str | None = None
    government: str | None = None
    role: str = "mentioned"
    body_start: int = 0


def read_documents(source: str) -> list[Document]:
    """Reads documents from a .txt file, a .jsonl file, or JSON Lines on standard input ("-").

    Raises:
        BadRowsError: Lines that are no document, all of them listed.
        GovstanceError: No such file, another kind of file, or nothing in it.
    """
    if source == STANDARD_INPUT:
        return _from_json_lines("standard input", sys.stdin.buffer)
    path = Path(source)
    if not path.is_file():
        raise GovstanceError(f"input: no such file: {source} (looked from {Path.cwd()}).")
    if path.suffix == ".txt":
        return [document_from_text(path.stem, _read_text(path))]
    if path.suffix in (".jsonl", ".ndjson"):
        with path.open("rb") as stream:
            return _from_json_lines(source, stream)
    raise GovstanceError(f"input: expected a .txt or .jsonl file, or - for standard input; found {source}.")


def document_from_text(document_id: str, text: str) -> Document:
    """A plain text as a document; its language is detected, a dateline at its head is its date.

    Raises:
        GovstanceError: The text is empty.
    """
    if not text.strip():
        raise GovstanceError(f"{document_id}: expected a text, found nothing but white space.")
    dateline = DATELINE.match(text)
    has_date = dateline is not None and is_iso_date(dateline.group(1))
    return Document(
        id=document_id,
        text=text,
        lang=detect_language(text),
        date=dateline.group(1) if dateline and has_date else None,
        body_start=dateline.end() if dateline and has_date else 0,
    )


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise GovstanceError(f"{path}: expected UTF-8, found {error.reason} at byte {error.start}.") from None


def _from_json_lines(name: str, stream: Iterable[bytes]) -> list[Document]:
    documents: list[Document] = []
    problems: list[str] = []
    for number, value, parse_problem in numbered_json_lines(stream):
        found = [parse_problem] if parse_problem else _problems(value)
        problems += [f"{number}: {problem}" for problem in found]
        if not found:
            documents.append(_document(value))
    if problems:
        raise BadRowsError(name, problems)
    if not documents:
        raise GovstanceError(f'{name}: expected at least one document {{"id", "text"}}, found none.')
    return documents


def _problems(value: Any) -> list[str]:
    if not isinstance(value, dict):
        return [f"expected a JSON object with id and text, found {value!r:.60}"]
    problems = []
    for name in ("id", "text"):
        if not isinstance(value.get(name), str) or not value[name].strip():
            problems.append(f'field "{name}": expected a text that is not empty, found {value.get(name)!r:.60}')
    optional = (
        ("lang", "an ISO 639-1 code", language_codes()),
        ("speaker", "an ISO 3166-1 alpha-3 code", government_codes()),
        ("government", "an ISO 3166-1 alpha-3 code", government_codes()),
        ("role", "one of " + ", ".join(ROLES), ROLES),
    )
    for name, expected, valid in optional:
        if value.get(name) is not None and value[name] not in valid:
            problems.append(f'field "{name}": expected {expected} or null, found {value[name]!r:.60}')
    if value.get("date") is not None and not is_iso_date(value["date"]):
        problems.append(f'field "date": expected a day as YYYY-MM-DD or null, found {value["date"]!r:.60}')
    return problems


def _document(value: dict[str, Any]) -> Document:
    return Document(
        id=value["id"],
        text=value["text"],
        lang=value.get("lang") or detect_language(value["text"]),
        date=value.get("date"),
        speaker=value.get("speaker"),
        government=value.get("government"),
        role=value.get("role") or "mentioned",
    )
