"""Turns composed texts into the corpus: one file of labelled rows a language, and the second labels apart."""

import logging
from collections import Counter
from pathlib import Path

from govstance.config import PrepareConfig
from govstance.corpus.composed import read_composed, second_labels, to_rows
from govstance.errors import GovstanceError
from govstance.files import expand_patterns, write_jsonl
from govstance.schema import row_problems
from govstance.targets import load_targets

logger = logging.getLogger(__name__)


def run_preparation(config: PrepareConfig) -> dict[str, int]:
    """Converts and writes; nothing is written unless every text is good.

    Returns:
        Language -> number of rows written.

    Raises:
        BadRowsError: A composed text breaks its form.
        GovstanceError: A text occurs twice, or a row would break the row format.
    """
    target_ids = [target.id for target in load_targets(Path(config.paths.data) / "targets.yaml")]
    texts = read_composed(expand_patterns(config.composed, option="composed"), len(target_ids))
    twice = [group for group, count in Counter(text.group for text in texts).items() if count > 1]
    if twice:
        raise GovstanceError(
            f"{len(twice)} texts occur twice, the first in group {twice[0]!r}: expected each text once."
        )
    rows = to_rows(texts, target_ids)
    for row in rows:
        problems = row_problems(row.to_json(), target_ids)
        if problems:
            raise GovstanceError(f"row {row.id!r}: {problems[0]}")
    counts: dict[str, int] = {}
    for lang in sorted({row.lang for row in rows}):
        of_language = [row.to_json() for row in rows if row.lang == lang]
        counts[lang] = write_jsonl(Path(config.output) / f"{lang}.jsonl", of_language)
    known = {row.id for row in rows}
    second = [value for value in second_labels(texts, target_ids) if value["id"] in known]
    write_jsonl(Path(config.second_labels), second)
    logger.info("%d texts, %d rows, %d of them with a second labelling", len(texts), len(rows), len(second))
    return counts
