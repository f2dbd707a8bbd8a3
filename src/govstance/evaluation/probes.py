"""Probes: the same rows, changed in one respect, to see what a score rests on.

Owns the change of a government's name. Scores are made elsewhere, from the changed rows, as for any rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from govstance.actors.finder import MentionFinder
from govstance.corpus.renaming import with_names
from govstance.schema import Row

# Bouvet Island: nobody lives there and no text speaks of it, so its name tells a model nothing about a stance.
NAMELESS = "BVT"


@dataclass(frozen=True)
class NameProbe:
    """The same rows under three names; position i is the same row in each.

    Attributes:
        as_written: As they are.
        masked: The government goes by a name that no training text holds.
        swapped: The government goes by the name of another one of the rows, which the text does not name.
    """

    as_written: list[Row]
    masked: list[Row]
    swapped: list[Row]


def name_probe(rows: Sequence[Row], finder: MentionFinder, *, n_rows: int, seed: int = 0) -> NameProbe:
    """Renames the government of some rows, in the text and as what is asked about; the labels stay.

    Rows of Russia and Ukraine are left out: the targets are about them. The new name stands where the gazetteer finds
    the old one, without the inflection that the language would ask for, so a small loss is due to grammar.

    Args:
        rows: Labelled rows.
        finder: Of mentions.
        n_rows: At most so many rows are drawn, whole and without replacement.
        seed: Of the draw and of the new names.
    """
    generator = np.random.default_rng(seed)
    able = [row for row in rows if row.government not in ("RUS", "UKR")]
    chosen = [able[index] for index in sorted(generator.permutation(len(able))[:n_rows])]
    governments = sorted({row.government for row in able})
    masked, swapped = [], []
    for row in chosen:
        mentions = finder.find(row.text, row.lang, row.date)
        named = {mention.government for mention in mentions} | {row.government}
        others = [government for government in governments if government not in named] or [NAMELESS]
        spans = [(mention.start, mention.end) for mention in mentions if mention.government == row.government]
        masked.append(renamed(row, spans, NAMELESS))
        swapped.append(renamed(row, spans, others[int(generator.integers(len(others)))]))
    return NameProbe(chosen, masked, swapped)


def renamed(row: Row, spans: Sequence[tuple[int, int]], government: str) -> Row:
    """The row with another government in the place of its own.

    Args:
        row: A row.
        spans: Where its text names its government: (start, end) in characters, in order, apart from each other.
        government: ISO 3166-1 alpha-3 code of the other one.
    """
    text = with_names(row.text, row.lang, [(start, end, government) for start, end in spans])
    return replace(row, text=text, government=government)
