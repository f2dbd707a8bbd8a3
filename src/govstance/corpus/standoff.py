"""Stand-off annotations -> labelled rows: labels that point into texts which may not be passed on.

A table with one line a (passage, government): file, start and end in characters, the SHA-256 of the passage, language,
date, split, government, role and one column a target. Whoever has the files cuts the passages out; each is
checked against its SHA-256, so that a changed file is found out and not misread. A file is one document unless a
column "document" says which one of several the passage is from.
"""

import csv
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from govstance.errors import BadRowsError, GovstanceError
from govstance.schema import Row, row_from_json, row_problems

FIXED_COLUMNS = ("file", "start", "end", "sha256", "lang", "date", "split", "government", "role")


@dataclass(frozen=True)
class CutOut:
    """What became of the annotations.

    Attributes:
        rows: Those whose passage was found unchanged.
        missing: File that is not there -> number of its annotations.
        changed: File whose passages are not what was annotated -> number of such annotations.
    """

    rows: list[Row]
    missing: dict[str, int]
    changed: dict[str, int]


def cut_out(annotations: Path, folder: Path, *, source: str, targets: Mapping[str, Sequence[str]]) -> CutOut:
    """Cuts the annotated passages out of the files of a folder; runs of white space in them become one space.

    Args:
        annotations: The table, tab-separated.
        folder: Where its files lie.
        source: Name of the source, for the rows.
        targets: Target id -> governments that it is not asked of.

    Raises:
        BadRowsError: A line of the table is no annotation.
        GovstanceError: The folder is missing, the table lacks a column, or not one passage was found.
    """
    if not folder.is_dir():
        raise GovstanceError(f"corpus.path: expected the folder of the source texts, found no folder {folder}.")
    texts: dict[str, str | None] = {}
    rows, problems = [], []
    missing: Counter[str] = Counter()
    changed: Counter[str] = Counter()
    for number, line in _lines(annotations, list(targets)):
        name = line["file"]
        if name not in texts:
            texts[name] = _text(folder / name)
        text = texts[name]
        if text is None:
            missing[name] += 1
            continue
        try:
            passage = text[int(line["start"]) : int(line["end"])]
        except ValueError:
            problems.append(
                f"{number}: start and end: expected character positions, found {line['start']!r}, {line['end']!r}"
            )
            continue
        if hashlib.sha256(passage.encode()).hexdigest() != line["sha256"]:
            changed[name] += 1
            continue
        value = _row(line, " ".join(passage.split()), source, targets)
        found = row_problems(value, list(targets))
        problems += [f"{number}: {problem}" for problem in found]
        if not found:
            rows.append(row_from_json(value, list(targets)))
    if problems:
        raise BadRowsError(str(annotations), problems)
    if not rows:
        raise GovstanceError(
            f"{folder}: not one passage of {annotations} was found: {len(missing)} files are missing "
            f"(such as {next(iter(missing), '-')!r}), {len(changed)} have changed. Is corpus.path the right folder?"
        )
    return CutOut(rows, dict(missing), dict(changed))


def annotated_splits(annotations: Path) -> dict[str, set[str]]:
    """The splits that each file has annotations in.

    Raises:
        GovstanceError: The table is missing or malformed.
    """
    splits: dict[str, set[str]] = {}
    for _, line in _lines(annotations, []):
        splits.setdefault(line["file"], set()).add(line["split"])
    return splits


def _lines(path: Path, target_ids: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
            absent = [name for name in (*FIXED_COLUMNS, *target_ids) if name not in (reader.fieldnames or ())]
            if absent:
                raise GovstanceError(f"{path}:1: expected the columns {', '.join(absent)} too; they are missing.")
            for line in reader:
                if None in line.values() or None in line:
                    raise GovstanceError(
                        f"{path}:{reader.line_num}: expected {len(reader.fieldnames or ())} tab-separated fields."
                    )
                yield reader.line_num, line
    except FileNotFoundError:
        raise GovstanceError(f"{path}: no such file; expected stand-off annotations.") from None


def _text(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise GovstanceError(f"{path}: expected UTF-8, found {error}.") from None


def _row(line: Mapping[str, str], passage: str, source: str, targets: Mapping[str, Sequence[str]]) -> dict[str, object]:
    document = line.get("document") or Path(line["file"]).stem
    return {
        "id": f"{source}:{document}:{line['start']}-{line['end']}:{line['government']}",
        "text": passage,
        "lang": line["lang"],
        "date": line["date"] or None,
        "source": source,
        "group": f"{source}:{document}",
        "government": line["government"],
        "role": line["role"],
        "labels": {
            target: None if line["government"] in not_asked_of else line[target] or None
            for target, not_asked_of in targets.items()
        },
        "split": line["split"],
    }
