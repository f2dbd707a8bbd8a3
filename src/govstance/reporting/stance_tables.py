"""The table of stances as JSON Lines, CSV, Parquet, and on the terminal."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from govstance.actors.names import government_name
from govstance.errors import GovstanceError
from govstance.files import atomic_writer, write_jsonl, write_text
from govstance.inference.table import CONFLICTING, POSITIONS, UNDATED, Sentence, TableRow
from govstance.reporting.answers import STYLES
from govstance.schema import STANCES

ROWS_PRINTED = 60
SENTENCE_FIELDS = (
    "stance",
    "probability",
    "text",
    "document",
    "source",
    "date",
    "speaker",
    "lang",
    "page",
    "start",
    "end",
)
TABLE_SUFFIXES = (".jsonl", ".csv", ".parquet")


def row_to_json(row: TableRow, *, abstains: bool) -> dict[str, Any]:
    """A row of the table as one flat object; only its sentences are lists.

    Args:
        row: Of the table.
        abstains: Whether the reader could abstain; else there is no share of abstentions.
    """
    low, high = row.interval or (None, None)
    return {
        "government": row.government,
        "name": government_name(row.government),
        "target": row.target,
        "period": row.period,
        "stance": row.stance,
        "leaning": row.leaning,
        "probability": _rounded(row.probability),
        "low": _rounded(low),
        "high": _rounded(high),
        **dict(zip(STANCES, map(_rounded, row.probabilities or (None,) * len(STANCES)), strict=True)),
        "since": row.since,
        "n_documents": row.n_documents,
        "n_copies": row.n_copies,
        "n_stating": row.n_stating,
        "abstained_share": _rounded(row.n_uncertain / row.n_documents) if abstains else None,
        "n_passages": row.n_passages,
        **{f"{stance}_sentences": [_sentence(item) for item in row.sentences[stance]] for stance in POSITIONS},
    }


def _sentence(sentence: Sentence) -> dict[str, Any]:
    value = {name: getattr(sentence, name) for name in SENTENCE_FIELDS}
    return value | {"probability": _rounded(sentence.probability)}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def write_table(path: Path, rows: Sequence[TableRow], *, abstains: bool) -> None:
    """Writes the table in the form that the file's name asks for.

    Raises:
        GovstanceError: Another form than JSON Lines, CSV or Parquet.
    """
    check_suffix(path)
    records = [row_to_json(row, abstains=abstains) for row in rows]
    if path.suffix == ".jsonl":
        write_jsonl(path, records)
    elif path.suffix == ".csv":
        _write_csv(path, records)
    else:
        _write_parquet(path, records)


def check_suffix(path: Path) -> None:
    """Whether a table can be written to a file of that name.

    Raises:
        GovstanceError: It can't.
    """
    if path.suffix not in TABLE_SUFFIXES:
        raise GovstanceError(f"table: expected a name that ends in {', '.join(TABLE_SUFFIXES)}; found {path}.")


def _write_csv(path: Path, records: Sequence[dict[str, Any]]) -> None:
    """Sentences one a line in their cell: probability, document, date, the sentence."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    names = [field.name for field in _schema()]
    writer.writerow(names)
    for record in records:
        writer.writerow([_cell(record[name]) for name in names])
    write_text(path, stream.getvalue())


def _cell(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return "\n".join(
        f"{item['probability']:.2f} {item['document']}, {item['date'] or UNDATED}: {' '.join(item['text'].split())}"
        for item in value
    )


def _write_parquet(path: Path, records: Sequence[dict[str, Any]]) -> None:
    import pyarrow
    from pyarrow import parquet

    with atomic_writer(path, binary=True) as stream:
        parquet.write_table(pyarrow.Table.from_pylist(list(records), schema=_schema()), stream)


def _schema() -> Any:
    """The columns and their types, so that a column without any value has its type too."""
    import pyarrow as pa

    types = {"probability": pa.float64(), "start": pa.int64(), "end": pa.int64(), "page": pa.int64()}
    sentences = pa.list_(pa.struct([(name, types.get(name, pa.string())) for name in SENTENCE_FIELDS]))
    texts = ("government", "name", "target", "period", "stance", "leaning")
    return pa.schema(
        [
            *((name, pa.string()) for name in texts),
            *((name, pa.float64()) for name in ("probability", "low", "high", *STANCES)),
            ("since", pa.string()),
            ("n_documents", pa.int64()),
            ("n_copies", pa.int64()),
            ("n_stating", pa.int64()),
            ("abstained_share", pa.float64()),
            ("n_passages", pa.int64()),
            *((f"{stance}_sentences", sentences) for stance in POSITIONS),
        ]
    )


def print_table(console: Console, rows: Sequence[TableRow]) -> None:
    """Prints the rows that hold a position, and counts the others."""
    holding = [row for row in rows if row.stance != "none"]
    governments = {row.government for row in holding}
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in ("government", "target", "period", "stance, 95 %", "since", "documents"):
        table.add_column(title, no_wrap=title in ("period", "since"))
    shown = ("", "")
    for row in holding[:ROWS_PRINTED]:
        name = "" if row.government == shown[0] else government_name(row.government)
        target = "" if (row.government, row.target) == shown else row.target.replace("_", "_\n", 1)
        interval = f"\n{interval_text(row)}" if row.interval else ""
        documents = f"{row.n_stating} of {row.n_documents}"
        table.add_row(name, target, row.period, stance_text(row).append(interval), row.since or "-", documents)
        shown = (row.government, row.target)
    if holding:
        console.print(table)
        console.print(
            "documents: those that state a position, of those that name the government. 95 %: by drawing documents; "
            "one alone has no interval.",
            style="dim",
        )
    copied = sum(row.n_copies > 0 for row in rows)
    if copied:
        console.print(f"copies of a text count once; {copied} rows had some (n_copies).", style="dim")
    if len(holding) > ROWS_PRINTED:
        console.print(f"... and {len(holding) - ROWS_PRINTED} rows more: table=<file>.csv has all.")
    silent = sorted({government_name(row.government) for row in rows if row.government not in governments})
    if silent:
        console.print(f"named, without a position on any target: {', '.join(silent)}", style="dim")
    if not rows:
        console.print("no document names a government.")


def stance_text(row: TableRow) -> Text:
    """The stance with its probability; a conflict with the stance it leans to."""
    if row.probability is None:
        return Text(row.stance, STYLES[row.stance])
    if row.stance == CONFLICTING:
        return Text(f"{CONFLICTING},\nrather {row.leaning} {row.probability:.2f}", "magenta")
    return Text(f"{row.stance} {row.probability:.2f}", STYLES[row.stance])


def interval_text(row: TableRow) -> str:
    """The interval in words; a dash where one document gives none."""
    return f"{row.interval[0]:.2f} to {row.interval[1]:.2f}" if row.interval else "-"
