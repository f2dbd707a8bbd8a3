"""From what the user names (files, folders, globs, standard input) to documents; a file that can't be read is told and
the others go on."""

import glob
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from govstance.errors import BadRowsError, GovstanceError
from govstance.inference.documents import GIVEN, Document, document_from_text, is_short
from govstance.inference.formats import EXTRACTORS, extract
from govstance.inference.records import FIELDS, JSON_LINES, TABLES, documents_from_json_lines, documents_from_table
from govstance.schema import is_iso_date

STANDARD_INPUT = "-"
READABLE = (*EXTRACTORS, *JSON_LINES, *TABLES)
DAY_IN_NAME = re.compile(r"(?<!\d)(\d{4})[-_]?(\d{2})[-_]?(\d{2})(?!\d)")
SAME_NAMES: Mapping[str, str] = {field: field for field in FIELDS}


@dataclass(frozen=True)
class Failure:
    """A file that could not be read, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class Reading:
    """What was found.

    Attributes:
        documents: In the order of the files' names.
        n_files: Files that were tried.
        failures: Files that could not be read.
        skipped: Files of folders that are of no kind that is read, by suffix.
        notes: What the reader should be told, one sentence a file.
    """

    documents: list[Document]
    n_files: int
    failures: list[Failure]
    skipped: Mapping[str, int]
    notes: list[str]


def read_documents(source: str | Sequence[str], columns: Mapping[str, str] = SAME_NAMES) -> Reading:
    """Reads documents from files, folders (with the folders in them), globs, or JSON Lines on standard input ("-").

    Args:
        source: One or several.
        columns: Of a table: field of a document -> name of its column.

    Raises:
        BadRowsError: The only file has lines that are no document, all of them listed.
        GovstanceError: Nothing is there, or none of it can be read.
    """
    if source == STANDARD_INPUT:
        return Reading(documents_from_json_lines("standard input", sys.stdin.buffer), 1, [], {}, [])
    patterns = [source] if isinstance(source, str) else list(source)
    files, skipped = files_of(patterns)
    if len(patterns) == len(files) == 1 and Path(patterns[0]).is_file():
        documents, notes = _read_one(files[0], files[0].stem, str(files[0]), columns)
        return Reading(documents, 1, [], {}, _with_name(notes, files[0].name))
    return _read_many(files, skipped, columns)


def _read_many(files: Sequence[Path], skipped: Mapping[str, int], columns: Mapping[str, str]) -> Reading:
    documents: list[Document] = []
    failures: list[Failure] = []
    notes: list[str] = []
    for path, name in zip(files, short_names(files), strict=True):
        try:
            found, noted = _read_one(path, name, name, columns)
        except BadRowsError as error:
            count = len(error.problems)
            told = f"{count} problem{'s' if count > 1 else ''}, the first in line {error.problems[0]}"
            failures.append(Failure(str(path), told))
        except (GovstanceError, OSError) as error:
            failures.append(Failure(str(path), str(error).removeprefix(f"{name}: ")))
        else:
            documents += found
            notes += _with_name(noted, name)
    if not documents:
        told = "\n".join(f"  {failure.file}: {failure.reason}" for failure in failures[:20])
        raise GovstanceError(f"input: none of {len(files)} files could be read.\n{told}")
    return Reading(_with_own_ids(documents), len(files), failures, skipped, notes)


def _read_one(path: Path, name: str, source: str, columns: Mapping[str, str]) -> tuple[list[Document], list[str]]:
    suffix = path.suffix.lower()
    if suffix in JSON_LINES:
        with path.open("rb") as stream:
            return documents_from_json_lines(source, stream), []
    if suffix in TABLES:
        return documents_from_table(path, source, columns)
    document, noted = document_of_file(path, name, source)
    return [document], noted


def document_of_file(path: Path, name: str, source: str) -> tuple[Document, list[str]]:
    """A file that holds one document, and notes on how it was read.

    Args:
        path: The file.
        name: Of the document.
        source: What the document says it comes from.

    Raises:
        GovstanceError: It can't be read.
    """
    try:
        extracted = extract(path)
    except GovstanceError as error:
        raise GovstanceError(f"{source}: {error}") from error.__cause__
    date, date_from = (extracted.date, "the file") if extracted.date else (_day_in_name(path.name), "the file's name")
    document = document_from_text(
        name, extracted.text, date=date, date_from=date_from, source=source, pages=extracted.pages
    )
    return document, [extracted.note] if extracted.note else []


def files_of(patterns: Sequence[str]) -> tuple[list[Path], Mapping[str, int]]:
    """The files to read, each once and in the order of their names, and those of folders that are of other kinds.

    Raises:
        GovstanceError: There is none.
    """
    files: dict[Path, None] = {}
    skipped: Counter[str] = Counter()
    for pattern in patterns:
        # A path that exists is taken as it is, so that brackets in names do no harm.
        found = [pattern] if Path(pattern).exists() else sorted(glob.glob(pattern, recursive=True))
        if not found:
            no = "no file matches" if glob.has_magic(pattern) else "no such file or folder:"
            raise GovstanceError(f"input: {no} {pattern} (looked from {Path.cwd()}).")
        for path in map(Path, found):
            if path.is_dir():
                inside = [item for item in sorted(path.rglob("*")) if item.is_file() and not _hidden(item, path)]
                files |= dict.fromkeys(item for item in inside if item.suffix.lower() in READABLE)
                skipped.update(item.suffix.lower() for item in inside if item.suffix.lower() not in READABLE)
            elif path.suffix.lower() in READABLE:
                files[path] = None
            else:
                skipped[path.suffix.lower()] += 1
    if not files:
        told = ", ".join(f"{count} {suffix or 'without a suffix'}" for suffix, count in skipped.items()) or "nothing"
        raise GovstanceError(f"input: expected files of the kinds {', '.join(READABLE)}; found {told}.")
    return sorted(files), skipped


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def short_names(files: Sequence[Path]) -> list[str]:
    """The files' names below the deepest folder that holds them all: short, and they tell them apart."""
    common = Path(os.path.commonpath([path.absolute().parent for path in files]))
    return [path.absolute().relative_to(common).as_posix() for path in files]


