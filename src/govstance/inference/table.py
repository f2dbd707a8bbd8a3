"""The table: what each government holds on each target in each period, since when, and which sentences say so.

Documents count alike, however long, copies of a text once, and nothing hangs on their order. They are taken as they
come; of each only numbers are kept, a few for each of its answers.
"""

import datetime
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from govstance.errors import GovstanceError
from govstance.evaluation.uncertainty import DRAWS, bca_interval, central_interval
from govstance.inference.aggregate import StanceAnswer, pool_documents
from govstance.inference.documents import Document
from govstance.inference.table_rows import Sentence, TableRow, keep_strongest, rank
from govstance.schema import STANCES, UNCERTAIN
from govstance.text.copies import Sketch, copy_groups

# Characters of an ISO day that name a period.
PERIODS: Mapping[str, int] = {"day": 10, "month": 7, "year": 4, "all": 0}
ALL, UNDATED = "all", "undated"
CONFLICTING = "conflicting"
ANSWERS = (*STANCES, UNCERTAIN)
POSITIONS = tuple(stance for stance in STANCES if stance != "none")
# Three documents in ten that say the rarer side make a conflict. The model misreads some: at two in ten it found one in
# 40 of 100 sets of ten documents that all said the same (docs/LOG.md, experiment 25).
WEAKER_SIDE_SHARE = 0.3
# Draws are made so many cells' worth at a time, to bound memory.
MAX_DRAWN_CELLS = 20_000_000
# Up to so many documents the interval is set right by leaving out each in turn; with more that changes little.
MAX_LEFT_OUT = 500

Answered = tuple[Document, Sequence[StanceAnswer]]


# What is kept of an answer beside its probabilities: whole numbers, in this order.
TEXT, DAY, STANCE, PASSAGES, FAVOR, AGAINST = range(6)
N_MARKS = 6
NO_DAY = datetime.date.max.toordinal()


