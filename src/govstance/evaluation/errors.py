"""Which answers are most wrong, and which labels look wrong instead: what a person reads after the scores.

Names rows by id and never repeats their texts, so that what it returns may be passed on.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from govstance.corpus.label_errors import review_queue
from govstance.schema import STANCES, Row

N_WORST = 50


def worst_errors(
    rows: Sequence[Row], gold: np.ndarray, probabilities: np.ndarray, target_ids: Sequence[str], *, n: int = N_WORST
) -> list[dict[str, Any]]:
    """The wrong answers that gave the gold stance the lowest probability (the highest log loss), worst first.

    Args:
        rows: Labelled rows.
        gold: (n_rows, n_targets) stance indices, -1 where not annotated.
        probabilities: (n_rows, n_targets, n_stances).
        target_ids: Targets in the order of the second axis.
        n: At most this many.

    Returns:
        One object a (row, target): {"id", "target", "government", "lang", "role", "date", "gold", "predicted",
        "probabilities"}.
    """
    wrong = np.argwhere((gold >= 0) & (probabilities.argmax(axis=-1) != gold))
    of_gold = probabilities[wrong[:, 0], wrong[:, 1], gold[wrong[:, 0], wrong[:, 1]]]
    result = []
    for position in np.argsort(of_gold, kind="stable")[:n]:
        row, target = wrong[position]
        values = probabilities[row, target]
        result.append(
            _named(rows[row], target_ids[target])
            | {
                "gold": STANCES[gold[row, target]],
                "predicted": STANCES[int(values.argmax())],
                "probabilities": {
                    stance: round(float(value), 6) for stance, value in zip(STANCES, values, strict=True)
                },
            }
        )
    return result


def doubtful_labels(rows: Sequence[Row], probabilities: np.ndarray, target_ids: Sequence[str]) -> list[dict[str, Any]]:
    """The labels that the system doubts, the least probable first; see `corpus.label_errors`.

    Args:
        rows: Labelled rows that the system was not trained on.
        probabilities: (n_rows, n_targets, n_stances).
        target_ids: Targets in the order of the second axis.

    Returns:
        One object a (row, target): {"id", "target", "government", "lang", "role", "date", "given", "suggested",
        "probability_of_given", "probability_of_suggested"}.
    """
    by_id = {row.id: row for row in rows}
    by_target = {
        target: {row.id: probabilities[index, number] for index, row in enumerate(rows)}
        for number, target in enumerate(target_ids)
    }
    figures = ("given", "suggested", "probability_of_given", "probability_of_suggested")
    doubts = [
        _named(by_id[entry["id"]], entry["target"]) | {name: entry[name] for name in figures}
        for entry in review_queue(rows, by_target)
    ]
    return sorted(doubts, key=lambda doubt: doubt["probability_of_given"])


def _named(row: Row, target: str) -> dict[str, Any]:
    names = {name: getattr(row, name) for name in ("government", "lang", "role", "date")}
    return {"id": row.id, "target": target} | names
