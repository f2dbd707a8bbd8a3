"""Systems against each other on the rows they have in common: scores, differences, slices, flipped rows.

A system is one or more runs that differ in their seed alone; its score is the mean over them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from govstance.evaluation.alignment import CommonRows
from govstance.evaluation.results import NOT_ANNOTATED
from govstance.evaluation.scores import macro_f1_of_confusions, stance_scores
from govstance.evaluation.significance import Difference, holm, mcnemar, paired_difference
from govstance.evaluation.slices import FEW_ROWS
from govstance.evaluation.uncertainty import DRAWS, central_interval, confusions_by_group, drawn_sums
from govstance.schema import STANCES

PAIR_CHOICES = ("best", "all")


@dataclass(frozen=True)
class RunGroup:
    """The runs of one system.

    Attributes:
        label: A letter, which tables and plots use.
        run_indices: Positions in `CommonRows.predicted`.
        seeds: Seed of each run; None where it is not known.
    """

    label: str
    run_indices: list[int]
    seeds: list[int | None]


def run_scores(rows: CommonRows) -> list[dict[str, Any]]:
    """Scores of each run, as metrics.json has them: `macro_f1`, `macro_f1_supported`, and `targets` -> macro-F1."""
    return [_scores_of_run(rows, predicted) for predicted in rows.predicted]


def system_summaries(rows: CommonRows, groups: Sequence[RunGroup], *, seed: int) -> list[dict[str, Any]]:
    """Mean, standard deviation over the runs and interval of each system.

    The interval is a bootstrap over documents of the mean over the runs: how much hangs on the rows. How much hangs on
    the seed is the standard deviation.

    Args:
        rows: The common rows, at least one.
        groups: The systems.
        seed: Of the draws.
    """
    of_runs = run_scores(rows)
    drawn = _drawn_scores(rows, rows.gold, seed)
    summaries = []
    for group in groups:
        chosen = [of_runs[index] for index in group.run_indices]
        low, high = central_interval(drawn[:, group.run_indices].mean(axis=1))
        summaries.append(
            {
                "macro_f1": _mean_and_deviation([scores["macro_f1"] for scores in chosen]),
                "macro_f1_interval_95": [low, high],
                "macro_f1_supported": _mean_and_deviation([scores["macro_f1_supported"] for scores in chosen]),
                "targets": {
                    target: _mean_and_deviation([scores["targets"][target] for scores in chosen])
                    for target in rows.target_ids
                },
            }
        )
    return summaries


def non_dominated(scores: Sequence[float], costs: Sequence[float | None], *, better: str) -> list[bool | None]:
    """Whether no other system has as good a score and cost, and one of the two better.

    Args:
        scores: Of each system; more is better.
        costs: Of each system; None where it is not known.
        better: Whether "less" or "more" of the cost is better.

    Returns:
        One answer a system; None where its cost is not known.

    Example:
        >>> non_dominated([0.6, 0.5, 0.4], [20.0, 5.0, 9.0], better="less")
        [True, True, False]
    """
    sign = 1.0 if better == "less" else -1.0
    known = [(score, sign * cost) for score, cost in zip(scores, costs, strict=True) if cost is not None]
    return [
        None
        if cost is None
        else not any(
            other >= score and of_other <= sign * cost and (other, of_other) != (score, sign * cost)
            for other, of_other in known
        )
        for score, cost in zip(scores, costs, strict=True)
    ]


def compare_pairs(rows: CommonRows, groups: Sequence[RunGroup], *, pairs: str, seed: int) -> list[dict[str, Any]]:
    """Differences between systems, with tests, by slice, and how many rows flipped.

    Args:
        rows: The common rows.
        groups: Systems, the best first.
        pairs: "best" (the first against each other) or "all".
        seed: Of the draws.

    Returns:
        One object a pair, `first` minus `second`. p-values are corrected (Holm) over all pairs returned. McNemar's test
        and the flipped rows are about one run of each system: the lowest seed that both have, else the lowest of each.
    """
    chosen = [
        (first, second)
        for number, first in enumerate(groups)
        for second in groups[number + 1 :]
        if pairs == "all" or number == 0
    ]
    whole = _differences(rows, rows.gold, chosen, seed)
    slices: list[dict[str, list[dict[str, Any]]]] = [{} for _ in chosen]
    for kind, value, mask in slices_of(rows):
        gold = np.where(mask[:, None], rows.gold, NOT_ANNOTATED)
        n_documents = len({group for group, inside in zip(rows.groups, mask, strict=True) if inside})
        facts = {
            "slice": value,
            "n_rows": int(mask.sum()),
            "n_documents": n_documents,
            "few_rows": bool(mask.sum() < FEW_ROWS),
        }
        for found, difference in zip(slices, _differences(rows, gold, chosen, seed), strict=True):
            found.setdefault(kind, []).append(facts | _slice_figures(difference, n_documents))
    results = [
        _pair(rows, first, second, difference) | {"slices": of_pair}
        for (first, second), difference, of_pair in zip(chosen, whole, slices, strict=True)
    ]
    for test in (None, "mcnemar"):
        places = [result if test is None else result[test] for result in results]
        for place, corrected in zip(places, holm([place["p_value"] for place in places]), strict=True):
            place["p_value_holm"] = corrected
    return results


def slices_of(rows: CommonRows) -> Iterator[tuple[str, str, np.ndarray]]:
    """(kind, value, (n_rows,) mask) of each slice, most rows first; kinds that the runs do not tell are left out."""
    kinds = {"language": rows.languages, "role": rows.roles, "government": rows.governments}
    for kind, values in kinds.items():
        if values is None:
            continue
        found = np.array(values, dtype=object)
        counts = {value: int((found == value).sum()) for value in set(values)}
        for value in sorted(counts, key=lambda value: (-counts[value], value)):
            yield kind, value, found == value


def flipped_rows(rows: CommonRows, first: RunGroup, second: RunGroup) -> list[dict[str, Any]]:
    """The (id, target) pairs that one of two systems got right and the other wrong, going from `second` to `first`."""
    run_first, run_second = _runs_to_compare(first, second)
    after, before = rows.predicted[run_first], rows.predicted[run_second]
    known = rows.gold != NOT_ANNOTATED
    flipped = known & ((after == rows.gold) != (before == rows.gold))
    return [
        {
            "from": second.label,
            "to": first.label,
            "flip": "wrong_to_right" if after[row, target] == rows.gold[row, target] else "right_to_wrong",
            "id": rows.ids[row],
            "group": rows.groups[row],
            "government": rows.governments[row],
            "target": rows.target_ids[target],
            "gold": STANCES[rows.gold[row, target]],
            "from_predicted": STANCES[before[row, target]],
            "to_predicted": STANCES[after[row, target]],
        }
        for row, target in np.argwhere(flipped)
    ]


def _scores_of_run(rows: CommonRows, predicted: np.ndarray) -> dict[str, Any]:
    by_target = {}
    for index, target in enumerate(rows.target_ids):
        known = rows.gold[:, index] != NOT_ANNOTATED
        names = ([STANCES[value] for value in values[known, index]] for values in (rows.gold, predicted))
        by_target[target] = stance_scores(*names)
    supported = [scores["macro_f1_supported"] for scores in by_target.values()]
    supported = [value for value in supported if value is not None]
    return {
        "macro_f1": float(np.mean([scores["macro_f1"] for scores in by_target.values()])),
        "macro_f1_supported": float(np.mean(supported)) if supported else None,
        "targets": {target: scores["macro_f1"] for target, scores in by_target.items()},
    }


def _mean_and_deviation(values: Sequence[float | None]) -> dict[str, float | None]:
    """Mean and sample standard deviation; null where there is no value, or only one to deviate."""
    known = [value for value in values if value is not None]
    return {
        "mean": float(np.mean(known)) if known else None,
        "standard_deviation": float(np.std(known, ddof=1)) if len(known) > 1 else None,
    }


def _confusions(rows: CommonRows, gold: np.ndarray) -> np.ndarray:
    """Counts of the documents that have a label in `gold`, (n_documents, n_runs, n_targets, n_stances, n_stances)."""
    in_rows, in_targets = (gold != NOT_ANNOTATED).any(axis=1), (gold != NOT_ANNOTATED).any(axis=0)
    groups = np.array(rows.groups, dtype=object)[in_rows]
    counts = [
        confusions_by_group(gold[in_rows][:, in_targets], predicted[in_rows][:, in_targets], groups, len(STANCES))
        for predicted in rows.predicted
    ]
    return np.stack(counts, axis=1)


def _drawn_scores(rows: CommonRows, gold: np.ndarray, seed: int) -> np.ndarray:
    """Score of each run in each draw, (DRAWS, n_runs): a draw takes the same documents for all runs."""
    sums = drawn_sums(_confusions(rows, gold), draws=DRAWS, seed=seed)
    return macro_f1_of_confusions(sums).mean(axis=-1)


def _differences(
    rows: CommonRows, gold: np.ndarray, pairs: Sequence[tuple[RunGroup, RunGroup]], seed: int
) -> list[Difference]:
    scores = macro_f1_of_confusions(_confusions(rows, gold).sum(axis=0)).mean(axis=-1)
    drawn = _drawn_scores(rows, gold, seed)
    return [
        paired_difference(
            scores[first.run_indices].mean() - scores[second.run_indices].mean(),
            drawn[:, first.run_indices].mean(axis=1),
            drawn[:, second.run_indices].mean(axis=1),
        )
        for first, second in pairs
    ]


def _slice_figures(difference: Difference, n_documents: int) -> dict[str, Any]:
    """A single document has nothing to be drawn from, so no interval."""
    interval = [difference.low, difference.high] if n_documents > 1 else None
    return {"difference": difference.value, "interval_95": interval}


def _pair(rows: CommonRows, first: RunGroup, second: RunGroup, difference: Difference) -> dict[str, Any]:
    run_first, run_second = _runs_to_compare(first, second)
    known = rows.gold != NOT_ANNOTATED
    test = mcnemar(*((rows.predicted[run] == rows.gold)[known] for run in (run_first, run_second)))
    return {
        "first": first.label,
        "second": second.label,
        "difference": difference.value,
        "interval_95": [difference.low, difference.high],
        "p_value": difference.p_value,
        "mcnemar": {
            "run_of_first": run_first,
            "run_of_second": run_second,
            "wrong_to_right": test.only_first,
            "right_to_wrong": test.only_second,
            "p_value": test.p_value,
        },
    }


def _runs_to_compare(first: RunGroup, second: RunGroup) -> tuple[int, int]:
    """One run of each: the lowest seed that both have, else the lowest of each; never chosen by score."""
    both = {seed for seed in first.seeds if seed is not None} & set(second.seeds)

    def run_of(group: RunGroup) -> int:
        numbered = zip(group.seeds, group.run_indices, strict=True)
        able = [(seed, run) for seed, run in numbered if seed in both or not both]
        return min(able, key=lambda item: (item[0] is None, item[0] or 0, item[1]))[1]

    return run_of(first), run_of(second)