@dataclass
class _Cell:
    """What is kept of the documents of one row: 80 bytes each, and the strongest sentences."""

    values: "array[float]" = field(default_factory=lambda: array("d"))  # (n_documents * n_stances,)
    marks: "array[int]" = field(default_factory=lambda: array("q"))  # (n_documents * N_MARKS,)
    sentences: dict[str, dict[str, Sentence]] = field(default_factory=lambda: {stance: {} for stance in POSITIONS})

    def add(self, document: Document, text: int, answer: StanceAnswer, limit: int) -> None:
        # A document says what its answer is, and what a single sentence of it clearly says.
        sides = set() if answer.stance == UNCERTAIN else {answer.stance, *(x.stance for x in answer.counter_evidence)}
        day = datetime.date.fromisoformat(document.date).toordinal() if document.date else NO_DAY
        stance = ANSWERS.index(answer.stance)
        self.values.extend(answer.probabilities)
        self.marks.extend((text, day, stance, answer.n_passages, "favor" in sides, "against" in sides))
        for item in (*answer.evidence, *answer.counter_evidence):
            if item.stance in self.sentences:
                keep_strongest(self.sentences[item.stance], document, item, limit)

    def originals(self, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities and marks of the documents that count, in an order that does not hang on theirs.

        Of copies with the same answer the earliest counts; one that is answered otherwise says something else.

        Args:
            groups: The number of the group of each text.
        """
        values = np.frombuffer(self.values).reshape(-1, len(STANCES))
        marks = np.frombuffer(self.marks, dtype=np.int64).reshape(-1, N_MARKS)
        order = np.lexsort((*marks[:, PASSAGES:].T, *values.T, marks[:, DAY]))
        values, marks = values[order], marks[order]
        same = np.stack([groups[marks[:, TEXT]], marks[:, STANCE]])
        kept = np.unique(same, axis=1, return_index=True)[1]
        kept = kept[np.lexsort(values[kept].T)]
        return values[kept], marks[kept]


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
        self._texts: dict[Sketch, int] = {}

    def add(self, document: Document, answers: Iterable[StanceAnswer]) -> None:
        """Counts a document."""
        period = period_of(document.date, self._period)
        text = self._texts.setdefault(document.recognised_by, len(self._texts))
        for answer in answers:
            pair = (answer.government, answer.target)
            cell = self._cells.setdefault(pair, {}).setdefault(period, _Cell())
            cell.add(document, text, answer, self._max_sentences)
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
        group_of = copy_groups(self._texts)
        groups = np.array([group_of[text] for text in self._texts], dtype=np.int64)
        for pair, cells in sorted(self._cells.items()):
            days = sorted(self._days.get(pair, {}).items())
            for name in sorted(cells, key=lambda name: (name == UNDATED, name)):
                row = _row((*pair, name), cells[name], groups, seed)
                until = [(date, day) for date, day in days if name != UNDATED and self._period_is(date, name)]
                rows.append(_with_since(row, until))
        return rows

    def _period_is(self, date: str, until: str) -> bool:
        return period_of(date, self._period) <= until


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


def period_of(date: str | None, period: str) -> str:
    """The name of the period that a day is in.

    Args:
        date: ISO day, or None.
        period: One of PERIODS.

    Example:
        >>> period_of("2022-04-05", "month")
        '2022-04'
    """
    if period == ALL:
        return ALL
    return UNDATED if date is None else date[: PERIODS[period]]


def in_table_order(documents: Iterable[Document]) -> list[Document]:
    """The documents in an order of their own, whatever order they came in."""
    return sorted(documents, key=_place)


def _place(document: Document) -> tuple[str, str, str]:
    return document.id, document.source, document.text


def _row(key: tuple[str, str, str], cell: _Cell, groups: np.ndarray, seed: int) -> TableRow:
    leaning, probability, interval, pooled = None, None, None, None
    values, marks = cell.originals(groups)
    certain = marks[:, STANCE] != ANSWERS.index(UNCERTAIN)
    if certain.any():
        pooled = pool_documents(values[certain])
        best = int(pooled.argmax())
        leaning, probability = STANCES[best], float(pooled[best])
        interval = _interval(values[certain], best, seed)
    stance = leaning or UNCERTAIN
    favor, against = marks[:, FAVOR], marks[:, AGAINST]
    if leaning in ("favor", "against") and is_conflict(
        int(favor.sum()), int(against.sum()), int((favor | against).sum())
    ):
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
        n_documents=len(marks),
        n_copies=len(cell.marks) // N_MARKS - len(marks),
        n_stating=int(np.isin(marks[:, STANCE], [ANSWERS.index(position) for position in POSITIONS]).sum()),
        n_uncertain=int((~certain).sum()),
        n_passages=int(marks[:, PASSAGES].sum()),
        sentences={stance: tuple(sorted(kept.values(), key=rank)) for stance, kept in cell.sentences.items()},
    )


def is_conflict(n_favor: int, n_against: int, n_either: int) -> bool:
    """Whether favor and against each are said in three in ten of what says either.

    Args:
        n_favor, n_against: What says so; a document may say both.
        n_either: What says at least one of them.

    Example:
        >>> is_conflict(7, 3, 10), is_conflict(8, 2, 10)
        (True, False)
    """
    return n_either > 0 and min(n_favor, n_against) >= WEAKER_SIDE_SHARE * n_either


def _interval(values: np.ndarray, stance: int, seed: int) -> tuple[float, float] | None:
    """Bootstrap interval of a pooled probability, over documents; None for a single one."""
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
    if n_documents > MAX_LEFT_OUT:
        return central_interval(np.concatenate(drawn))
    left_out = pool_documents(values, 1 - np.eye(n_documents, dtype=int))[:, stance]
    return bca_interval(np.concatenate(drawn), float(pool_documents(values)[stance]), left_out)


def _with_since(row: TableRow, until: Sequence[tuple[str, _Day]]) -> TableRow:
    """The row with the day since which documents, up to the end of its period, have said so without a break."""
    if row.stance not in POSITIONS:
        return row
    since = None
    for date, day in until:
        unbroken = since is not None and day.stances == {row.stance}
        since = (since if unbroken else date) if day.last[1] == row.stance else None
    return row if since is None else replace(row, since=since)
