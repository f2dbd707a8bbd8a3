"""The table: what each government holds on each target in each period, since when, and which sentences say so.

Documents count alike, however long; copies of a text count once. Nothing hangs on their order: they are sorted first,
and draws are seeded.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from govstance.errors import GovstanceError
from govstance.evaluation.uncertainty import DRAWS, central_interval
from govstance.inference.aggregate import Evidence, StanceAnswer, pool_documents
from govstance.inference.documents import Document
from govstance.schema import STANCES, UNCERTAIN
from govstance.text.copies import copy_groups

# Characters of an ISO day that name a period.
PERIODS: Mapping[str, int] = {"day": 10, "month": 7, "year": 4, "all": 0}
ALL, UNDATED = "all", "undated"
CONFLICTING = "conflicting"
POSITIONS = tuple(stance for stance in STANCES if stance != "none")
# Three documents in ten that say the rarer side make a conflict. The model misreads some: at two in ten it found one in
# 40 of 100 sets of ten documents that all said the same (docs/LOG.md, 25).
WEAKER_SIDE_SHARE = 0.3
# Draws are made so many cells' worth at a time, to bound memory.
MAX_DRAWN_CELLS = 20_000_000
CONTEXT_CHARACTERS = 280
BLANK_LINES = re.compile(r"[ \t]*\n\s*")

Answered = tuple[Document, Sequence[StanceAnswer]]
Observation = tuple[Document, StanceAnswer]


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


def stance_table(answered: Iterable[Answered], *, period: str, max_sentences: int = 3, seed: int = 0) -> list[TableRow]:
    """Pools answers by government, target and period.

    Args:
        answered: Documents with their answers, in any order.
        period: One of PERIODS.
        max_sentences: Per row and stance.
        seed: Of the draws of documents.

    Returns:
        Rows sorted by government, target and period, the undated last.

    Raises:
        GovstanceError: Another period.
    """
    if period not in PERIODS:
        raise GovstanceError(f"period: expected one of {', '.join(PERIODS)}; found {period}.")
    ordered = sorted(answered, key=lambda item: _place(item[0]))
    copies = copy_groups(_body(document) for document, _ in ordered)
    of_pair: dict[tuple[str, str], list[Observation]] = {}
    for document, answers in ordered:
        for answer in answers:
            of_pair.setdefault((answer.government, answer.target), []).append((document, answer))
    rows = []
    for (government, target), observations in sorted(of_pair.items()):
        cells: dict[str, list[Observation]] = {}
        for observation in observations:
            cells.setdefault(_period_of(observation[0].date, period), []).append(observation)
        for name in sorted(cells, key=lambda name: (name == UNDATED, name)):
            until = [item for item in observations if item[0].date and _period_of(item[0].date, period) <= name]
            originals = _without_copies(cells[name], copies)
            row = _row((government, target, name), originals, max_sentences=max_sentences, seed=seed)
            row = replace(row, n_copies=len(cells[name]) - len(originals))
            rows.append(_with_since(row, until if name != UNDATED else []))
    return rows


def in_table_order(documents: Iterable[Document]) -> list[Document]:
    """The documents in the order that the table sorts them."""
    return sorted(documents, key=_place)


def _body(document: Document) -> str:
    return document.text[document.body_start :]


def _without_copies(cell: Sequence[Observation], copies: Mapping[str, int]) -> list[Observation]:
    """One of each text, the earliest; a near copy that is answered otherwise says something else and stays."""
    kept: dict[tuple[int, str], Observation] = {}
    for observation in sorted(cell, key=lambda item: (item[0].date or "9", _place(item[0]))):
        document, answer = observation
        kept.setdefault((copies[_body(document)], answer.stance), observation)
    return sorted(kept.values(), key=lambda item: _place(item[0]))


def _place(document: Document) -> tuple[str, str, str]:
    return document.id, document.source, document.text


def _period_of(date: str | None, period: str) -> str:
    if period == ALL:
        return ALL
    return UNDATED if date is None else date[: PERIODS[period]]


def _row(key: tuple[str, str, str], cell: Sequence[Observation], *, max_sentences: int, seed: int) -> TableRow:
    answered = [answer for _, answer in cell if answer.stance != UNCERTAIN]
    sentences = _sentences(cell, max_sentences)
    leaning, probability, interval, pooled = None, None, None, None
    if answered:
        values = np.array([answer.probabilities for answer in answered])
        pooled = pool_documents(values)
        best = int(pooled.argmax())
        leaning, probability = STANCES[best], float(pooled[best])
        interval = _interval(values, best, seed)
    stance = leaning or UNCERTAIN
    if leaning in ("favor", "against") and _conflicting(answered):
        stance = CONFLICTING
    government, target, period = key
    return TableRow(
        government=government,
        target=target,
        period=period,
        stance=stance,
        leaning=leaning,
        probability=probability,
        interval=interval,
        probabilities=None if pooled is None else tuple(map(float, pooled)),
        since=None,
        n_documents=len(cell),
        n_copies=0,
        n_stating=sum(answer.stance in POSITIONS for answer in answered),
        n_uncertain=len(cell) - len(answered),
        n_passages=sum(answer.n_passages for _, answer in cell),
        sentences=sentences,
    )


def _interval(values: np.ndarray, stance: int, seed: int) -> tuple[float, float] | None:
    """Percentile interval of a pooled probability, by drawing documents with replacement; None for a single one."""
    n_documents = len(values)
    if n_documents < 2:
        return None
    generator = np.random.default_rng(seed)
    shares = np.full(n_documents, 1.0 / n_documents)
    at_once = max(1, MAX_DRAWN_CELLS // n_documents)
    drawn = [
        pool_documents(values, generator.multinomial(n_documents, shares, size=min(at_once, DRAWS - done)))[:, stance]
        for done in range(0, DRAWS, at_once)
    ]
    return central_interval(np.concatenate(drawn))


def _conflicting(answers: Sequence[StanceAnswer]) -> bool:
    """Whether favor and against each are said in three in ten of the documents that say either.

    A document says what its answer is, and what a single sentence of it clearly says.
    """
    sides = [
        {answer.stance, *(item.stance for item in answer.counter_evidence)} & {"favor", "against"} for answer in answers
    ]
    with_a_side = sum(bool(side) for side in sides)
    least = WEAKER_SIDE_SHARE * with_a_side
    return with_a_side > 0 and all(sum(stance in side for side in sides) >= least for stance in ("favor", "against"))


def _evidence_of(answer: StanceAnswer) -> tuple[Evidence, ...]:
    return (*answer.evidence, *answer.counter_evidence)


def _sentences(cell: Sequence[Observation], limit: int) -> dict[str, tuple[Sentence, ...]]:
    """The strongest sentences of each stance; the same words of several documents once."""
    found: dict[str, list[Sentence]] = {stance: [] for stance in POSITIONS}
    for document, answer in cell:
        for item in _evidence_of(answer):
            if item.stance in found:
                found[item.stance].append(_sentence(document, item))
    result = {}
    for stance, sentences in found.items():
        sentences.sort(key=lambda item: (-item.probability, item.date or "9", item.document, item.start))
        once = {" ".join(item.text.split()): item for item in reversed(sentences)}
        kept = [item for item in sentences if once[" ".join(item.text.split())] is item]
        result[stance] = tuple(kept[:limit])
    return result


def _sentence(document: Document, item: Evidence) -> Sentence:
    before = document.text[max(document.body_start, item.start - CONTEXT_CHARACTERS) : item.start]
    after = document.text[item.end : item.end + CONTEXT_CHARACTERS]
    if item.start - CONTEXT_CHARACTERS > document.body_start:
        before = "… " + before.partition(" ")[2]
    if item.end + CONTEXT_CHARACTERS < len(document.text):
        after = after.rpartition(" ")[0] + " …"
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
        before=BLANK_LINES.sub("\n", before.lstrip()),
        after=BLANK_LINES.sub("\n", after.rstrip()),
    )


def _with_since(row: TableRow, until: Sequence[Observation]) -> TableRow:
    """The row with the day since which documents, up to the end of its period, have said so without a break."""
    if row.stance not in POSITIONS:
        return row
    since = None
    stating = [(document.date, answer.stance) for document, answer in until if answer.stance in POSITIONS]
    for date, stance in sorted(stating, key=lambda item: str(item[0])):
        since = (since or date) if stance == row.stance else None
    return row if since is None else replace(row, since=since)
