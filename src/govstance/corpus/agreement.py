"""How far two annotators agree, target by target."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sklearn.metrics import cohen_kappa_score

from govstance.schema import STANCES, Row


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement on one target.

    Attributes:
        n_rows: Rows that both annotators labelled.
        share: Of rows with the same label, in [0, 1].
        kappa: Cohen's kappa (Cohen 1960).
    """

    n_rows: int
    share: float
    kappa: float


def agreement(
    rows: Sequence[Row], second: Mapping[str, Mapping[str, str | None]], target_ids: Sequence[str]
) -> dict[str, Agreement]:
    """Agreement of the rows' labels with a second labelling.

    Args:
        rows: Rows with the first labels.
        second: Row id -> target -> stance or None.
        target_ids: Targets to compare; one that no row has twice is left out.
    """
    result = {}
    for target in target_ids:
        pairs = [
            (row.labels[target], second[row.id][target])
            for row in rows
            if row.id in second and row.labels[target] is not None and second[row.id][target] is not None
        ]
        if pairs:
            first_labels, second_labels = zip(*pairs, strict=True)
            result[target] = Agreement(
                n_rows=len(pairs),
                share=sum(first == other for first, other in pairs) / len(pairs),
                kappa=float(cohen_kappa_score(first_labels, second_labels, labels=list(STANCES))),
            )
    return result
