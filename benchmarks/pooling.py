"""How good the rows of a table are that pools documents: python -m benchmarks.pooling --split dev

Sets of documents are made of labelled rows: `k` rows that state a position on a target, of which the share `s` states
the set's stance and the rest the opposite, and `m` rows that state none. The rows are answered as documents (once, see
`answers_of_rows`); the sets are drawn from the answers and pooled by `stance_table`, as if all were of one government.
Prints JSON, one object a mix of k, s and m:

- right: sets whose leaning is the set's stance (k = 0: `none`).
- probability: the mean of the pooled probability; believable if it is near `right`.
- conflicting: sets called so: false alarms where s = 1, hits where s = 0.5.
- covered: sets whose interval holds the mean pooled probability of their stance over all sets of the same mix, target
  and stance: the interval is one of what another draw of as many such documents would give, not of the truth.
"""

import argparse
import json
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks.answers_of_rows import answers_of_rows
from benchmarks.common import run_main, whole_texts
from govstance.config import PROJECT_ROOT
from govstance.corpus.reader import read_rows
from govstance.files import expand_patterns
from govstance.inference.aggregate import OPPOSITE, StanceAnswer
from govstance.inference.documents import Document
from govstance.inference.table import CONFLICTING, TableRow, stance_table
from govstance.schema import SPLITS, STANCES, Row
from govstance.targets import load_targets
from govstance.threads import use_threads

GOVERNMENT = "ZZZ"  # of all sets: texts about many governments are drawn together
SIZES, SILENT = (1, 2, 5, 10), (0, 5, 20)
SHARES = (1.0, 0.8, 0.5)
Pool = Mapping[tuple[str, str], Sequence[tuple[str, StanceAnswer]]]  # target, gold stance -> group, answer


@dataclass(frozen=True)
class Mix:
    """What a set is drawn of: `size` documents, a share of which states the set's stance, and `silent` ones."""

    size: int
    share: float
    silent: int


def mixes() -> list[Mix]:
    """All mixes in which the share is a whole number of documents; of silent documents alone, as many at least."""
    stated = [
        Mix(size, share, silent) for size in SIZES for share in SHARES for silent in SILENT if (size * share) % 1 == 0
    ]
    return [*stated, *(Mix(0, 1.0, silent) for silent in (1, *SILENT[1:]))]


def pool_of(rows: Sequence[Row], answers: Mapping[str, Mapping[str, StanceAnswer]]) -> Pool:
    """The answers by target and gold stance, each with its document's group."""
    found: dict[tuple[str, str], list[tuple[str, StanceAnswer]]] = defaultdict(list)
    for row in rows:
        for target, answer in answers[row.id].items():
            stance = row.labels.get(target)
            if stance is not None:
                found[target, stance].append((row.group, replace(answer, government=GOVERNMENT)))
    return found


def pooled_sets(pool: Pool, mix: Mix, target: str, stance: str, *, n_sets: int, seed: int) -> list[TableRow]:
    """The table's row of each drawn set; no text is in a set twice.

    Returns:
        Nothing where there are too few texts of a stance to draw from.
    """
    n_stating = round(mix.size * mix.share)
    wanted = {stance: n_stating, OPPOSITE.get(stance, stance): mix.size - n_stating, "none": mix.silent}
    if mix.size - n_stating == 0:
        wanted = {stance: n_stating, "none": mix.silent}
    if any(len({group for group, _ in pool.get((target, name), ())}) < 2 * count for name, count in wanted.items()):
        return []
    generator = np.random.default_rng(seed)
    rows = []
    for _ in range(n_sets):
        drawn: dict[str, StanceAnswer] = {}
        for name, count in wanted.items():
            candidates = pool.get((target, name), ())
            n_wanted = len(drawn) + count
            for index in generator.permutation(len(candidates)):
                if len(drawn) >= n_wanted:
                    break
                drawn.setdefault(*candidates[index])
        rows += stance_table(
            ((Document(group, group, "en"), [answer]) for group, answer in drawn.items()), period="all"
        )
    return rows


def figures(rows: Sequence[TableRow], stance: str) -> list[dict[str, Any]]:
    """What is counted of each set of one mix, target and stance."""
    position = STANCES.index(stance)
    expected = statistics.fmean(row.probabilities[position] for row in rows if row.probabilities)
    return [
        {
            "right": row.leaning == stance,
            "probability": row.probability,
            "conflicting": row.stance == CONFLICTING,
            "covered": None
            if row.interval is None or row.leaning != stance
            else row.interval[0] <= expected <= row.interval[1],
            "width": None if row.interval is None else row.interval[1] - row.interval[0],
        }
        for row in rows
    ]


def measured(pool: Pool, *, n_sets: int, seed: int) -> list[dict[str, Any]]:
    """The figures of each mix, over all targets and stances that have rows enough."""
    targets = sorted({target for target, _ in pool})
    table = []
    for mix in mixes():
        stances = ("none",) if mix.size == 0 else ("favor", "against", "neutral") if mix.share == 1 else tuple(OPPOSITE)
        kept: list[dict[str, Any]] = []
        for target in targets:
            for stance in stances:
                rows = pooled_sets(pool, mix, target, stance, n_sets=n_sets, seed=seed)
                kept += figures(rows, stance) if rows else []
        if kept:
            table.append({"k": mix.size, "s": mix.share, "m": mix.silent, "sets": len(kept), **_means(kept)})
    return table


def _means(kept: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    means: dict[str, float | None] = {}
    for name in ("right", "probability", "conflicting", "covered", "width"):
        values = [float(item[name]) for item in kept if item[name] is not None]
        means[name] = round(statistics.fmean(values), 3) if values else None
    return means


def main() -> None:
    """Reads rows, answers them, draws sets, prints JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", nargs="+", default=[str(PROJECT_ROOT / "data/corpus/*.jsonl")], help="labelled rows")
    parser.add_argument("--split", choices=SPLITS, help="count only the rows of this split")
    parser.add_argument("--model", default="builtin", help="as predict takes it")
    parser.add_argument("--rows", type=int, help="at least so many rows, of texts drawn at random; all if left out")
    parser.add_argument("--sets", type=int, default=100, help="drawn for each mix, target and stance")
    parser.add_argument("--seed", type=int, default=0, help="of all draws")
    parser.add_argument("--threads", type=int, default=2, help="threads of the matrix library")
    options = parser.parse_args()
    use_threads(options.threads)
    target_ids = [target.id for target in load_targets(PROJECT_ROOT / "data" / "targets.yaml")]
    rows = read_rows(expand_patterns(options.files, option="files"), target_ids)
    rows = [row for row in rows if options.split in (None, row.split)]
    if options.rows is not None:
        rows = whole_texts(rows, options.rows, seed=options.seed)
    pool = pool_of(rows, answers_of_rows(rows, options.model))
    table = measured(pool, n_sets=options.sets, seed=options.seed)
    print(json.dumps({"rows": len(rows), "mixes": table}, indent=2))


if __name__ == "__main__":
    run_main(main)
