"""How well governments are found in text: python benchmarks/actors.py data/corpus/*.jsonl --split train

Prints JSON: precision and recall of (passage, government) by language for the matcher of `govstance.actors`; its speed.

- Recall: of the governments that a row gives a stance other than `none` on any target, those found in the passage; and
  of the governments of all rows. Rows of a speaker stand apart: a statement need not name the government that makes it.
- Precision: of the governments found in a passage, those that have a row for it. A lower bound: rows seldom list every
  government that a passage names; the composed corpus comes close to it.
"""

import argparse
import json
import statistics
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from govstance.actors.finder import MentionFinder
from govstance.actors.gazetteer import load_leaders
from govstance.corpus.reader import read_rows
from govstance.errors import GovstanceError
from govstance.files import expand_patterns, write_jsonl
from govstance.schema import SPLITS, Row
from govstance.targets import load_targets

DATA = Path(__file__).resolve().parents[1] / "data"
TIMED_CHARACTERS = 1_000_000
REPETITIONS = 5

# Title of a share -> what it counts.
COUNTS = {
    "precision": "found",
    "recall_with_stance": "mentioned_with_stance",
    "recall_of_all_rows": "mentioned",
    "speakers_named": "speaker",
}

Passage = tuple[str, str, str | None]  # text, language, date


@dataclass(frozen=True, slots=True)
class Count:
    """One (passage, government).

    Attributes:
        lang, government, text: Where and whom.
        counted: Of COUNTS.
        is_right: Found and in the rows, both.
    """

    lang: str
    government: str
    counted: str
    is_right: bool
    text: str


def passages_of(rows: Sequence[Row]) -> dict[Passage, list[Row]]:
    """The rows of each passage."""
    passages: dict[Passage, list[Row]] = defaultdict(list)
    for row in rows:
        passages[row.text, row.lang, row.date].append(row)
    return passages


def outcomes(passages: Mapping[Passage, Sequence[Row]], finder: MentionFinder) -> list[Count]:
    """What is counted in each passage."""
    counts: list[Count] = []
    for (text, lang, date), rows in passages.items():
        found = {mention.government for mention in finder.find(text, lang, date)}
        listed = {row.government for row in rows}
        for row in rows:
            counted = [row.role]
            if row.role == "mentioned" and any(stance not in (None, "none") for stance in row.labels.values()):
                counted.append("mentioned_with_stance")
            counts += [Count(lang, row.government, name, row.government in found, text) for name in counted]
        counts += [Count(lang, government, "found", government in listed, text) for government in sorted(found)]
    return counts


def shares(counts: Sequence[Count]) -> dict[str, Any]:
    """The shares of COUNTS, each with how many it is a share of; None where there is nothing to count."""
    table: dict[str, Any] = {}
    for name, counted in COUNTS.items():
        results = [count.is_right for count in counts if count.counted == counted]
        table[name] = round(statistics.fmean(results), 3) if results else None
        table[f"n_{counted}"] = len(results)
    return table


def by_language(counts: Sequence[Count]) -> dict[str, dict[str, Any]]:
    """The shares of all languages together, and of each."""
    languages = sorted({count.lang for count in counts})
    return {"all": shares(counts)} | {
        lang: shares([count for count in counts if count.lang == lang]) for lang in languages
    }


def speed(passages: Mapping[Passage, Sequence[Row]]) -> dict[str, dict[str, float]]:
    """Median seconds, by language, of making a matcher and of reading a million characters of its passages."""
    texts: dict[str, list[str]] = defaultdict(list)
    for text, lang, _ in passages:
        texts[lang].append(text)
    table = {}
    for lang, some in sorted(texts.items()):
        joined = "\n".join(some)
        text = (joined + "\n") * (TIMED_CHARACTERS // len(joined) + 1)
        making, finding = [], []
        for _ in range(REPETITIONS):
            load_leaders.cache_clear()  # read at every start of the program
            finder = MentionFinder(DATA / "actors")
            making.append(_seconds(finder, "", lang))
            finding.append(_seconds(finder, text[:TIMED_CHARACTERS], lang))
        table[lang] = {
            "make_s": round(statistics.median(making), 3),
            "find_1m_characters_s": round(statistics.median(finding), 3),
        }
    return table


def _seconds(finder: MentionFinder, text: str, lang: str) -> float:
    start = time.perf_counter()
    finder.find(text, lang, "2024-01-01")
    return time.perf_counter() - start


def main() -> None:
    """Reads rows, counts, prints JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", help="labelled rows: JSON Lines files or globs")
    parser.add_argument("--split", choices=SPLITS, help="count only the rows of this split")
    parser.add_argument("--speed", action="store_true", help="time the matcher too")
    parser.add_argument("--misses", type=Path, help="write here each wrong (passage, government), to read")
    options = parser.parse_args()
    try:
        targets = load_targets(DATA / "targets.yaml")
        rows = read_rows(expand_patterns(options.files, option="files"), [target.id for target in targets])
    except GovstanceError as error:
        parser.exit(2, f"{error}\n")
    passages = passages_of([row for row in rows if options.split in (None, row.split)])
    counts = outcomes(passages, MentionFinder(DATA / "actors"))
    result: dict[str, Any] = {"passages": len(passages), "languages": by_language(counts)}
    if options.misses:
        write_jsonl(options.misses, (asdict(count) for count in counts if not count.is_right))
    if options.speed:
        result["speed"] = speed(passages)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
