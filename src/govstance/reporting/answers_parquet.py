"""The file of answers as Parquet, made from the finished JSON Lines some rows at a time."""

import itertools
import json
from pathlib import Path
from typing import Any

from govstance.files import atomic_writer
from govstance.schema import STANCES

# Some MB of answers: a group is held in memory whole.
ROWS_PER_GROUP = 1024


def write_parquet_answers(answers: Path, output: Path) -> None:
    """Writes answers, as `answers_to_json` makes them, with the same fields.

    Args:
        answers: JSON Lines.
        output: The file to write, whole or not at all.
    """
    import pyarrow
    from pyarrow import parquet

    schema = answers_schema()
    with (
        answers.open(encoding="utf-8") as lines,
        atomic_writer(output, binary=True) as stream,
        parquet.ParquetWriter(stream, schema) as writer,
    ):
        while group := list(itertools.islice(lines, ROWS_PER_GROUP)):
            writer.write_table(pyarrow.Table.from_pylist([json.loads(line) for line in group], schema=schema))


def answers_schema() -> Any:
    """The columns of the file and their types."""
    import pyarrow as pa

    evidence = pa.list_(
        pa.struct(
            [
                *((name, pa.int64()) for name in ("page", "start", "end")),
                *((name, pa.string()) for name in ("text", "stance")),
                ("probability", pa.float64()),
            ]
        )
    )
    stance = pa.struct(
        [
            *((name, pa.string()) for name in ("government", "target", "stance")),
            ("probability", pa.float64()),
            ("probabilities", pa.struct([(name, pa.float64()) for name in STANCES])),
            ("n_passages", pa.int64()),
            ("evidence", evidence),
            ("counter_evidence", evidence),
        ]
    )
    return pa.schema(
        [
            *((name, pa.string()) for name in ("id", "source", "lang")),
            ("lang_detected", pa.bool_()),
            *((name, pa.string()) for name in ("date", "date_from", "speaker", "sketch")),
            ("stances", pa.list_(stance)),
        ]
    )
