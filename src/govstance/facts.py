"""What governments did, read from data/facts/: votes, memberships, sanctions, and which target each bears on.

Owns criteria.yaml and the tables it names. A government that a table leaves out has a value only where the criterion
says what that means; such a value is marked as inferred.
"""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from govstance.errors import BadRowsError, GovstanceError
from govstance.schema import government_codes

CRITERIA_FILE = "criteria.yaml"
# The first column of a table tells vote, body or list; its name differs.
COLUMNS = ("government", "value", "source", "status", "verification")
REQUIRED = ("id", "name", "target", "table", "lines", "values", "naming_means")
OPTIONAL = ("apart", "rest", "counts")
INFERRED = "inferred"


@dataclass(frozen=True, slots=True)
class Fact:
    """What one government did.

    Attributes:
        government: ISO 3166-1 alpha-3 code.
        value: As in the table, such as "abstain".
        source, status, verification: Where it is from and how it was checked; "inferred" where the table leaves it out.
    """

    government: str
    value: str
    source: str
    status: str
    verification: str


@dataclass(frozen=True)
class Criterion:
    """One thing that governments did or did not do, and what it says of a target.

    Attributes:
        id, name: For tables, and for people.
        target: Target id.
        values: Value -> its place on the scale of the target, from -1 (fits `against`) to 1 (fits `favor`).
        naming_means: -1 or 1: the end of that scale which speaking of Russia and Ukraine at all points to.
        facts: Government -> what it did, with a value among `values`.
        apart: Government -> what it did, where that has no place on the scale (absent).
        without_value: Governments whose line has no value.
    """

    id: str
    name: str
    target: str
    values: Mapping[str, float]
    naming_means: int
    facts: Mapping[str, Fact]
    apart: Mapping[str, Fact]
    without_value: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """All criteria, and what makes a passage worth reading for them.

    Attributes:
        criteria: In the order of the file.
        subject_governments: A passage that names one of these is on the subject.
        subject_words: Patterns, as in data/actors; a passage that holds one is on the subject too.
        files: The files that were read.
    """

    criteria: tuple[Criterion, ...]
    subject_governments: tuple[str, ...]
    subject_words: tuple[str, ...]
    files: tuple[Path, ...]


def load_facts(folder: Path, target_ids: Sequence[str]) -> Facts:
    """Reads criteria.yaml and the tables it names.

    Args:
        folder: data/facts.
        target_ids: Targets of the model; criteria of others are left out.

    Raises:
        BadRowsError: Lines of a table are no facts.
        GovstanceError: A file is missing or malformed, counts differ from what is known, or no criterion is left.
    """
    path = folder / CRITERIA_FILE
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
        subject, members, entries = value["subject"], value["members"], value["criteria"]
        governments, words = tuple(subject["governments"]), tuple(subject["words"])
        universe = [line["government"] for line in _lines(folder / members["table"], members["lines"])]
    except FileNotFoundError:
        raise GovstanceError(f"{path}: no such file; expected the criteria of external validation.") from None
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise GovstanceError(
            f"{path}: expected subject (governments, words), members (table, lines) and criteria; found {error!r}."
        ) from None
    for number, entry in enumerate(entries, start=1):
        _check(entry, f"{path}: criterion {number}")
    criteria = tuple(_criterion(entry, folder, universe) for entry in entries if entry["target"] in target_ids)
    if not criteria:
        raise GovstanceError(
            f"{path}: expected a criterion for a target of the model ({', '.join(target_ids)}); found criteria for "
            f"{', '.join(sorted({entry['target'] for entry in entries}))}."
        )
    tables = dict.fromkeys([members["table"], *(entry["table"] for entry in entries)])
    return Facts(criteria, governments, words, (path, *(folder / table for table in tables)))


