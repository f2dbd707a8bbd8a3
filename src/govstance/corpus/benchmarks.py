"""Public stance benchmarks -> labelled rows, so that a method can be held against published figures.

The author of the text holds the stance, so `government` is ZZZ and the role `speaker`. A benchmark is described by the
options of its config: which columns hold what, and a map of all its labels to stances. A label or target that the
maps do not name is an error: nothing is dropped or guessed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from govstance.errors import BadRowsError, GovstanceError
from govstance.schema import AUTHOR, Row, row_from_json, row_problems


@dataclass(frozen=True)
class BenchmarkOptions:
    """How a benchmark is read.

    Attributes:
        source: Its name, for the rows.
        lang: ISO 639-1 code; null where `columns` names one.
        files: Split -> file below the path (train, dev and test, or fewer).
        stances: Every label of the benchmark -> favor, against, neutral or none.
        targets: Every target of the benchmark -> target id.
        columns: text, stance and, where there are such columns, target, topic (put before the text, for benchmarks
            whose questions are too many to be targets), lang and id.
        more: Further (target, stance) pairs of columns of the same line.
        constant_target: The target id of all lines, where no column names one.
        separator: Between the fields of a line; null for JSON Lines.
        encoding: Of the files.
        hub: Data set on the Hugging Face hub, read when no path is given.
        hub_config: Its configuration there.
    """

    source: str
    lang: str | None
    files: Mapping[str, str]
    stances: Mapping[str, str]
    targets: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    more: Sequence[Mapping[str, str]] = ()
    constant_target: str | None = None
    separator: str | None = ","
    encoding: str = "utf-8-sig"
    hub: str | None = None
    hub_config: str | None = None


def read_table_benchmark(path: Path | None, options: BenchmarkOptions, target_ids: Sequence[str]) -> list[Row]:
    """Reads a benchmark of one text a line: CSV, TSV, JSON Lines, or a data set of the hub.

    Args:
        path: The folder of its files; None: from the hub.
        options: Of the benchmark.
        target_ids: The targets that rows may carry.

    Raises:
        BadRowsError: Lines with a label or target outside the maps, or without text.
        GovstanceError: A file or a column is missing, or the hub is out of reach.
    """
    rows = []
    for split, name in options.files.items():
        place, table = _local_table(path / name, options) if path else _hub_table(split, name, options)
        wanted = [*options.columns.values(), *(column for pair in options.more for column in pair.values())]
        absent = [column for column in wanted if column not in table.columns]
        if absent:
            raise GovstanceError(
                f"{place}: expected the columns {', '.join(wanted)}; found {', '.join(map(str, table.columns))}."
            )
        rows += _checked(place, _table_rows(table, split, options), target_ids)
    return rows


def read_tweeteval(path: Path | None, options: BenchmarkOptions, target_ids: Sequence[str]) -> list[Row]:
    """Reads SemEval-2016 Task 6 in the form of TweetEval: per target a folder with <split>_text.txt and
    <split>_labels.txt, line by line.

    Raises:
        BadRowsError: A label outside the map.
        GovstanceError: A file is missing, or two files differ in length.
    """
    if path is None:
        raise GovstanceError("corpus.path: expected the folder of TweetEval's stance data, found null.")
    rows = []
    for folder, target in options.targets.items():
        for split, name in options.files.items():
            text_file, label_file = (path / folder / f"{name}_{kind}.txt" for kind in ("text", "labels"))
            texts, labels = (_file_lines(file, options.encoding) for file in (text_file, label_file))
            if len(texts) != len(labels):
                raise GovstanceError(
                    f"{label_file}: expected one label for each of the {len(texts)} lines of {text_file}, "
                    f"found {len(labels)}."
                )
            numbered = (
                (number, _row(options, split, f"{folder}-{name}-{number}", text, options.lang, [(target, label)]))
                for number, (text, label) in enumerate(zip(texts, labels, strict=True), start=1)
            )
            rows += _checked(str(label_file), numbered, target_ids)
    return rows


def _file_lines(path: Path, encoding: str) -> list[str]:
    try:
        return path.read_text(encoding=encoding).rstrip("\n").split("\n")
    except FileNotFoundError:
        raise GovstanceError(f"{path}: no such file.") from None


def _local_table(path: Path, options: BenchmarkOptions) -> tuple[str, pd.DataFrame]:
    if not path.is_file():
        raise GovstanceError(
            f"{path}: no such file; corpus.path is the folder that holds {path.name}. Without that split: "
            f"corpus.options.files={{train: ...}} with the files you have."
        )
    try:
        if options.separator is None:
            return str(path), pd.read_json(path, lines=True, dtype=False, encoding=options.encoding)
        table = pd.read_csv(
            path, sep=options.separator, dtype=str, keep_default_na=False, encoding=options.encoding, engine="python"
        )
    except (ValueError, UnicodeDecodeError) as error:
        raise GovstanceError(f"{path}: expected {options.encoding} text in columns, found: {error}.") from None
    return str(path), table


def _hub_table(split: str, name: str, options: BenchmarkOptions) -> tuple[str, pd.DataFrame]:
    if options.hub is None:
        raise GovstanceError(
            f"corpus.path: expected the folder of {options.source}'s files, found null (it is not on a hub)."
        )
    from datasets import load_dataset

    hub_split = {"dev": "validation"}.get(split, split)
    try:
        table = load_dataset(options.hub, options.hub_config, split=hub_split).to_pandas()
    except Exception as error:  # the library raises a different class for each way of being out of reach
        raise GovstanceError(
            f"{options.hub}: the split {hub_split!r} could not be loaded from the hub ({error}). Without a network, "
            f"give the folder that holds {name!r} as corpus.path."
        ) from None
    return f"{options.hub}/{hub_split}", table


def _table_rows(
    table: pd.DataFrame, split: str, options: BenchmarkOptions
) -> Iterator[tuple[int, dict[str, Any] | str]]:
    columns = options.columns
    for number, line in enumerate(table.to_dict("records"), start=2 if options.separator else 1):
        target = line[columns["target"]] if "target" in columns else options.constant_target
        pairs = [(target, line[columns["stance"]])]
        pairs += [(line[pair["target"]], line[pair["stance"]]) for pair in options.more]
        mapped, unknown = [], []
        for raw_target, stance in pairs:
            if raw_target == options.constant_target or raw_target in options.targets:
                mapped.append((options.targets.get(str(raw_target), str(raw_target)), stance))
            else:
                unknown.append(raw_target)
        if unknown:
            yield number, f"target: expected one of {', '.join(options.targets)}; found {unknown[0]!r}"
            continue
        text = str(line[columns["text"]])
        if "topic" in columns:
            text = f"{line[columns['topic']]}\n{text}"
        lang = str(line[columns["lang"]]) if "lang" in columns else options.lang
        name = str(line[columns["id"]]) if "id" in columns else str(number)
        yield number, _row(options, split, f"{split}-{number}-{name}", text, lang, mapped)


def _row(
    options: BenchmarkOptions, split: str, name: str, text: str, lang: str | None, pairs: Sequence[tuple[str, Any]]
) -> dict[str, Any] | str:
    labels = {}
    for target, stance in pairs:
        key = str(stance).strip()
        if key not in options.stances:
            return f"stance: expected one of {', '.join(options.stances)}; found {key!r}"
        labels[target] = options.stances[key]
    identity = f"{options.source}:{name}"
    return {
        "id": identity,
        "text": text.strip(),
        "lang": lang,
        "date": None,
        "source": options.source,
        "group": identity,
        "government": AUTHOR,
        "role": "speaker",
        "labels": labels,
        "split": split,
    }


def _checked(place: str, numbered: Iterator[tuple[int, dict[str, Any] | str]], target_ids: Sequence[str]) -> list[Row]:
    rows, problems = [], []
    for number, value in numbered:
        found = [value] if isinstance(value, str) else row_problems(value, target_ids)
        problems += [f"{number}: {problem}" for problem in found]
        if not found and not isinstance(value, str):
            rows.append(row_from_json(value, target_ids))
    if problems:
        raise BadRowsError(place, problems)
    return rows
