"""The table: what each government holds on each target in each period, since when, and which sentences say so.

Documents count alike, however long, and nothing hangs on their order. They are pooled as they come; of each only its
probabilities are kept, for the intervals.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from govstance.errors import GovstanceError
from govstance.evaluation.uncertainty import DRAWS, central_interval
from govstance.inference.aggregate import StanceAnswer, pool_documents
from govstance.inference.documents import Document
from govstance.inference.table_rows import Sentence, TableRow, keep_strongest, rank
from govstance.schema import STANCES, UNCERTAIN

# Characters of an ISO day that name a period.
PERIODS: Mapping[str, int] = {"day": 10, "month": 7, "year": 4, "all": 0}
ALL, UNDATED = "all", "undated"
CONFLICTING = "conflicting"
POSITIONS = tuple(stance for stance in STANCES if stance != "none")
# One document in five that says the rarer side makes a conflict; one stray sentence among a hundred does not.
WEAKER_SIDE_SHARE = 0.2
# Draws are made so many cells' worth at a time, to bound memory.
MAX_DRAWN_CELLS = 20_000_000

Answered = tuple[Document, Sequence[StanceAnswer]]


@dataclass
class _Cell:
    """What is kept of the documents of one row: 32 bytes each, for the interval, and the strongest sentences."""

    values: array = field(default_factory=lambda: array("d"))  # (n_answered * n_stances,)
    n_documents: int = 0
    n_stating: int = 0
    n_passages: int = 0
    n_sided: Counter[str] = field(default_factory=Counter)  # documents that say favor, against, either of them
    sentences: dict[str, dict[str, Sentence]] = field(default_factory=lambda: {stance: {} for stance in POSITIONS})

    def add(self, document: Document, answer: StanceAnswer, limit: int) -> None:
        self.n_documents += 1
        self.n_passages += answer.n_passages
        if answer.stance != UNCERTAIN:
            self.values.extend(answer.probabilities)
            self.n_stating += answer.stance in POSITIONS
            # A document says what its answer is, and what a single sentence of it clearly says.
            sides = {answer.stance, *(item.stance for item in answer.counter_evidence)} & {"favor", "against"}
            self.n_sided.update([*sides, "either"] if sides else ())
        for item in (*answer.evidence, *answer.counter_evidence):
            if item.stance in self.sentences:
                keep_strongest(self.sentences[item.stance], document, item, limit)

    def conflicting(self) -> bool:
        """Whether favor and against each are said in a fifth of the documents that say either."""
        least = WEAKER_SIDE_SHARE * self.n_sided["either"]
        return self.n_sided["either"] > 0 and min(self.n_sided["favor"], self.n_sided["against"]) >= least


@dataclass
class _Day:
    """What the documents of one day say of a government and target."""

    stances: set[str]
    last: tuple[tuple[str, str, str], str]  # place and stance of the last of them, in the order of documents


class TableBuilder:
    """Pools answers as they come, in any order.

    Args:
        period: One of PERIODS.
        max_sentences: Per row and stance.

    Raises:
        GovstanceError: Another period.
    """

    def __init__(self, *, period: str, max_sentences: int = 3):
        if period not in PERIODS:
            raise GovstanceError(f"period: expected one of {', '.join(PERIODS)}; found {period}.")
        self._period = period
        self._max_sentences = max_sentences
        self._cells: dict[tuple[str, str], dict[str, _Cell]] = {}
        self._days: dict[tuple[str, str], dict[str, _Day]] = {}

    def add(self, document: Document, answers: Iterable[StanceAnswer]) -> None:
        """Counts a document."""
        period = _period_of(document.date, self._period)
        for answer in answers:
            pair = (answer.government, answer.target)
            self._cells.setdefault(pair, {}).setdefault(period, _Cell()).add(document, answer, self._max_sentences)
            if document.date and answer.stance in POSITIONS:
                said = (_place(document), answer.stance)
                day = self._days.setdefault(pair, {}).setdefault(document.date, _Day(set(), said))
                day.stances.add(answer.stance)
                day.last = max(day.last, said)

    def rows(self, *, seed: int = 0) -> list[TableRow]:
        """The table so far, sorted by government, target and period, the undated last.

        Args:
            seed: Of the draws of documents.
        """
        rows = []
        for pair, cells in sorted(self._cells.items()):
            days = sorted(self._days.get(pair, {}).items())
            for name in sorted(cells, key=lambda name: (name == UNDATED, name)):
                row = _row((*pair, name), cells[name], seed)
                until = [(date, day) for date, day in days if name != UNDATED and self._period_is(date, name)]
                rows.append(_with_since(row, until))
        return rows

    def _period_is(self, date: str, until: str) -> bool:
        return _period_of(date, self._period) <= until


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
    builder = TableBuilder(period=period, max_sentences=max_sentences)
    for document, answers in answered:
        builder.add(document, answers)
    return builder.rows(seed=seed)


def in_table_order(documents: Iterable[Document]) -> list[Document]:
    """The documents in an order of their own, whatever order they came in."""
    return sorted(documents, key=_place)


def _place(document: Document) -> tuple[str, str, str]:
    return document.id, document.source, document.text


def _period_of(date: str | None, period: str) -> str:
    if period == ALL:
        return ALL
    return UNDATED if date is None else date[: PERIODS[period]]


def _row(key: tuple[str, str, str], cell: _Cell, seed: int) -> TableRow:
    leaning, probability, interval, pooled = None, None, None, None
    if cell.values:
        values = np.frombuffer(cell.values).reshape(-1, len(STANCES))
        values = values[np.lexsort(values.T)]  # so that neither sums nor draws hang on the order they came in
        pooled = pool_documents(values)
        best = int(pooled.argmax())
        leaning, probability = STANCES[best], float(pooled[best])
        interval = _interval(values, best, seed)
    stance = leaning or UNCERTAIN
    if leaning in ("favor", "against") and cell.conflicting():
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
        n_documents=cell.n_documents,
        n_stating=cell.n_stating,
        n_uncertain=cell.n_documents - len(cell.values) // len(STANCES),
        n_passages=cell.n_passages,
        sentences={stance: tuple(sorted(kept.values(), key=rank)) for stance, kept in cell.sentences.items()},
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


def _with_since(row: TableRow, until: Sequence[tuple[str, _Day]]) -> TableRow:
    """The row with the day since which documents, up to the end of its period, have said so without a break."""
    if row.stance not in POSITIONS:
        return row
    since = None
    for date, day in until:
        unbroken = since is not None and day.stances == {row.stance}
        since = (since if unbroken else date) if day.last[1] == row.stance else None
    return row if since is None else replace(row, since=since)
