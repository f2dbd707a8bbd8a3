"""How often the sentences given as evidence are the right ones: python -m benchmarks.evidence --files <rows>

Rows whose text is marked (data/annotations/evidence.jsonl) and that state a position are read as `predict` reads pairs.
Where the model gives the labelled stance, the sentences that it rests it on are held against the marked ones. Beside it
two baselines that need no model: the first sentence that bears on the government, and all of them; and beside them the
marks of a second, independent reading where there are any, as the most that can be asked for.

Prints JSON. `first`: the share of answers whose strongest sentence is marked; `precision`: of all sentences given, the
share that is marked; `recall`: of the marked sentences the share that is given, of at most three that are given;
`answered`: the share of answers with a sentence at all. Intervals are 95 %, by a bootstrap over documents.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.articles import reader_of
from benchmarks.common import run_main
from govstance.actors.finder import MentionFinder
from govstance.config import PROJECT_ROOT, PathsConfig
from govstance.corpus.evidence import MarkedText, read_evidence, sha256_of_text
from govstance.corpus.reader import read_rows
from govstance.files import expand_patterns
from govstance.inference.bearing import governments_by_sentence
from govstance.inference.documents import Document
from govstance.jobs.places import mention_finder, model_of
from govstance.progress import progress
from govstance.schema import SPLITS, Row
from govstance.targets import Target
from govstance.text.sentences import Span
from govstance.threads import use_threads

N_DRAWS = 1000
MARKS = PROJECT_ROOT / "data" / "annotations" / "evidence.jsonl"
SECOND_MARKS = PROJECT_ROOT / "data" / "annotations" / "evidence_second.jsonl"


@dataclass(frozen=True)
class Given:
    """The sentences given for one label that states a position.

    Attributes:
        group: The document.
        marked: Indices of the sentences that the label rests on.
        given: Indices of those that a system gives, strongest first.
    """

    group: str
    marked: frozenset[int]
    given: Sequence[int]


def scores_of(items: Sequence[Given], *, seed: int = 0) -> dict[str, Any]:
    """The four shares, each with its interval.

    Example:
        >>> scores = scores_of([Given("a", frozenset({0, 1}), [1, 2]), Given("b", frozenset({0}), [])])
        >>> [scores[name]["value"] for name in ("first", "precision", "recall", "answered")]
        [0.5, 0.5, 0.3333333333333333, 0.5]
    """
    groups = sorted({item.group for item in items})
    counts = np.zeros((len(groups), 6))
    for item in items:
        right = len(item.marked & set(item.given))
        first = bool(item.given) and item.given[0] in item.marked
        counts[groups.index(item.group)] += [
            1,
            bool(item.given),
            first,
            right,
            len(item.given),
            len(item.marked),
        ]
    draws = np.random.default_rng(seed).multinomial(len(groups), np.full(len(groups), 1 / len(groups)), size=N_DRAWS)
    drawn, whole = _shares(draws @ counts), _shares(counts.sum(axis=0))
    return {
        name: {"value": float(whole[name]), "interval_95": np.nanpercentile(drawn[name], [2.5, 97.5]).tolist()}
        for name in whole
    }


def _shares(counts: np.ndarray) -> dict[str, np.ndarray]:
    n, answered, first, right, given, marked = np.moveaxis(counts, -1, 0)
    with np.errstate(invalid="ignore"):
        return {"first": first / n, "precision": right / given, "recall": right / marked, "answered": answered / n}


def sentence_at(sentences: Sequence[Span], place: int) -> int:
    """The index of the marked text's sentence that a character lies in, or that begins next after it."""
    return next((index for index, span in enumerate(sentences) if place < span.end), len(sentences) - 1)


