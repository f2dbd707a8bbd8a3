"""What a row of the table holds, and the strongest sentences it rests on, with the text round them."""

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from govstance.inference.aggregate import Evidence
from govstance.inference.documents import Document

CONTEXT_CHARACTERS = 280
BLANK_LINES = re.compile(r"[ \t]*\n\s*")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence that a row rests on, and where it stands.

    Attributes:
        stance, probability, text, start, end: As in `Evidence`.
        document, source, date, speaker, lang, page: Of the document it is from.
        before, after: The text round it, cut at a space.
    """

    stance: str
    probability: float
    text: str
    start: int
    end: int
    document: str
    source: str
    date: str | None
    speaker: str | None
    lang: str
    page: int | None
    before: str = field(repr=False, default="")
    after: str = field(repr=False, default="")


@dataclass(frozen=True, slots=True)
class TableRow:
    """One government's stance on one target in one period.

    Attributes:
        government: ISO 3166-1 alpha-3 code.
        target: Target id.
        period: "2022", "2022-04", "2022-04-05", "all" or "undated".
        stance: One of STANCES, "conflicting" or "uncertain" (the reader abstained on every document).
        leaning: The most probable stance, which a conflict hides; None where all are uncertain.
        probability: Of the leaning; None where all are uncertain.
        interval: Of `probability`, 95 %, by drawing documents; None with fewer than two.
        probabilities: (n_stances,), in the order of STANCES; None where all are uncertain.
        since: ISO day of the first document of the unbroken run with this stance that lasts to the end of the period.
        n_documents: That name the government (or are its own), copies of one another once.
        n_copies: Documents left out, as copies of one that is counted.
        n_stating: Of them, those that state a position.
        n_uncertain: Of them, those on which the reader abstained.
        n_passages: That name it.
        sentences: Stance -> strongest sentences, for favor, against and neutral.
    """

    government: str
    target: str
    period: str
    stance: str
    leaning: str | None
    probability: float | None
    interval: tuple[float, float] | None
    probabilities: tuple[float, ...] | None
    since: str | None
    n_documents: int
    n_copies: int
    n_stating: int
    n_uncertain: int
    n_passages: int
    sentences: Mapping[str, tuple[Sentence, ...]]


def keep_strongest(kept: dict[str, Sentence], document: Document, item: Evidence, limit: int) -> None:
    """Keeps a sentence if it is among the strongest; the same words of several documents once."""
    words = " ".join(item.text.split())
    weakest = max(kept, key=lambda text: rank(kept[text]), default=None)
    if words not in kept and len(kept) == limit and weakest and item.probability < kept[weakest].probability:
        return
    kept[words] = min((other for other in (kept.get(words), _sentence(document, item)) if other), key=rank)
    if len(kept) > limit:
        del kept[max(kept, key=lambda text: rank(kept[text]))]


def rank(item: Sentence) -> tuple[float, str, str, str, int]:
    """Sorts the strongest first, of two alike the earlier."""
    return -item.probability, item.date or "9", item.document, item.source, item.start


def _sentence(document: Document, item: Evidence) -> Sentence:
    before, after = _context(document, item)
    return Sentence(
        stance=item.stance,
        probability=item.probability,
        text=item.text,
        start=item.start,
        end=item.end,
        document=document.id,
        source=document.source,
        date=document.date,
        speaker=document.speaker,
        lang=document.lang,
        page=document.page_of(item.start),
        before=before,
        after=after,
    )


def _context(document: Document, item: Evidence | Sentence) -> tuple[str, str]:
    """The text before and after a sentence; nothing where the document comes without its text."""
    if not document.text:
        return "", ""
    before = document.text[max(document.body_start, item.start - CONTEXT_CHARACTERS) : item.start]
    after = document.text[item.end : item.end + CONTEXT_CHARACTERS]
    if item.start - CONTEXT_CHARACTERS > document.body_start:
        before = "… " + before.partition(" ")[2]
    if item.end + CONTEXT_CHARACTERS < len(document.text):
        after = after.rpartition(" ")[0] + " …"
    return BLANK_LINES.sub("\n", before.lstrip()), BLANK_LINES.sub("\n", after.rstrip())


def with_contexts(rows: Sequence[TableRow], documents: Iterable[Document]) -> list[TableRow]:
    """A table whose sentences came without the text round them, with it.

    Args:
        rows: Of answers whose documents had no text.
        documents: All of them, with their texts; only those that sentences are from are looked at.
    """
    wanted: dict[tuple[str, str], set[Sentence]] = {}
    for row in rows:
        for item in itertools.chain.from_iterable(row.sentences.values()):
            wanted.setdefault((item.source, item.document), set()).add(item)
    found: dict[Sentence, Sentence] = {}
    for document in documents:
        for item in wanted.get((document.source, document.id), ()):
            # An id may be used twice in a file.
            if document.text[item.start : item.end] == item.text:
                before, after = _context(document, item)
                found[item] = replace(item, before=before, after=after, page=document.page_of(item.start))
    return [
        replace(
            row,
            sentences={
                stance: tuple(found.get(item, item) for item in items) for stance, items in row.sentences.items()
            },
        )
        for row in rows
    ]