def _check(entry: Any, place: str) -> None:
    found = set(entry) if isinstance(entry, dict) else {repr(entry)}
    if not set(REQUIRED) <= found <= {*REQUIRED, *OPTIONAL}:
        raise GovstanceError(
            f"{place}: expected {', '.join(REQUIRED)} and, where needed, {', '.join(OPTIONAL)}; "
            f"found {', '.join(sorted(map(str, found)))}."
        )
    values = entry["values"]
    # An unquoted yes or no is a truth value in YAML.
    if not isinstance(values, dict) or len(values) < 2 or not all(isinstance(name, str) for name in values):
        raise GovstanceError(f'{place}: values: expected two or more, "yes" and "no" in quotes; found {values!r}.')
    if not all(-1 <= float(number) <= 1 for number in values.values()) or entry["naming_means"] not in (-1, 1):
        raise GovstanceError(f"{place}: expected numbers from -1 to 1 as values, and -1 or 1 as naming_means.")
    if entry.get("rest") is not None and entry["rest"] not in values:
        raise GovstanceError(f"{place}: rest: expected one of {', '.join(values)}; found {entry['rest']!r}.")


def _criterion(entry: Mapping[str, Any], folder: Path, universe: Sequence[str]) -> Criterion:
    values, apart = entry["values"], entry.get("apart", [])
    path = folder / entry["table"]
    lines = _lines(path, entry["lines"])
    allowed = [*values, *apart, ""]
    problems = [
        f"{line['number']}: value: expected one of {', '.join(allowed[:-1])}, or nothing; found {line['value']!r}"
        for line in lines
        if line["value"] not in allowed
    ]
    if problems:
        raise BadRowsError(str(path), problems)
    known = [Fact(**{name: line[name] for name in COLUMNS}) for line in lines]
    named = {fact.government for fact in known}
    if entry.get("rest") is not None:
        how = f"not among the {len(named)} governments that {entry['table']} has for it"
        known += [Fact(code, entry["rest"], "", INFERRED, how) for code in universe if code not in named]
    criterion = Criterion(
        id=entry["id"],
        name=entry["name"],
        target=entry["target"],
        values={name: float(number) for name, number in values.items()},
        naming_means=entry["naming_means"],
        facts={fact.government: fact for fact in known if fact.value in values},
        apart={fact.government: fact for fact in known if fact.value in apart},
        without_value=tuple(fact.government for fact in known if not fact.value),
    )
    counts = Counter(fact.value for fact in known)
    if entry.get("counts") not in (None, dict(counts)):
        raise GovstanceError(
            f"{path}: {entry['lines']}: expected the counts {entry['counts']} of {CRITERIA_FILE}; found {dict(counts)}."
        )
    return criterion


def _lines(path: Path, key: str) -> list[dict[str, Any]]:
    """The lines of a table whose first column is `key`, with their numbers."""
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            fields = list(reader.fieldnames or ())
            absent = [name for name in COLUMNS if name not in fields]
            if absent:
                raise GovstanceError(f"{path}:1: expected the columns {', '.join(absent)} too; they are missing.")
            lines = [line | {"number": reader.line_num} for line in reader]
    except FileNotFoundError:
        raise GovstanceError(f"{path}: no such file; {CRITERIA_FILE} names it.") from None
    found = [line for line in lines if line[fields[0]] == key]
    if not found:
        valid = ", ".join(sorted({line[fields[0]] for line in lines}))
        raise GovstanceError(f"{path}: expected lines of {key!r}, as {CRITERIA_FILE} names them; found {valid}.")
    problems = [
        f"{line['number']}: government: expected an ISO 3166-1 alpha-3 code, found {line['government']!r}"
        for line in found
        if line["government"] not in government_codes()
    ]
    repeated = [code for code, count in Counter(line["government"] for line in found).items() if count > 1]
    problems += [f"{found[0]['number']}: government: {code} has two lines of {key!r}" for code in repeated]
    if problems:
        raise BadRowsError(str(path), problems)
    return found
