"""Files that hold many documents each: JSON Lines, CSV, Parquet."""

import csv
import datetime
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from govstance.errors import BadRowsError, GovstanceError
from govstance.files import numbered_json_lines
from govstance.inference.documents import Document, document_from_record, record_problems
from govstance.inference.formats import encoding_of_file

# A column that a table need not have; what it lacks is detected or empty.
FIELDS = ("id", "text", "lang", "date", "speaker", "government", "role")
JSON_LINES = (".jsonl", ".ndjson")
TABLES = (".csv", ".tsv", ".parquet")

Documents = tuple[list[Document], list[str]]
# Rows that are taken out of a Parquet file at a time.
ROWS_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A line or row that is no document.

    Attributes:
        number: Of the line or row, from 1.
        problems: What is wrong with it.
    """

    number: int
    problems: list[str]


# With its number; None stands for a row without a text.
Record = tuple[int, Document | BadRecord | None]


def json_line_records(name: str, stream: Iterable[bytes], *, after: int = 0) -> Iterator[Record]:
    """Documents and pairs, one a line.

    Args:
        name: Of the file, for documents.
        stream: Lines as bytes.
        after: So many lines at the head are passed over.
    """
    for number, value, parse_problem in numbered_json_lines(stream, after=after):
        found = [parse_problem] if parse_problem else record_problems(value)
        yield number, BadRecord(number, found) if found else document_from_record(value, name)


def documents_from_json_lines(name: str, stream: Iterable[bytes]) -> list[Document]:
    """All documents and pairs, one a line.

    Args:
        name: Of the file, for errors.
        stream: Lines as bytes.

    Raises:
        BadRowsError: Lines that are no document, all of them listed.
        GovstanceError: There is none.
    """
    documents, _ = _all_good(name, json_line_records(name, stream))
    if not documents:
        raise GovstanceError(f'{name}: expected at least one document {{"id", "text"}}, found none.')
    return documents


def table_records(
    path: Path, name: str, columns: Mapping[str, str], *, after: int = 0
) -> tuple[Iterator[Record], list[str]]:
    """Documents of a CSV, TSV or Parquet file, one a row, and notes on how it is read.

    Args:
        path: The file.
        name: Of the file, for errors and ids.
        columns: Field of a document -> name of its column.
        after: Number of the last record that is passed over; rows without a text are told all the same.

    Raises:
        GovstanceError: It has no column of texts, or is damaged; also while it is read.
    """
    is_parquet = path.suffix.lower() == ".parquet"
    header, rows, notes = _parquet(path, set(columns.values())) if is_parquet else _csv(path)
    if columns["text"] not in header:
        raise GovstanceError(
            f"{name}: expected a column {columns['text']!r} with the texts, found the columns "
            f"{', '.join(header) or '(none)'}. Name the one that holds them: columns.text=<name>."
        )
    return _row_records(rows, name, columns, after), notes


def _row_records(
    rows: Iterable[tuple[int, dict[str, Any]]], name: str, columns: Mapping[str, str], after: int
) -> Iterator[Record]:
    for number, row in rows:
        value = {field: _cell(row.get(columns[field]), field) for field in FIELDS}
        if not value["text"]:
            yield number, None
        elif number > after:
            value["id"] = value["id"] or f"{name}:{number}"
            found = record_problems(value)
            yield number, BadRecord(number, found) if found else document_from_record(value, name)


def documents_from_table(path: Path, name: str, columns: Mapping[str, str]) -> Documents:
    """All documents of a CSV, TSV or Parquet file, one a row, and notes on what was left out.

    Args:
        path: The file.
        name: Of the file, for errors and ids.
        columns: Field of a document -> name of its column.

    Raises:
        BadRowsError: Rows that are no document, all of them listed.
        GovstanceError: It has no column of texts, is damaged, or holds no document.
    """
    records, notes = table_records(path, name, columns)
    documents, empty = _all_good(name, records)
    if not documents:
        raise GovstanceError(f"{name}: expected at least one row with a text, found none.")
    return documents, [*notes, *left_out(empty)]


def left_out(empty: int) -> list[str]:
    """What is told of rows without a text."""
    return [f"{empty} row{'s' if empty > 1 else ''} without a text left out"] if empty else []


def _all_good(name: str, records: Iterable[Record]) -> tuple[list[Document], int]:
    """The documents, and how many rows have no text.

    Raises:
        BadRowsError: Records that are no document, all of them listed.
    """
    documents: list[Document] = []
    problems: list[str] = []
    empty = 0
    for number, record in records:
        if record is None:
            empty += 1
        elif isinstance(record, BadRecord):
            problems += [f"{number}: {problem}" for problem in record.problems]
        else:
            documents.append(record)
    if problems:
        raise BadRowsError(name, problems)
    return documents, empty


def count_records(path: Path) -> int:
    """How many records a file has, none of them looked at: exact for JSON Lines and Parquet.

    A line of a CSV file counts as one, which is too many where texts have lines of their own.

    Raises:
        GovstanceError: It is no Parquet.
    """
    if path.suffix.lower() == ".parquet":
        return int(_parquet_file(path).metadata.num_rows)
    with path.open("rb") as stream:
        return sum(not line.isspace() for line in stream)


def _csv(path: Path) -> tuple[Sequence[str], Iterator[tuple[int, dict[str, Any]]], list[str]]:
    """(columns, numbered rows, notes); the separator is the one that the header has most of."""
    encoding, note = encoding_of_file(path)
    csv.field_size_limit(2**31 - 1)  # articles are longer than the 128 KiB that is the default
    with path.open(encoding=encoding, errors="replace", newline="") as stream:
        head = stream.readline()
        delimiter = "\t" if path.suffix.lower() == ".tsv" else max(",;\t", key=head.count)
        stream.seek(0)
        header = next(csv.reader(stream, delimiter=delimiter), [])

    def rows() -> Iterator[tuple[int, dict[str, Any]]]:
        with path.open(encoding=encoding, errors="replace", newline="") as stream:
            reader = csv.DictReader(stream, delimiter=delimiter)
            try:
                for row in reader:
                    yield reader.line_num, row
            except csv.Error as error:
                raise GovstanceError(f"{path}: expected CSV, found in line {reader.line_num}: {error}") from error

    return header, rows(), [note] if note else []


def _parquet(
    path: Path, wanted: Collection[str]
) -> tuple[Sequence[str], Iterator[tuple[int, dict[str, Any]]], list[str]]:
    file = _parquet_file(path)
    header = file.schema_arrow.names

    def rows() -> Iterator[tuple[int, dict[str, Any]]]:
        import pyarrow

        columns = [name for name in header if name in wanted]
        try:
            batches = file.iter_batches(batch_size=ROWS_AT_ONCE, columns=columns)
            yield from enumerate((row for batch in batches for row in batch.to_pylist()), start=1)
        except (pyarrow.ArrowException, OSError) as error:
            raise _no_parquet(path, error) from error

    return header, rows(), []


def _parquet_file(path: Path) -> Any:
    import pyarrow
    from pyarrow import parquet

    try:
        return parquet.ParquetFile(path, buffer_size=2**20)  # a buffer, lest whole columns are read at once
    except (pyarrow.ArrowException, OSError) as error:
        raise _no_parquet(path, error) from error


def _no_parquet(path: Path, error: Exception) -> GovstanceError:
    return GovstanceError(f"{path}: expected Parquet, found: {str(error).splitlines()[0]}")


def _cell(value: Any, field: str) -> str | None:
    """A cell as a document has it: None where it is empty, a time as its day."""
    if isinstance(value, datetime.date):  # and its subclass datetime
        value = value.isoformat()
    text = "" if value is None else str(value)
    if field == "date" and text[10:11] in ("T", " "):
        text = text[:10]
    return text if text.strip() else None
