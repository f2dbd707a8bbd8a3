"""What a person should read after the scores: the worst errors with their evidence, and the labels in doubt."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from govstance.actors.finder import MentionFinder
from govstance.evaluation.errors import doubtful_labels, worst_errors
from govstance.inference.documents import Document
from govstance.inference.reader import ArticleReader
from govstance.models.baselines import FrequencyBaseline
from govstance.models.folder import LoadedModel
from govstance.schema import Row


def rows_to_read(
    model: LoadedModel, rows: Sequence[Row], gold: np.ndarray, probabilities: np.ndarray, finder: MentionFinder
) -> dict[str, Any]:
    """The worst errors with the places of their evidence, and the labels in doubt; ids and figures, no text.

    A baseline of frequencies reads no text: it has no evidence (null) and can doubt no label (null).
    """
    target_ids = model.predictor.target_ids
    worst = worst_errors(rows, gold, probabilities, target_ids)
    if isinstance(model.predictor, FrequencyBaseline):
        return {"worst_errors": [error | {"evidence": None} for error in worst], "label_doubts": None}
    by_id = {row.id: row for row in rows}
    chosen = [by_id[name] for name in dict.fromkeys(error["id"] for error in worst)]
    reader = ArticleReader(model.predictor, model.targets, finder)
    documents = [
        Document(row.id, row.text, row.lang, row.date, government=row.government, role=row.role) for row in chosen
    ]
    evidence = {
        (document.id, answer.target): [
            {"start": item.start, "end": item.end, "probability": round(item.probability, 6)}
            for item in answer.evidence
        ]
        for document, answers in reader.read(documents)
        for answer in answers
    }
    return {
        # A row may be labelled for a target that is not asked of its government.
        "worst_errors": [error | {"evidence": evidence.get((error["id"], error["target"]))} for error in worst],
        "label_doubts": doubtful_labels(rows, probabilities, target_ids),
    }
