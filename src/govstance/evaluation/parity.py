"""Whether another engine gives the same answers as the model it was made from: arrays in, numbers out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from govstance.evaluation.results import NOT_ANNOTATED
from govstance.evaluation.scores import macro_f1_of_confusions
from govstance.evaluation.uncertainty import confusions_by_group
from govstance.schema import STANCES


@dataclass(frozen=True)
class Parity:
    """How far the answers of an engine lie from those of the reference.

    Attributes:
        n_answers: Rows times targets.
        largest_difference: Of any probability.
        largest_at: (row, target) where it is.
        mean_difference: Over all probabilities.
        flip_share: Share of the answers whose most probable stance is another one.
        worst_flip: (row, target) of the flip with the largest difference; None without a flip.
        macro_f1, reference_macro_f1: Mean over the annotated targets.
    """

    n_answers: int
    largest_difference: float
    largest_at: tuple[int, int]
    mean_difference: float
    flip_share: float
    worst_flip: tuple[int, int] | None
    macro_f1: float
    reference_macro_f1: float


def parity(gold: np.ndarray, reference: np.ndarray, probabilities: np.ndarray) -> Parity:
    """Compares the probabilities of two engines on the same rows.

    Args:
        gold: (n_rows, n_targets) stance indices, NOT_ANNOTATED where null; at least one target has a label.
        reference, probabilities: (n_rows, n_targets, n_stances); a value that is no number counts as a difference of 1.
    """
    differences = np.nan_to_num(np.abs(reference - probabilities), nan=1.0)
    of_answer = differences.max(axis=-1)
    flipped = reference.argmax(axis=-1) != probabilities.argmax(axis=-1)
    return Parity(
        n_answers=of_answer.size,
        largest_difference=float(of_answer.max()),
        largest_at=_place(of_answer),
        mean_difference=float(differences.mean()),
        flip_share=float(flipped.mean()),
        worst_flip=_place(np.where(flipped, of_answer, -1.0)) if flipped.any() else None,
        macro_f1=_macro_f1(gold, probabilities),
        reference_macro_f1=_macro_f1(gold, reference),
    )


def _place(values: np.ndarray) -> tuple[int, int]:
    row, target = np.unravel_index(int(values.argmax()), values.shape)
    return int(row), int(target)


def _macro_f1(gold: np.ndarray, probabilities: np.ndarray) -> float:
    annotated = (gold != NOT_ANNOTATED).any(axis=0)
    predicted = probabilities.argmax(axis=-1)
    whole = ["all"] * len(gold)
    counts = confusions_by_group(gold[:, annotated], predicted[:, annotated], whole, len(STANCES))
    return float(macro_f1_of_confusions(counts[0]).mean())


def parity_lines(value: Mapping[str, Any]) -> list[str]:
    """parity.json in a line an engine, to be printed."""
    return [
        f"{engine}: macro-F1 {values['macro_f1']:.3f} (trained model {values['reference_macro_f1']:.3f}), "
        f"{values['flip_share']:.1%} of {values['n_answers']} answers changed, probabilities differ by "
        f"{values['mean_difference']:.5f} on average and {values['largest_difference']:.4f} at most"
        for engine, values in value["engines"].items()
    ]
