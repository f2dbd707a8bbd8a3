"""Which labels a classifier doubts: a queue for people to read, never a reason to change a label by itself.

Source: confident learning (Northcutt, Jiang and Chuang 2021), as the library cleanlab has it, on probabilities of a
TF-IDF classifier that has not seen the document (cross-validation by group).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from cleanlab.filter import find_label_issues
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from govstance.schema import STANCES, Row

FOLDS = 5
LEAST_ROWS_A_STANCE = FOLDS


def review_queue(rows: Sequence[Row], target_ids: Sequence[str]) -> list[dict[str, Any]]:
    """The rows whose label looks wrong, the most doubtful of each target first.

    Args:
        rows: Rows of all splits.
        target_ids: Targets to look at; one with fewer than 5 groups or two stances of 5 rows is passed over.

    Returns:
        One object a (row, target): {"id", "target", "government", "given", "suggested", "probability_of_given",
        "probability_of_suggested", "text"}.
    """
    queue = []
    for target in target_ids:
        queue += _queue_of_target([row for row in rows if row.labels[target] is not None], target)
    return queue


def _queue_of_target(rows: Sequence[Row], target: str) -> list[dict[str, Any]]:
    given = [row.labels[target] for row in rows]
    stances = [stance for stance in STANCES if given.count(stance) >= LEAST_ROWS_A_STANCE]
    rows = [row for row in rows if row.labels[target] in stances]
    groups = [row.group for row in rows]
    if len(stances) < 2 or len(set(groups)) < FOLDS:
        return []
    labels = np.array([stances.index(str(row.labels[target])) for row in rows])
    # The government is a word of its own, as the same text has a row for each.
    texts = [f"{row.government}_{row.role} {row.text}" for row in rows]
    classifier = make_pipeline(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), min_df=3, max_features=60_000, sublinear_tf=True),
        LogisticRegression(max_iter=300, class_weight="balanced"),
    )
    probabilities = cross_val_predict(
        classifier, texts, labels, groups=groups, cv=GroupKFold(FOLDS), method="predict_proba"
    )
    doubtful = find_label_issues(labels, probabilities, return_indices_ranked_by="self_confidence", n_jobs=1)
    return [
        {
            "id": rows[index].id,
            "target": target,
            "government": rows[index].government,
            "given": stances[labels[index]],
            "suggested": stances[int(probabilities[index].argmax())],
            "probability_of_given": round(float(probabilities[index, labels[index]]), 4),
            "probability_of_suggested": round(float(probabilities[index].max()), 4),
            "text": rows[index].text,
        }
        for index in doubtful
    ]
