"""What a model answers on labelled rows, each read as a document of its own: read once, then kept in a file.

The rows are read as `predict` reads pairs, with the sentences that say the opposite, so that pooling them is what the
table does with documents.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.articles import reader_of
from govstance.config import PROJECT_ROOT, PathsConfig
from govstance.files import numbered_json_lines, write_jsonl
from govstance.inference.aggregate import Evidence, StanceAnswer
from govstance.inference.documents import Document
from govstance.jobs.places import mention_finder, model_of
from govstance.models.folder import DESCRIPTION_FILE
from govstance.progress import progress
from govstance.schema import Row

CACHE = PROJECT_ROOT / "outputs" / "benchmarks" / "answers"


def answers_of_rows(rows: Sequence[Row], model_name: str) -> list[list[StanceAnswer]]:
    """The answers of each row's government, in the order of the rows; without the text of their sentences.

    Args:
        rows: Labelled; their labels are not looked at.
        model_name: As `predict` takes it.
    """
    paths = PathsConfig()
    finder = mention_finder(paths)
    model = model_of(model_name, paths, finder)
    description = (model.folder / DESCRIPTION_FILE).read_bytes()
    key = hashlib.sha256(description + "".join(f"{row.id}\n{row.text}\n" for row in rows).encode()).hexdigest()[:16]
    path = CACHE / f"{key}.jsonl"
    if not path.is_file():
        documents = [
            Document(row.id, row.text, row.lang, date=row.date, government=row.government, role=row.role)
            for row in rows
        ]

        def read() -> Iterator[dict[str, object]]:
            with progress("reading", total=len(documents), unit="row") as advance:
                for document, answers in reader_of(model, finder).read(documents):
                    advance(1)
                    yield {"id": document.id, "answers": [_to_json(answer) for answer in answers]}

        write_jsonl(path, read())
    with path.open("rb") as stream:
        kept = [json.loads(json.dumps(value)) for _, value, _ in numbered_json_lines(stream)]
    return [[_from_json(row, item) for item in record["answers"]] for row, record in zip(rows, kept, strict=True)]


def _to_json(answer: StanceAnswer) -> dict[str, object]:
    return {
        "target": answer.target,
        "stance": answer.stance,
        "probabilities": list(answer.probabilities),
        "opposite": [[item.stance, item.probability] for item in answer.counter_evidence],
    }


def _from_json(row: Row, value: dict[str, object]) -> StanceAnswer:
    raise NotImplementedError
