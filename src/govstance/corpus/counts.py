"""What a corpus holds, as tables for its datasheet: the counts that `make corpus-report` prints."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from govstance.schema import ROLES, SPLITS, STANCES, Row

NULL = "null"
WORDS_A_BIN = 20
# Written without spaces between words; lengths are in characters.
UNSPACED = ("zh", "ja", "th", "lo", "km", "my")
CHARACTERS_A_WORD = 1.7
MANY_ROWS = 20
LARGEST_SHARE = 0.6


@dataclass(frozen=True)
class Table:
    """Counts with a title; every line has as many cells as there are columns."""

    title: str
    columns: tuple[str, ...]
    lines: Sequence[tuple[str, ...]]

    def markdown(self) -> str:
        """The table in Markdown, with its title in bold."""
        rule = "|" + "|".join("---" if number == 0 else "---:" for number in range(len(self.columns))) + "|"
        lines = ["| " + " | ".join(cells) + " |" for cells in (self.columns, *self.lines)]
        return "\n".join([f"**{self.title}**", "", lines[0], rule, *lines[1:]])


def corpus_tables(rows: Sequence[Row], target_ids: Sequence[str]) -> list[Table]:
    """The datasheet's tables.

    Args:
        rows: The corpus.
        target_ids: The targets, in order.

    Returns:
        Counts per split, language, target x stance, target x stance x role, genre, phenomenon, length, year and the
        governments whose labels lean to one side.
    """
    return [
        _summary(rows, target_ids),
        _by(rows, "split", lambda row: [row.split or NULL], order=SPLITS),
        _by(rows, "language", lambda row: [row.lang]),
        _stances(rows, target_ids),
        _stances_by_role(rows, target_ids),
        _by(rows, "genre", lambda row: [row.genre or NULL]),
        _by(rows, "phenomenon", lambda row: row.phenomena or [NULL]),
        _by(rows, "length in words", lambda row: [_length_bin(row)], order=sorted({_length_bin(row) for row in rows})),
        _by(rows, "year", lambda row: [(row.date or NULL)[:4]], order=sorted({(row.date or NULL)[:4] for row in rows})),
        _leaning(rows, target_ids),
    ]


def _summary(rows: Sequence[Row], target_ids: Sequence[str]) -> Table:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.group, []).append(row)
    silent = sum(
        all(row.labels[target] in (None, "none") for row in members for target in target_ids)
        for members in groups.values()
    )
    found = {
        "texts": f"{len(groups):,}",
        "rows": f"{len(rows):,}",
        "languages": str(len({row.lang for row in rows})),
        "governments": str(len({row.government for row in rows})),
        "texts in which no government takes a position": f"{silent:,} ({silent / len(groups):.0%})",
    }
    return Table("In all", ("what", "count"), list(found.items()))


def _by(
    rows: Sequence[Row], name: str, values: Callable[[Row], Iterable[str]], order: Sequence[str] | None = None
) -> Table:
    texts: dict[str, set[str]] = {}
    counts: Counter[str] = Counter()
    for row in rows:
        for value in values(row):
            texts.setdefault(value, set()).add(row.group)
            counts[value] += 1
    keys = [key for key in order if key in counts] if order else [key for key, _ in counts.most_common()]
    keys += [key for key in counts if key not in keys]
    lines = [(key, f"{len(texts[key]):,}", f"{counts[key]:,}") for key in keys]
    return Table(f"By {name}", (name, "texts", "rows"), lines)


def _stances(rows: Sequence[Row], target_ids: Sequence[str]) -> Table:
    lines = []
    for target in target_ids:
        counts = Counter(row.labels[target] or NULL for row in rows)
        annotated = counts.total() - counts[NULL]
        share = f"{counts['none'] / annotated:.1%}" if annotated else "-"
        lines.append((target, *(f"{counts[stance]:,}" for stance in (*STANCES, NULL)), share))
    return Table("Rows by target and stance", ("target", *STANCES, NULL, "share of none"), lines)


def _stances_by_role(rows: Sequence[Row], target_ids: Sequence[str]) -> Table:
    lines = []
    for target in target_ids:
        for role in ROLES:
            counts = Counter(row.labels[target] for row in rows if row.role == role)
            lines.append((f"{target}, {role}", *(f"{counts[stance]:,}" for stance in STANCES)))
    return Table("Rows by target, role and stance", ("target, role", *STANCES), lines)


def _leaning(rows: Sequence[Row], target_ids: Sequence[str]) -> Table:
    lines = []
    of_government: dict[str, list[Row]] = {}
    for row in rows:
        of_government.setdefault(row.government, []).append(row)
    for government, members in sorted(of_government.items()):
        if len(members) < MANY_ROWS:
            continue
        for target in target_ids:
            counts = Counter(row.labels[target] for row in members if row.labels[target] not in (None, "none"))
            if counts and max(counts.values()) / counts.total() > LARGEST_SHARE:
                shares = (f"{counts[stance]:,}" for stance in STANCES if stance != "none")
                lines.append((f"{government}, {target}", *shares))
    title = f"Governments with {MANY_ROWS}+ rows of whose stances other than none one makes up over {LARGEST_SHARE:.0%}"
    return Table(title, ("government, target", *(stance for stance in STANCES if stance != "none")), lines)


def words_in(row: Row) -> int:
    """The length of a row's text in words; of a language without spaces, by its characters."""
    return int(len(row.text) / CHARACTERS_A_WORD) if row.lang in UNSPACED else len(row.text.split())


def _length_bin(row: Row) -> str:
    start = words_in(row) // WORDS_A_BIN * WORDS_A_BIN
    return f"{start:3d} to {start + WORDS_A_BIN - 1}"
