"""How good the cells of a table are on labelled rows: python -m benchmarks.cells --files <rows> --period month

Each row is taken as a document about its government, and what a model answers is pooled by `stance_table`. A cell, a
government and target in a period, is labelled `none` where no row states a position, else with the stance that most of
its stating rows hold. It is left out, and counted, where its rows disagree: favor and against mixed as in what the
table calls conflicting, or two stances as frequent.

Prints JSON: per system, the model and its baselines, macro-F1 over the cells with an interval by a bootstrap over
governments, and of the positions that cells hold and that the system says the share that is right (recall, precision).
"""

import argparse
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import run_main
from govstance.config import PROJECT_ROOT, PathsConfig
from govstance.corpus.reader import read_rows
from govstance.evaluation.results import NOT_ANNOTATED, system_scores
from govstance.files import expand_patterns
from govstance.inference.aggregate import NONE_INDEX, OPPOSITE, StanceAnswer
from govstance.inference.documents import Document
from govstance.inference.table import PERIODS, TableRow, is_conflict, period_of, stance_table
from govstance.jobs.evaluate import predicted
from govstance.jobs.places import mention_finder, model_of
from govstance.schema import SPLITS, STANCES, Row
from govstance.threads import use_threads

Place = tuple[str, str]  # government, period


@dataclass(frozen=True)
class Cells:
    """What labels say of the cells of a table, a line a government and period.

    Attributes:
        places: (n_places,) government and period.
        gold: (n_places, n_targets) stance indices; NOT_ANNOTATED where no row is labelled or its rows disagree.
        n_disagreeing: Cells left out because their rows disagree.
    """

    places: Sequence[Place]
    gold: np.ndarray
    n_disagreeing: int


def table_of(
    rows: Sequence[Row], probabilities: np.ndarray, target_ids: Sequence[str], period: str
) -> dict[tuple[Place, str], TableRow]:
    """The table of rows taken as documents, by place and target.

    Args:
        rows: Labelled.
        probabilities: (n_rows, n_targets, n_stances); a row counts for the targets that it is labelled for.
        target_ids: Targets in the order of the second axis.
        period: As the table takes it.
    """
    documents = []
    for row, of_row in zip(rows, probabilities, strict=True):
        answers = [
            StanceAnswer(
                row.government, target, STANCES[values.argmax()], float(values.max()), tuple(map(float, values))
            )
            for target, values in zip(target_ids, of_row, strict=True)
            if row.labels.get(target) is not None
        ]
        documents.append((Document(row.id, row.text, row.lang, row.date), answers))
    return {((row.government, row.period), row.target): row for row in stance_table(documents, period=period)}


def labelled_cells(rows: Sequence[Row], target_ids: Sequence[str], period: str) -> Cells:
    """What the labels say of each cell; `period` as the table takes it."""
    counts: dict[tuple[Place, str], Counter[str]] = {}
    for row in rows:
        place = (row.government, period_of(row.date, period))
        for target, stance in row.labels.items():
            if stance is not None:
                counts.setdefault((place, target), Counter())[stance] += 1
    places = sorted({place for place, _ in counts})
    gold = np.full((len(places), len(target_ids)), NOT_ANNOTATED)
    n_disagreeing = 0
    for (place, target), of_cell in counts.items():
        stance = agreed_stance(of_cell)
        if stance is None:
            n_disagreeing += 1
        else:
            gold[places.index(place), target_ids.index(target)] = STANCES.index(stance)
    return Cells(places, gold, n_disagreeing)


def agreed_stance(counts: Mapping[str, int]) -> str | None:
    """The most frequent stance but `none`, and `none` where there is no other.

    Args:
        counts: Stance -> labels.

    Returns:
        None where two are as frequent, or favor and against are mixed as in what the table calls conflicting.

    Example:
        >>> agreed_stance({"none": 7, "favor": 3, "against": 1})
        'favor'
        >>> agreed_stance({"favor": 2, "against": 1})
    """
    positions = sorted((count, stance) for stance, count in counts.items() if stance != "none" and count)
    if not positions:
        return "none"
    favor, against = (counts.get(stance, 0) for stance in OPPOSITE)
    mixed = is_conflict(favor, against, favor + against)
    tied = len(positions) > 1 and positions[-1][0] == positions[-2][0]
    return None if mixed or tied else positions[-1][1]


