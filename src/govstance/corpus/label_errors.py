"""Which labels a classifier doubts: a queue for people to read, never a reason to change a label by itself.

Source: confident learning (Northcutt, Jiang and Chuang 2021), as the library cleanlab has it. It needs probabilities
from a classifier that has not seen the row: the predictions of an earlier model on rows that are new since, or, where
there are none, a TF-IDF classifier cross-validated by group.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from cleanlab.filter import find_label_issues
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict

from govstance.errors import BadRowsError, GovstanceError
from govstance.files import numbered_json_lines
from govstance.schema import STANCES, Row

FOLDS = 5
LEAST_ROWS_A_STANCE = FOLDS

# Row id -> probability of each stance, in the order of STANCES.
Probabilities = Mapping[str, np.ndarray]


def review_queue(rows: Sequence[Row], probabilities: Mapping[str, Probabilities]) -> list[dict[str, Any]]:
    """The rows whose label looks wrong, the most doubtful of each target first.

    Args:
        rows: Rows of any split.
        probabilities: Target -> row id -> probabilities of a classifier that has not seen the row.

    Returns:
        One object a (row, target): {"id", "target", "government", "given", "suggested", "probability_of_given",
        "probability_of_suggested", "text"}.
    """
    queue = []
    for target, of_target in probabilities.items():
        judged = _judged(rows, target, [row.id in of_target for row in rows])
        stances = [stance for stance in STANCES if any(row.labels[target] == stance for row in judged)]
        if len(stances) < 2:
            continue
        labels = np.array([stances.index(str(row.labels[target])) for row in judged])
        values = np.stack([of_target[row.id][[STANCES.index(stance) for stance in stances]] for row in judged])
        values = np.clip(values, 1e-6, None)
        values /= values.sum(axis=1, keepdims=True)
        # "both": off the diagonal of the confident joint, and among the least probable of its class.
        doubtful = find_label_issues(
            labels, values, filter_by="both", return_indices_ranked_by="self_confidence", n_jobs=1
        )
        queue += [_entry(judged[index], target, stances, values[index]) for index in doubtful]
    return queue


def read_predictions(path: Path, target_ids: Sequence[str]) -> Mapping[str, Probabilities]:
    """Probabilities from the predictions.jsonl of an evaluation.

    Raises:
        BadRowsError: A line has no id, target or probabilities.
        GovstanceError: The file is missing or says nothing about the targets.
    """
    result: dict[str, dict[str, np.ndarray]] = {}
    problems = []
    try:
        with path.open("rb") as stream:
            for number, value, problem in numbered_json_lines(stream):
                try:
                    if problem is None and value["target"] in target_ids:
                        found = np.array([float(value["probabilities"][stance]) for stance in STANCES])
                        result.setdefault(value["target"], {})[value["id"]] = found
                except (KeyError, TypeError, ValueError):
                    problem = "expected an object with id, target and probabilities of all stances"
                if problem:
                    problems.append(f"{number}: {problem}")
    except FileNotFoundError:
        raise GovstanceError(f"{path}: no such file; expected the predictions.jsonl of an evaluation.") from None
    if problems:
        raise BadRowsError(str(path), problems)
    if not result:
        raise GovstanceError(f"{path}: expected predictions on {', '.join(target_ids)}, found none.")
    return result


def cross_validated(rows: Sequence[Row], target_ids: Sequence[str]) -> Mapping[str, Probabilities]:
    """Probabilities of a TF-IDF classifier for rows of documents that it has not seen.

    A target with fewer than 5 documents, or without two stances of 5 rows, is left out.
    """
    # The government is a word of its own, as the same text has a row for each. The vectors know no labels, so that
    # making them once for all folds gives nothing away.
    vectorizer = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(3, 4), max_features=50_000, sublinear_tf=True, dtype=np.float32
    )
    vectors = vectorizer.fit_transform([f"{row.government}_{row.role} {row.text}" for row in rows])
    result: dict[str, Probabilities] = {}
    for target in target_ids:
        counts = Counter(row.labels[target] for row in rows)
        stances = [stance for stance in STANCES if counts[stance] >= LEAST_ROWS_A_STANCE]
        kept = [index for index, row in enumerate(rows) if row.labels[target] in stances]
        groups = [rows[index].group for index in kept]
        if len(stances) < 2 or len(set(groups)) < FOLDS:
            continue
        labels = [STANCES.index(str(rows[index].labels[target])) for index in kept]
        classifier = LogisticRegression(C=4.0, max_iter=200, tol=1e-3)
        found = cross_val_predict(
            classifier, vectors[kept], labels, groups=groups, cv=GroupKFold(FOLDS), method="predict_proba"
        )
        values = np.zeros((len(kept), len(STANCES)))
        values[:, sorted(set(labels))] = found
        result[target] = {rows[index].id: value for index, value in zip(kept, values, strict=True)}
    return result


def _judged(rows: Sequence[Row], target: str, known: Sequence[bool]) -> list[Row]:
    counts = Counter(row.labels[target] for row, is_known in zip(rows, known, strict=True) if is_known)
    return [
        row
        for row, is_known in zip(rows, known, strict=True)
        if is_known and row.labels[target] is not None and counts[row.labels[target]] >= LEAST_ROWS_A_STANCE
    ]


def _entry(row: Row, target: str, stances: Sequence[str], values: np.ndarray) -> dict[str, Any]:
    given = str(row.labels[target])
    return {
        "id": row.id,
        "target": target,
        "government": row.government,
        "given": given,
        "suggested": stances[int(values.argmax())],
        "probability_of_given": round(float(values[stances.index(given)]), 4),
        "probability_of_suggested": round(float(values.max()), 4),
        "text": row.text,
    }
