"""The quality gate: what makes a corpus unfit to learn from or to be scored on, and what a person should look at.

Errors: a document in two splits, a text that is also (nearly) in another split. Warnings: (near) duplicates within a
split, texts whose language does not look like their tag.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from govstance.corpus.splits import check_groups_whole
from govstance.errors import GovstanceError
from govstance.schema import Row
from govstance.text.language import detect_language

CHARACTERS_FOR_LANGUAGE = 60  # below that the detector guesses
CHARACTERS_FOR_NEARNESS = 80  # shorter texts ("the war in Ukraine") are duplicates only when they are the same
ROWS_A_BLOCK = 1024
SHOWN = 5


@dataclass(frozen=True, slots=True)
class DuplicatePair:
    """Two documents with (nearly) the same text.

    Attributes:
        first, second: A row of each.
        similarity: Cosine of their character 5-gram TF-IDF vectors, in [0, 1]; 1 for the same text.
    """

    first: Row
    second: Row
    similarity: float

    @property
    def across_splits(self) -> bool:
        """Whether the two are in different splits."""
        return self.first.split != self.second.split

    def __str__(self) -> str:
        return (
            f"{self.first.id} ({self.first.split}) and {self.second.id} ({self.second.split}), "
            f"similarity {self.similarity:.2f}"
        )


@dataclass(frozen=True)
class QualityFindings:
    """What the gate let through but a person should know.

    Attributes:
        duplicates: Pairs of documents of one split (or of two, where that is allowed).
        other_language: (tag, detected language) -> a row of each text whose language looks different.
    """

    duplicates: list[DuplicatePair]
    other_language: dict[tuple[str, str], list[Row]]

    def warnings(self) -> list[str]:
        """One line a kind of finding, with counts and the first few ids."""
        lines = []
        if self.duplicates:
            shown = "; ".join(map(str, self.duplicates[:SHOWN]))
            lines.append(f"{len(self.duplicates)} pairs of texts are the same or nearly so: {shown}")
        counts = Counter({pair: len(rows) for pair, rows in self.other_language.items()})
        if counts:
            shown = "; ".join(
                f"{count} tagged {tag} look like {found} (first: {self.other_language[tag, found][0].id})"
                for (tag, found), count in counts.most_common(SHOWN)
            )
            lines.append(f"{counts.total()} texts do not look like their language: {shown}")
        return lines


def check_quality(
    rows: Sequence[Row], *, near_duplicate_similarity: float, across_splits_allowed: bool
) -> QualityFindings:
    """Passes a corpus through the gate.

    Args:
        rows: All rows, each with its split.
        near_duplicate_similarity: From which similarity two texts of a language count as near duplicates.
        across_splits_allowed: Whether duplicates in two splits are a warning only (for benchmarks of others).

    Raises:
        GovstanceError: A document is in two splits, or texts of two splits are the same or nearly so.
    """
    check_groups_whole(rows)
    duplicates = duplicate_pairs(rows, near_duplicate_similarity)
    across = [pair for pair in duplicates if pair.across_splits]
    if across and not across_splits_allowed:
        shown = "".join(f"\n  {pair}" for pair in across[:SHOWN])
        more = f"\n  ... and {len(across) - SHOWN} more" if len(across) > SHOWN else ""
        raise GovstanceError(
            f"{len(across)} pairs of documents in two splits have the same text, or nearly so (similarity from "
            f"{near_duplicate_similarity:g}): what is learnt would be scored again.{shown}{more}\n"
            'Give both the same "group" and "split", or drop one. For a benchmark that is scored as it was published: '
            "quality.duplicates_across_splits=warning."
        )
    return QualityFindings(duplicates, _other_language(rows))


def duplicate_pairs(rows: Sequence[Row], similarity: float) -> list[DuplicatePair]:
    """All pairs of documents of one language whose texts are alike, most alike first.

    Texts are compared by the cosine of TF-IDF vectors of their character 5-grams (within word boundaries). A group
    with several texts is compared text by text, never with itself. Texts of fewer than 80 characters count only when
    they are the same.

    Args:
        rows: Any number of rows.
        similarity: The least cosine, in (0, 1].
    """
    by_language: dict[str, dict[tuple[str, str], Row]] = {}
    for row in rows:
        by_language.setdefault(row.lang, {}).setdefault((row.group, row.text), row)
    pairs = []
    for of_language in by_language.values():
        documents = list(of_language.values())
        if len(documents) < 2:
            continue
        vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(5, 5), dtype=np.float32)
        profiles = vectors.fit_transform([row.text for row in documents])
        for start in range(0, len(documents), ROWS_A_BLOCK):
            block = (profiles[start : start + ROWS_A_BLOCK] @ profiles.T).tocoo()
            alike = block.data >= similarity - 1e-6
            for first, second, value in zip(block.row[alike] + start, block.col[alike], block.data[alike], strict=True):
                one, other = documents[first], documents[second]
                long = min(len(one.text), len(other.text)) >= CHARACTERS_FOR_NEARNESS
                if first < second and one.group != other.group and (long or one.text == other.text):
                    pairs.append(DuplicatePair(one, other, min(1.0, float(value))))
    return sorted(pairs, key=lambda pair: -pair.similarity)


def _other_language(rows: Sequence[Row]) -> dict[tuple[str, str], list[Row]]:
    texts: Mapping[str, Row] = {row.text: row for row in reversed(rows)}
    result: dict[tuple[str, str], list[Row]] = {}
    for text, row in texts.items():
        if len(text) >= CHARACTERS_FOR_LANGUAGE:
            found = detect_language(text)
            if found != row.lang:
                result.setdefault((row.lang, found), []).append(row)
    return result
