"""How well governments are found in text: python benchmarks/actors.py data/corpus/*.jsonl --split train

Prints JSON: precision and recall of (passage, government) by language for the matcher of `govstance.actors`; its speed.

- Recall: of the governments that a row gives a stance other than `none` on any target, those found in the passage; and
  of the governments of all rows. Rows of a speaker stand apart: a statement need not name the government that makes it.
- Precision: of the governments found in a passage, those that have a row for it. A lower bound: rows seldom list every
  government that a passage names, Russia and Ukraine least of all; so the others stand apart too.
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
PARTIES = ("RUS", "UKR")  # named in most passages and left without a row in many
TIMED_CHARACTERS = 1_000_000
REPETITIONS = 5

# Title of a share -> what it counts.
COUNTS = {
    "precision": "found",
    "precision_third_parties": "found_third_party",
    "recall_with_stance": "mentioned_with_stance",
    "recall_of_all_rows": "mentioned",
    "speakers_named": "speaker",
}

Passage = tuple[str, str, str | None]  # text, language, date


@dataclass(frozen=True, slots=True)
class Count:
    """One (passage, government): `counted` is what it counts for, of COUNTS; right: found, and in the rows."""

    lang: str
    source: str
    government: str
    counted: str
    is_right: bool
    text: str


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
            counts += [Count(lang, row.source, row.government, name, row.government in found, text) for name in counted]
        for government in sorted(found):
            counted = ["found"] if government in PARTIES else ["found", "found_third_party"]
            counts += [Count(lang, rows[0].source, government, name, government in listed, text) for name in counted]
    return counts


def shares(counts: Sequence[Count]) -> dict[str, Any]:
    """The shares of COUNTS, each with how many it is a share of; None where there is nothing to count."""
    table: dict[str, Any] = {}
    for name, counted in COUNTS.items():
        results = [count.is_right for count in counts if count.counted == counted]
        table[name] = round(statistics.fmean(results), 3) if results else None
        table[f"n_{counted}"] = len(results)
    return table


def by_group(counts: Sequence[Count], field: str) -> dict[str, dict[str, Any]]:
    """The shares of all counts together, and of each language or source."""
    groups: dict[str, list[Count]] = defaultdict(list)
    for count in counts:
        groups[getattr(count, field)].append(count)
    return {"all": shares(counts)} | {group: shares(groups[group]) for group in sorted(groups)}


def speed(passages: Mapping[Passage, Sequence[Row]]) -> dict[str, dict[str, float]]:
    """Median seconds of making a matcher and of reading a million characters, by language."""
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
        make_s, find_s = (round(statistics.median(seconds), 3) for seconds in (making, finding))
        table[lang] = {"make_s": make_s, "find_1m_characters_s": find_s}
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
    parser.add_argument("--by", choices=("lang", "source"), default="lang", help="one table row for each")
    parser.add_argument("--speed", action="store_true", help="time the matcher too")
    parser.add_argument("--misses", type=Path, help="write here each wrong (passage, government), to read")
    options = parser.parse_args()
    try:
        target_ids = [target.id for target in load_targets(DATA / "targets.yaml")]
        rows = read_rows(expand_patterns(options.files, option="files"), target_ids)
    except GovstanceError as error:
        parser.exit(2, f"{error}\n")
    passages: dict[Passage, list[Row]] = defaultdict(list)
    for row in rows:
        if options.split in (None, row.split):
            passages[row.text, row.lang, row.date].append(row)
    counts = outcomes(passages, MentionFinder(DATA / "actors"))
    result: dict[str, Any] = {"passages": len(passages), f"by_{options.by}": by_group(counts, options.by)}
    if options.misses:
        write_jsonl(options.misses, (asdict(count) for count in counts if not count.is_right))
    if options.speed:
        result["speed"] = speed(passages)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