def bearing_sentences(row: Row, marked: MarkedText, finder: MentionFinder, targets: Sequence[Target]) -> list[int]:
    """The sentences that bear on the row's government; all where it speaks or none names it."""
    talked_about = {government for target in targets for government in target.not_asked_of}
    mentions = finder.find(row.text, row.lang, row.date)
    bearing = governments_by_sentence(row.text, marked.sentences, mentions, talked_about=talked_about)
    found = [index for index, governments in enumerate(bearing) if row.government in governments]
    return found if found and row.role != "speaker" else list(range(len(marked.sentences)))


def measured(
    rows: Sequence[Row],
    marks: Mapping[str, MarkedText],
    second: Mapping[str, MarkedText],
    model_name: str,
    *,
    paths: PathsConfig,
) -> dict[str, Any]:
    """The report of a model on the rows whose text is marked.

    Args:
        rows: Labelled.
        marks, second: By the SHA-256 of the text; the second reading may know fewer.
        model_name: As `predict` takes it.
        paths: Where things lie.
    """
    finder = mention_finder(paths)
    model = model_of(model_name, paths, finder)
    reader = reader_of(model, finder)
    chosen = [row for row in rows if any(key[0] == row.government for key in _evidence(row, marks))]
    documents = [
        Document(row.id, row.text, row.lang, row.date, government=row.government, role=row.role) for row in chosen
    ]
    items: dict[str, list[Given]] = {model.name: [], "first_bearing": [], "all_bearing": [], "second_reading": []}
    n_stances = 0
    with progress("reading", total=len(documents), unit="row") as advance:
        for row, (_, answers) in zip(chosen, reader.read(documents), strict=True):
            marked = marks[sha256_of_text(row.text)]
            bearing = bearing_sentences(row, marked, finder, model.targets)
            for answer in answers:
                evidence = marked.evidence.get((row.government, answer.target))
                if not evidence:
                    continue
                n_stances += 1
                if answer.stance != row.labels[answer.target]:
                    continue
                given = [sentence_at(marked.sentences, sentence.start) for sentence in answer.evidence]
                items[model.name].append(Given(row.group, evidence, given))
                items["first_bearing"].append(Given(row.group, evidence, bearing[:1]))
                items["all_bearing"].append(Given(row.group, evidence, bearing))
                again = _evidence(row, second).get((row.government, answer.target))
                if again is not None:
                    items["second_reading"].append(Given(row.group, evidence, sorted(again)))
            advance(1)
    return {
        "rows": len(chosen),
        "texts": len({row.text for row in chosen}),
        "stances_marked": n_stances,
        "stances_read_right": len(items[model.name]),
        "systems": {
            name: {"n": len(of_system)} | scores_of(of_system) for name, of_system in items.items() if of_system
        },
    }


def _evidence(row: Row, marks: Mapping[str, MarkedText]) -> Mapping[tuple[str, str], frozenset[int]]:
    marked = marks.get(sha256_of_text(row.text))
    return {} if marked is None else marked.evidence


def main() -> None:
    """Reads rows and marks, answers the rows, prints JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", nargs="+", required=True, help="labelled rows")
    parser.add_argument("--split", choices=SPLITS, help="only the rows of this split")
    parser.add_argument("--model", default="builtin", help="as predict takes it")
    parser.add_argument("--marks", type=Path, default=MARKS, help="which sentences labels rest on")
    parser.add_argument("--second", type=Path, default=SECOND_MARKS, help="the same, marked by a second reading")
    parser.add_argument("--threads", type=int, default=2, help="threads of the matrix library")
    options = parser.parse_args()
    use_threads(options.threads)
    paths = PathsConfig(data=str(PROJECT_ROOT / "data"))
    target_ids = model_of(options.model, paths, mention_finder(paths)).predictor.target_ids
    rows = read_rows([Path(path) for path in expand_patterns(options.files, option="files")], target_ids)
    rows = [row for row in rows if options.split in (None, row.split)]
    marks, second = (read_evidence(path, target_ids) for path in (options.marks, options.second))
    print(json.dumps(measured(rows, marks, second, options.model, paths=paths), indent=2))


if __name__ == "__main__":
    run_main(main)
