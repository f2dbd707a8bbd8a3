"""The rows that several runs have in common, as arrays: scores are compared over these alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from govstance.evaluation.results import NOT_ANNOTATED
from govstance.schema import STANCES


@dataclass(frozen=True, slots=True)
class Answer:
    """One line of predictions.jsonl.

    Attributes:
        id, target: What is asked.
        group: Document id.
        government: ISO 3166-1 alpha-3.
        gold: Stance, or None where nobody annotated that target.
        predicted: Stance.
        lang, role: Of the row; None in runs from before predictions held them.
    """

    id: str
    target: str
    group: str
    government: str
    gold: str | None
    predicted: str
    lang: str | None = None
    role: str | None = None


@dataclass(frozen=True)
class CommonRows:
    """What all runs answered, with the same gold.

    Attributes:
        ids, groups, governments: (n_rows,) each.
        languages, roles: (n_rows,); None where a row's is not known from any run.
        target_ids: Targets with at least one label.
        gold: (n_rows, n_targets) stance indices, NOT_ANNOTATED where this pair is not compared.
        predicted: (n_runs, n_rows, n_targets) stance indices.
        n_pairs: Labelled (id, target) pairs compared.
        n_pairs_of_runs: (n_runs,) how many each run has.
        n_pairs_of_any: How many at least one run has.
        n_pairs_changed: How many all runs have, but not with the same gold, document and government; left out.
    """

    ids: list[str]
    groups: list[str]
    governments: list[str]
    languages: list[str] | None
    roles: list[str] | None
    target_ids: list[str]
    gold: np.ndarray
    predicted: np.ndarray
    n_pairs: int
    n_pairs_of_runs: list[int]
    n_pairs_of_any: int
    n_pairs_changed: int


def common_rows(runs: Sequence[Sequence[Answer]]) -> CommonRows:
    """Lines up the answers of several runs.

    Args:
        runs: Answers of each run, at least one run; (id, target) is unique within a run.

    Returns:
        The common rows in the order of the first run; `n_pairs` is 0 where there are none.
    """
    labelled = [
        {(answer.id, answer.target): answer for answer in answers if answer.gold is not None} for answers in runs
    ]
    in_all = [pair for pair in labelled[0] if all(pair in answers for answers in labelled)]
    same = [pair for pair in in_all if len({_facts(answers[pair]) for answers in labelled}) == 1]
    row_of = {row_id: number for number, row_id in enumerate(dict.fromkeys(row_id for row_id, _ in same))}
    target_ids = list(dict.fromkeys(target for _, target in same))
    gold = np.full((len(row_of), len(target_ids)), NOT_ANNOTATED)
    predicted = np.zeros((len(runs), *gold.shape), dtype=int)
    for pair in same:
        place = (row_of[pair[0]], target_ids.index(pair[1]))
        gold[place] = STANCES.index(str(labelled[0][pair].gold))
        for number, answers in enumerate(labelled):
            predicted[(number, *place)] = STANCES.index(answers[pair].predicted)
    first = {row_id: labelled[0][row_id, target] for row_id, target in same}
    return CommonRows(
        ids=list(row_of),
        groups=[first[row_id].group for row_id in row_of],
        governments=[first[row_id].government for row_id in row_of],
        languages=_field_of_rows(labelled, same, "lang"),
        roles=_field_of_rows(labelled, same, "role"),
        target_ids=target_ids,
        gold=gold,
        predicted=predicted,
        n_pairs=len(same),
        n_pairs_of_runs=[len(answers) for answers in labelled],
        n_pairs_of_any=len(set().union(*labelled)),
        n_pairs_changed=len(in_all) - len(same),
    )


def _facts(answer: Answer) -> tuple[str | None, str, str]:
    return answer.gold, answer.group, answer.government


def _field_of_rows(
    labelled: Sequence[dict[tuple[str, str], Answer]], pairs: Sequence[tuple[str, str]], name: str
) -> list[str] | None:
    """The field of each row from whichever run knows it; None where some row's is unknown."""
    values: dict[str, str | None] = {}
    for pair in pairs:
        known = (getattr(answers[pair], name) for answers in labelled)
        values[pair[0]] = values.get(pair[0]) or next((value for value in known if value), None)
    found = [value for value in values.values() if value]
    return found if len(found) == len(values) else None
