"""What a model answers on labelled rows, each read as a document of its own: read once, then kept in a file a model.

The rows are read as `predict` reads pairs, with the sentences that say the opposite, so pooling them is what the table
does with documents.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.articles import reader_of
from govstance.config import PROJECT_ROOT, PathsConfig
from govstance.files import write_jsonl
from govstance.inference.aggregate import Evidence, StanceAnswer
from govstance.inference.documents import Document
from govstance.jobs.places import mention_finder, model_of
from govstance.models.folder import DESCRIPTION_FILE
from govstance.progress import progress
from govstance.schema import STANCES, Row

FOLDER = PROJECT_ROOT / "outputs" / "benchmarks" / "answers"
ROWS_A_SAVE = 256  # what is read is kept even if the rest is not


def answers_of_rows(rows: Sequence[Row], model_name: str) -> dict[str, dict[str, StanceAnswer]]:
    """Row id -> target -> the answer for the row's government; its sentences come without their text.

    Args:
        rows: Labelled; their labels are not looked at.
        model_name: As `predict` takes it.
    """
    paths = PathsConfig()
    finder = mention_finder(paths)
    model = model_of(model_name, paths, finder)
    path = FOLDER / f"{hashlib.sha256((model.folder / DESCRIPTION_FILE).read_bytes()).hexdigest()[:16]}.jsonl"
    kept = _kept(path)
    missing = [row for row in rows if _key(row) not in kept]
    reader = reader_of(model, finder)
    with progress("reading", total=len(missing), unit="row") as advance:
        for start in range(0, len(missing), ROWS_A_SAVE):
            some = missing[start : start + ROWS_A_SAVE]
            documents = [
                Document(row.id, row.text, row.lang, row.date, government=row.government, role=row.role) for row in some
            ]
            for row, (_, answers) in zip(some, reader.read(documents), strict=True):
                kept[_key(row)] = [_to_json(answer) for answer in answers]
                advance(1)
            write_jsonl(path, ({"key": key, "answers": answers} for key, answers in kept.items()))
    return {row.id: {value["target"]: _from_json(row.government, value) for value in kept[_key(row)]} for row in rows}


def _key(row: Row) -> str:
    return hashlib.sha256("\n".join((row.id, row.government, row.role, row.text)).encode()).hexdigest()[:24]


def _kept(path: Path) -> dict[str, list[dict[str, Any]]]:
    if not path.is_file():
        return {}
    records = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return {record["key"]: record["answers"] for record in records}


def _to_json(answer: StanceAnswer) -> dict[str, Any]:
    return {
        "target": answer.target,
        "probabilities": [round(value, 6) for value in answer.probabilities],
        "opposite": [[item.stance, round(item.probability, 6)] for item in answer.counter_evidence],
    }


def _from_json(government: str, value: dict[str, Any]) -> StanceAnswer:
    probabilities = tuple(value["probabilities"])
    best = int(np.argmax(probabilities))
    opposite = tuple(Evidence(0, 0, "", stance, probability) for stance, probability in value["opposite"])
    return StanceAnswer(
        government, value["target"], STANCES[best], probabilities[best], probabilities, counter_evidence=opposite
    )