def cell_scores(cells: Cells, table: Mapping[tuple[Place, str], TableRow], target_ids: Sequence[str]) -> dict[str, Any]:
    """Scores of one system's table; the interval draws governments."""
    pooled = np.full((*cells.gold.shape, len(STANCES)), 1 / len(STANCES))
    for (place, target), row in table.items():
        assert row.probabilities is not None  # nobody abstains here
        pooled[cells.places.index(place), target_ids.index(target)] = row.probabilities
    said = pooled.argmax(axis=-1)
    known = cells.gold != NOT_ANNOTATED
    held, stated = known & (cells.gold != NONE_INDEX), known & (said != NONE_INDEX)
    n_right = int((held & (said == cells.gold)).sum())
    scores = system_scores(cells.gold, pooled, [government for government, _ in cells.places], target_ids)
    return {
        "macro_f1": scores["mean"]["macro_f1"],
        "macro_f1_interval_95": scores["macro_f1_interval_95"],
        "accuracy": float((said == cells.gold)[known].mean()),
        "positions": {
            "held": int(held.sum()),
            "said": int(stated.sum()),
            "recall": n_right / held.sum() if held.any() else None,
            "precision": n_right / stated.sum() if stated.any() else None,
        },
        "confusion": {target: of_target["confusion"] for target, of_target in scores["targets"].items()},
    }


def measured(
    rows: Sequence[Row], systems: Mapping[str, np.ndarray], target_ids: Sequence[str], period: str
) -> dict[str, Any]:
    """The report: what cells there are, and how each system's table reads them.

    Args:
        rows: Labelled.
        systems: Name -> (n_rows, n_targets, n_stances) probabilities.
        target_ids: Targets in the order of the second axis.
        period: As the table takes it.
    """
    cells = labelled_cells(rows, target_ids, period)
    return {
        "rows": len(rows),
        "period": period,
        "governments": len({government for government, _ in cells.places}),
        "cells": int((cells.gold != NOT_ANNOTATED).sum()),
        "cells_left_out": cells.n_disagreeing,
        "systems": {
            name: cell_scores(cells, table_of(rows, probabilities, target_ids, period), target_ids)
            for name, probabilities in systems.items()
        },
    }


def main() -> None:
    """Reads rows, answers them with the model and its baselines, prints JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", nargs="+", required=True, help="labelled rows")
    parser.add_argument("--split", choices=SPLITS, help="count only the rows of this split")
    parser.add_argument("--model", default="builtin", help="as predict takes it")
    parser.add_argument("--baselines", help="a model whose baselines to score; left out: those of --model")
    parser.add_argument("--period", choices=sorted(PERIODS), default="month", help="of the table")
    parser.add_argument("--threads", type=int, default=2, help="threads of the matrix library")
    options = parser.parse_args()
    use_threads(options.threads)
    paths = PathsConfig(data=str(PROJECT_ROOT / "data"))
    finder = mention_finder(paths)
    model = model_of(options.model, paths, finder)
    baselines = model_of(options.baselines, paths, finder).baselines if options.baselines else model.baselines
    target_ids = model.predictor.target_ids
    rows = read_rows([Path(path) for path in expand_patterns(options.files, option="files")], target_ids)
    rows = [row for row in rows if options.split in (None, row.split)]
    systems = {model.name: predicted(model, rows, "reading")}
    systems |= {name: baseline.predict_probabilities(rows) for name, baseline in baselines.items()}
    print(json.dumps(measured(rows, systems, target_ids, options.period), indent=2))


if __name__ == "__main__":
    run_main(main)
