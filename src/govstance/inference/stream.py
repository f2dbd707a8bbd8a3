"""Documents one after the other, however many: read where they lie, with the place to go on from after each.

A file or line that can't be read is told in its turn, and the others go on. Keeps no more than one file that holds a
single document, or some rows of one that holds many.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from govstance.errors import GovstanceError
from govstance.inference.documents import Document
from govstance.inference.reader import DOCUMENTS_AT_ONCE
from govstance.inference.records import (
    JSON_LINES,
    TABLES,
    BadRecord,
    Record,
    count_records,
    json_line_records,
    left_out,
    table_records,
)
from govstance.inference.sources import SAME_NAMES, STANDARD_INPUT, document_of_file, files_of, short_names


@dataclass(frozen=True, slots=True)
class Position:
    """How far a source was read.

    Attributes:
        file: Number of the file, from 0; those before it are done.
        record: Number of its last line or row that is done; 0 where none is.
    """

    file: int = 0
    record: int = 0


START = Position()


@dataclass(frozen=True, slots=True)
class Told:
    """What the reader of the answers should know of a file or a line.

    Attributes:
        file: Its name.
        line: Of the file, or its row; None: the file as a whole.
        reason: In words.
        not_read: Whether it is missing from the answers for that.
    """

    file: str
    line: int | None
    reason: str
    not_read: bool

    @property
    def place(self) -> str:
        """The file, and the line where there is one."""
        return self.file if self.line is None else f"{self.file}:{self.line}"

    def __str__(self) -> str:
        return f"{'not read: ' if self.not_read else ''}{self.place}: {self.reason}"


Item = tuple[Position, Document | Told]


@dataclass(frozen=True)
class Source:
    """What the user named, as files in the order they are read.

    Attributes:
        files: Whole paths; empty for standard input.
        names: What documents and messages call them.
        columns: Of a table: field of a document -> name of its column.
        skipped: Files of folders that are of no kind that is read, by suffix.
    """

    files: Sequence[Path]
    names: Sequence[str]
    columns: Mapping[str, str] = field(default_factory=lambda: SAME_NAMES)
    skipped: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def find(cls, source: str | Sequence[str], columns: Mapping[str, str] = SAME_NAMES) -> "Source":
        """The files behind paths, folders and globs, or standard input ("-").

        Raises:
            GovstanceError: Nothing is there.
        """
        if source in (STANDARD_INPUT, [STANDARD_INPUT]):
            return cls((), (), columns)
        files, skipped = files_of([source] if isinstance(source, str) else list(source))
        names = [str(files[0])] if len(files) == 1 else short_names(files)
        return cls([path.absolute() for path in files], names, columns, skipped)

    @property
    def end(self) -> Position:
        """Where all of it is done."""
        return Position(max(len(self.files), 1))

    def count(self) -> int | None:
        """About how many documents there are; None for standard input. A damaged file counts as one."""
        return sum(_count(path) for path in self.files) if self.files else None

    def items(self, start: Position = START) -> Iterator[Item]:
        """Documents and what is told, each with the position after it.

        Args:
            start: Where to go on.
        """
        if not self.files:
            yield from _records_of("standard input", json_line_records("standard input", sys.stdin.buffer), 0, 0)
            return
        for number, (path, source) in enumerate(zip(self.files, self.names, strict=True)):
            if number < start.file:
                continue
            after = start.record if number == start.file else 0
            try:
                if path.suffix.lower() in (*JSON_LINES, *TABLES):
                    yield from self._of_records(path, source, number, after)
                else:
                    name = path.stem if len(self.files) == 1 else source
                    document, notes = document_of_file(path, name, source)
                    yield from ((Position(number), Told(source, None, note, False)) for note in notes)
                    yield Position(number + 1), document
            except (GovstanceError, OSError) as error:
                reason = str(error).removeprefix(f"{source}: ").removeprefix(f"{path}: ")
                yield Position(number + 1), Told(source, None, reason, True)

    def _of_records(self, path: Path, source: str, number: int, after: int) -> Iterator[Item]:
        if path.suffix.lower() in TABLES:
            records, notes = table_records(path, source, self.columns, after=after)
            if after == 0:
                yield from ((Position(number), Told(source, None, note, False)) for note in notes)
            yield from _records_of(source, records, number, after)
            return
        with path.open("rb") as stream:
            yield from _records_of(source, json_line_records(source, stream, after=after), number, after)


def _records_of(source: str, records: Iterable[Record], number: int, after: int) -> Iterator[Item]:
    empty, found = 0, after > 0
    for line, record in records:
        if record is None:
            empty += 1
            continue
        found = True
        if isinstance(record, BadRecord):
            yield Position(number, line), Told(source, line, "; ".join(record.problems), True)
        else:
            yield Position(number, line), record
    yield from ((Position(number + 1), Told(source, None, note, False)) for note in left_out(empty))
    if not found:
        yield Position(number + 1), Told(source, None, "expected at least one document, found none.", True)


def _count(path: Path) -> int:
    if path.suffix.lower() not in (*JSON_LINES, *TABLES):
        return 1
    try:
        return count_records(path)
    except (GovstanceError, OSError):
        return 1


@dataclass(frozen=True)
class Chunk:
    """Some documents that are read together.

    Attributes:
        documents: At most `DOCUMENTS_AT_ONCE`.
        told: Of what lies between them.
        position: After it.
    """

    documents: list[Document]
    told: list[Told]
    position: Position

    @property
    def n_records(self) -> int:
        """Documents, and what should have been some."""
        return len(self.documents) + sum(told.not_read for told in self.told)


def chunks_of(source: Source, start: Position = START) -> Iterator[Chunk]:
    """A source in chunks; those from the position after any of them on are the same as when all are asked for.

    Args:
        source: Of documents.
        start: Where to go on.
    """
    documents: list[Document] = []
    told: list[Told] = []
    for position, item in source.items(start):
        if isinstance(item, Document):
            documents.append(item)
        else:
            told.append(item)
        # A note that drops no record ends no chunk: it may stand before its file's first record, to be told again.
        whole = isinstance(item, Document) or item.not_read
        if whole and len(documents) + sum(item.not_read for item in told) >= DOCUMENTS_AT_ONCE:
            yield Chunk(documents, told, position)
            documents, told = [], []
    yield Chunk(documents, told, source.end)
