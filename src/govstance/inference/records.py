"""Files that hold many documents each: JSON Lines, CSV, Parquet."""

import csv
import datetime
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from govstance.errors import BadRowsError, GovstanceError
from govstance.files import numbered_json_lines
from govstance.inference.documents import Document, document_from_record, record_problems
from govstance.inference.formats import decoded

# A column that a table need not have; what it lacks is detected or empty.
FIELDS = ("id", "text", "lang", "date", "speaker", "government", "role")
JSON_LINES = (".jsonl", ".ndjson")
TABLES = (".csv", ".tsv", ".parquet")

Documents = tuple[list[Document], list[str]]


def documents_from_json_lines(name: str, stream: Iterable[bytes]) -> list[Document]:
    """Documents and pairs, one a line.

    Args:
        name: Of the file, for errors.
        stream: Lines as bytes.

    Raises:
        BadRowsError: Lines that are no document, all of them listed.
        GovstanceError: There is none.
    """
    documents: list[Document] = []
    problems: list[str] = []
    for number, value, parse_problem in numbered_json_lines(stream):
        found = [parse_problem] if parse_problem else record_problems(value)
        problems += [f"{number}: {problem}" for problem in found]
        if not found:
            documents.append(document_from_record(value, name))
    if problems:
        raise BadRowsError(name, problems)
    if not documents:
        raise GovstanceError(f'{name}: expected at least one document {{"id", "text"}}, found none.')
    return documents


def documents_from_table(path: Path, name: str, columns: Mapping[str, str]) -> Documents:
    """Documents of a CSV, TSV or Parquet file, one a row, and notes on what was left out.

    Args:
        path: The file.
        name: Of the file, for errors and ids.
        columns: Field of a document -> name of its column.

    Raises:
        BadRowsError: Rows that are no document, all of them listed.
        GovstanceError: It has no column of texts, is damaged, or holds no document.
    """
    header, rows, notes = _parquet(path) if path.suffix.lower() == ".parquet" else _csv(path)
    if columns["text"] not in header:
        raise GovstanceError(
            f"{name}: expected a column {columns['text']!r} with the texts, found the columns "
            f"{', '.join(header) or '(none)'}. Name the one that holds them: columns.text=<name>."
        )
    documents: list[Document] = []
    problems: list[str] = []
    empty = 0
    for number, row in rows:
        value = {field: _cell(row.get(columns[field]), field) for field in FIELDS}
        if not value["text"]:
            empty += 1
            continue
        value["id"] = value["id"] or f"{name}:{number}"
        found = record_problems(value)
        problems += [f"{number}: {problem}" for problem in found]
        if not found:
            documents.append(document_from_record(value, name))
    if problems:
        raise BadRowsError(name, problems)
    if not documents:
        raise GovstanceError(f"{name}: expected at least one row with a text, found none.")
    if empty:
        notes.append(f"{empty} row{'s' if empty > 1 else ''} without a text left out")
    return documents, notes


def _csv(path: Path) -> tuple[Sequence[str], Iterator[tuple[int, dict[str, Any]]], list[str]]:
    """(columns, numbered rows, notes); the separator is the one that the header has most of."""
    text, note = decoded(path.read_bytes())
    head = text.partition("\n")[0]
    delimiter = "\t" if path.suffix.lower() == ".tsv" else max(",;\t", key=head.count)
    csv.field_size_limit(2**31 - 1)  # articles are longer than the 128 KiB that is the default
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    header = list(reader.fieldnames or ())
    return header, ((reader.line_num, row) for row in reader), [note] if note else []


def _parquet(path: Path) -> tuple[Sequence[str], Iterator[tuple[int, dict[str, Any]]], list[str]]:
    import pyarrow
    from pyarrow import parquet

    try:
        table = parquet.read_table(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise GovstanceError(f"{path}: expected Parquet, found: {str(error).splitlines()[0]}") from error
    return table.column_names, enumerate(table.to_pylist(), start=1), []


def _cell(value: Any, field: str) -> str | None:
    """A cell as a document has it: None where it is empty, a time as its day."""
    if isinstance(value, datetime.date):  # and its subclass datetime
        value = value.isoformat()
    text = "" if value is None else str(value)
    if field == "date" and text[10:11] in ("T", " "):
        text = text[:10]
    return text if text.strip() else None