def _day_in_name(name: str) -> str | None:
    """The only day in a file's name, 2022-04-05 or 20220405."""
    days = {"-".join(match.groups()) for match in DAY_IN_NAME.finditer(name)}
    valid = [day for day in days if is_iso_date(day)]
    return valid[0] if len(valid) == 1 else None


def _with_own_ids(documents: Sequence[Document]) -> list[Document]:
    """An id that two files use is told apart by the file's name."""
    files: dict[str, set[str]] = {}
    for document in documents:
        files.setdefault(document.id, set()).add(document.source)
    return [
        replace(document, id=f"{document.source}:{document.id}") if len(files[document.id]) > 1 else document
        for document in documents
    ]


def _with_name(notes: Sequence[str], name: str) -> list[str]:
    return [f"{name}: {note}" for note in notes]


@dataclass
class Detected:
    """Counts of documents, and of what was detected in them and not given.

    Attributes:
        n_documents, n_short, n_undated: Documents; those too short to tell their language by; those without a date.
        languages: Detected ones.
        all_languages: Given and detected.
        date_sources: Where a date that was not given was found.
        dates: The first and the last, or nothing.
    """

    n_documents: int = 0
    n_short: int = 0
    n_undated: int = 0
    languages: Counter[str] = field(default_factory=Counter)
    all_languages: Counter[str] = field(default_factory=Counter)
    date_sources: Counter[str] = field(default_factory=Counter)
    dates: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, documents: Iterable[Document]) -> "Detected":
        """The counts of some documents."""
        counts = cls()
        for document in documents:
            counts.n_documents += 1
            counts.all_languages[document.lang] += 1
            if document.lang_detected:
                counts.languages[document.lang] += 1
                counts.n_short += is_short(document.text)
            if document.date is None:
                counts.n_undated += 1
                continue
            counts.dates = _first_and_last([*counts.dates, document.date])
            if document.date_from != GIVEN:
                counts.date_sources[str(document.date_from)] += 1
        return counts

    def add(self, other: "Detected") -> None:
        """Counts the documents of another too."""
        self.n_documents += other.n_documents
        self.n_short += other.n_short
        self.n_undated += other.n_undated
        self.languages += other.languages
        self.all_languages += other.all_languages
        self.date_sources += other.date_sources
        self.dates = _first_and_last([*self.dates, *other.dates])

    def sentences(self) -> Iterator[str]:
        """What is told, in sentences that count."""
        if self.languages:
            told = ", ".join(f"{lang} {count}" for lang, count in sorted(self.languages.items()))
            told += f" ({self.n_short} too short to tell, taken for English)" if self.n_short else ""
            yield f"language detected in {self.languages.total()} of {self.n_documents} documents: {told}"
        if self.date_sources:
            told = ", ".join(f"{source} {count}" for source, count in sorted(self.date_sources.items()))
            yield f"date detected in {self.date_sources.total()} of {self.n_documents} documents, from: {told}"
        if self.n_undated:
            yield f"no date in {self.n_undated} of {self.n_documents} documents"

    def to_json(self) -> dict[str, Any]:
        """As JSON, for `from_json`."""
        return {name: dict(value) if isinstance(value, Counter) else value for name, value in vars(self).items()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Detected":
        """What `to_json` gave."""
        counters = {name: Counter(value[name]) for name in ("languages", "all_languages", "date_sources")}
        return cls(**{**value, **counters})


def _first_and_last(dates: Sequence[str]) -> list[str]:
    return [min(dates), max(dates)] if dates else []


def detected(documents: Iterable[Document]) -> Iterator[str]:
    """What was detected and not given, in sentences that count."""
    return Detected.of(documents).sentences()
