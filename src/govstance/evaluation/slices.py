"""Scores of one system on parts of the rows: by language, government, role, genre, length, year, phenomenon, source."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from govstance.corpus.counts import words_in
from govstance.evaluation.scores import macro_f1_of_confusions
from govstance.evaluation.uncertainty import confusions_by_group, mean_macro_f1_interval
from govstance.schema import STANCES, Row

# Fewer rows than this say little; the figure is given and marked.
FEW_ROWS = 20
# Some hundreds of slices in a second or two.
DRAWS = 300
UNKNOWN = "unknown"
# Where a bin of words begins: short news items, the usual passage, long passages.
LENGTHS = (0, 40, 80, 160)


def _length(row: Row) -> str:
    start = max(length for length in LENGTHS if length <= words_in(row))
    following = [length for length in LENGTHS if length > start]
    return f"{start} to {following[0] - 1}" if following else f"{start} or more"


# A row may be in several slices of one kind: it has as many phenomena as it has.
KINDS: Mapping[str, Callable[[Row], Iterable[str]]] = {
    "language": lambda row: [row.lang],
    "government": lambda row: [row.government],
    "role": lambda row: [row.role],
    "genre": lambda row: [row.genre or UNKNOWN],
    "length in words": lambda row: [_length(row)],
    "year": lambda row: [row.date[:4] if row.date else UNKNOWN],
    "phenomenon": lambda row: row.phenomena or [UNKNOWN],
    "source": lambda row: [row.source],
}


def slice_scores(rows: Sequence[Row], gold: np.ndarray, predicted: np.ndarray) -> dict[str, list[dict[str, Any]]]:
    """Scores by slice.

    A stance that a slice does not hold counts as 0 in its macro-F1, so small slices look worse than they are; accuracy
    stands beside it.

    Args:
        rows: Labelled rows; those without any label are left out.
        gold, predicted: (n_rows, n_targets) stance indices; gold -1 where not annotated.

    Returns:
        Kind of slice -> slices, most rows first: `slice`, `n_rows`, `n_documents`, `few_rows` (under 20), `macro_f1`
        (mean over the targets that have labels there), `macro_f1_interval_95` (bootstrap over documents, without width
        where there is only one), `accuracy` over all labels.
    """
    result = {}
    for kind, values_of in KINDS.items():
        members: dict[str, list[int]] = {}
        for index, row in enumerate(rows):
            if (gold[index] >= 0).any():
                for value in values_of(row):
                    members.setdefault(value, []).append(index)
        result[kind] = [
            _figures(name, gold[chosen], predicted[chosen], [rows[index].group for index in chosen])
            for name, chosen in sorted(members.items(), key=lambda item: (-len(item[1]), item[0]))
        ]
    return result


def _figures(name: str, gold: np.ndarray, predicted: np.ndarray, groups: Sequence[str]) -> dict[str, Any]:
    annotated = (gold >= 0).any(axis=0)
    gold, predicted = gold[:, annotated], predicted[:, annotated]
    counts = confusions_by_group(gold, predicted, groups, len(STANCES)).sum(axis=0)
    low, high = mean_macro_f1_interval(gold, predicted, groups, n_stances=len(STANCES), draws=DRAWS)
    return {
        "slice": name,
        "n_rows": len(groups),
        "n_documents": len(set(groups)),
        "few_rows": len(groups) < FEW_ROWS,
        "macro_f1": float(macro_f1_of_confusions(counts).mean()),
        "macro_f1_interval_95": [low, high],
        "accuracy": float(np.trace(counts.sum(axis=0)) / counts.sum()),
    }
