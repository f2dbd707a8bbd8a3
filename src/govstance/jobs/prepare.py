"""Turns composed texts into the corpus: one file of labelled rows a language, and the second labels apart."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from govstance.config import PrepareConfig
from govstance.corpus.agreement import Agreement, agreement
from govstance.corpus.composed import read_composed, second_labels, to_rows
from govstance.errors import GovstanceError
from govstance.files import expand_patterns, write_jsonl
from govstance.jobs.places import configured_targets
from govstance.schema import Row, row_problems


@dataclass(frozen=True)
class Preparation:
    """What was written.

    Attributes:
        n_texts: Language -> texts.
        n_rows: Language -> rows.
        agreement: Target -> agreement of the two annotators.
    """

    n_texts: dict[str, int]
    n_rows: dict[str, int]
    agreement: dict[str, Agreement]


def run_preparation(config: PrepareConfig) -> Preparation:
    """Converts and writes; nothing is written unless every text is good.

    Raises:
        BadRowsError: A composed text breaks its form.
        GovstanceError: A text occurs twice, or a row would break the row format.
    """
    targets = configured_targets(config.paths)
    target_ids = [target.id for target in targets]
    texts = read_composed(expand_patterns(config.composed, option="composed"), len(target_ids))
    twice = [group for group, count in Counter(text.group for text in texts).items() if count > 1]
    if twice:
        raise GovstanceError(
            f"{len(twice)} texts occur twice, the first in group {twice[0]!r}: expected each text once."
        )
    rows = to_rows(texts, targets)
    for row in rows:
        problems = row_problems(row.to_json(), target_ids)
        if problems:
            raise GovstanceError(f"row {row.id!r}: {problems[0]}")
    by_language: dict[str, list[Row]] = {}
    for row in rows:
        by_language.setdefault(row.lang, []).append(row)
    for lang, of_language in by_language.items():
        write_jsonl(Path(config.output) / f"{lang}.jsonl", (row.to_json() for row in of_language))
    known = {row.id for row in rows}
    second = [value for value in second_labels(texts, targets) if value["id"] in known]
    write_jsonl(Path(config.second_labels), second)
    return Preparation(
        n_texts={lang: len({row.group for row in of_language}) for lang, of_language in sorted(by_language.items())},
        n_rows={lang: len(of_language) for lang, of_language in sorted(by_language.items())},
        agreement=agreement(rows, {value["id"]: value["labels"] for value in second}, target_ids),
    )
