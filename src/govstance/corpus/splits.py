"""Which rows are for learning, choosing and the last word: by group, so that no document is in two.

Frozen splits in the rows win; where rows carry none, groups are dealt out by a seedless hash, so that
adding a document never moves another.
"""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

from govstance.errors import GovstanceError
from govstance.schema import SPLITS, Row

logger = logging.getLogger(__name__)

# Shares of groups: test 15 %, dev 15 %, the rest train.
TEST_SHARE = 0.15
DEV_SHARE = 0.15


def stratified_splits(strata: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Assigns every group a split, each stratum in the same shares.

    Within a stratum groups are ordered by the SHA-256 of their name and cut by position, which gives the
    shares exactly (a plain hash threshold would give them only on average).

    Args:
        strata: Stratum (such as a language) -> its groups.

    Returns:
        Group -> "train", "dev" or "test".
    """
    splits = {}
    for groups in strata.values():
        ordered = sorted(groups, key=lambda group: hashlib.sha256(group.encode()).hexdigest())
        n_test = round(len(ordered) * TEST_SHARE)
        n_dev = round(len(ordered) * DEV_SHARE)
        for position, group in enumerate(ordered):
            splits[group] = "test" if position < n_test else "dev" if position < n_test + n_dev else "train"
    return splits


def with_splits(rows: Sequence[Row]) -> list[Row]:
    """Rows that all carry a split: their own where frozen, else one by language and group.

    Raises:
        GovstanceError: A group has rows in two splits, or some rows carry a split and others none.
    """
    unsplit = [row for row in rows if row.split is None]
    if unsplit and len(unsplit) < len(rows):
        raise GovstanceError(
            f"{len(unsplit)} of {len(rows)} rows have no split (first: row {unsplit[0].id!r}), the others have one: "
            'expected a field "split" in all rows or in none.'
        )
    if unsplit:
        strata: dict[str, dict[str, None]] = {}
        language_of_group = {row.group: row.lang for row in reversed(rows)}  # a group counts where it first occurs
        for group, lang in language_of_group.items():
            strata.setdefault(lang, {})[group] = None
        splits = stratified_splits({lang: list(groups) for lang, groups in strata.items()})
        rows = [replace(row, split=splits[row.group]) for row in rows]
    check_groups_whole(rows)
    return list(rows)


def check_groups_whole(rows: Sequence[Row]) -> None:
    """Checks that no document is in two splits.

    Raises:
        GovstanceError: A group has rows in two splits.
    """
    first: dict[str, Row] = {}
    for row in rows:
        other = first.setdefault(row.group, row)
        if other.split != row.split:
            raise GovstanceError(
                f"group {row.group!r} is in two splits: row {other.id!r} in {other.split!r}, row {row.id!r} in "
                f"{row.split!r}. Expected all rows of a document in one split; give both rows the same one."
            )


def without_sources(rows: Sequence[Row], sources: Sequence[str]) -> list[Row]:
    """The rows of other sources, in order; says how many it leaves out of each."""
    for source in sources:
        logger.info("not trained on: %d rows of the source %s", sum(row.source == source for row in rows), source)
    return [row for row in rows if row.source not in sources]


def hold_out(rows: Sequence[Row], languages: Sequence[str], governments: Sequence[str]) -> tuple[list[Row], list[Row]]:
    """Takes train and dev rows of some languages and governments out; other splits stay as they are.

    A document that holds a row of such a government goes whole: the model would read of the government in its text.

    Args:
        rows: With splits.
        languages: ISO 639-1.
        governments: ISO 3166-1 alpha-3.

    Returns:
        The rows that are left, and the rows of these languages and governments that were taken out.

    Raises:
        GovstanceError: A language or government has no train or dev row.
    """
    movable = [row for row in rows if row.split in ("train", "dev")]
    for name, wanted, found in (
        ("languages", languages, {row.lang for row in movable}),
        ("governments", governments, {row.government for row in movable}),
    ):
        missing = sorted(set(wanted) - found)
        if missing:
            raise GovstanceError(
                f"corpus.held_out.{name}: expected {name} with train or dev rows, some of {', '.join(sorted(found))}; "
                f"found {', '.join(missing)}."
            )
    held_out = [row for row in movable if row.lang in languages or row.government in governments]
    groups = {row.group for row in held_out}
    kept = [row for row in rows if row.group not in groups]
    if held_out:
        logger.info("held out: %d rows; with the rest of their documents %d", len(held_out), len(rows) - len(kept))
    return kept, held_out


def in_split(rows: Sequence[Row], split: str) -> list[Row]:
    """The rows of one split, in order.

    Raises:
        GovstanceError: The split is empty.
    """
    chosen = [row for row in rows if row.split == split]
    if not chosen:
        counts = ", ".join(f"{name} {sum(row.split == name for row in rows)}" for name in SPLITS)
        raise GovstanceError(f"the split {split!r} has no rows: expected at least one; found {counts}.")
    return chosen
