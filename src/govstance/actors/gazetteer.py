"""The words that name governments: CLDR names plus data/actors/*.yaml, as patterns of one language.

Owns the reading and checking of those files; `matcher` finds the patterns in text. The form of the
files is described in data/actors/README.md.
"""

import datetime
import functools
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from govstance.actors.names import territory_names
from govstance.errors import GovstanceError
from govstance.files import sha256_of_file
from govstance.schema import government_codes

KINDS = ("names", "demonyms", "seats")
# The loader written in C, where PyYAML was built with it: the files are read at every start.
_YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
LEADERS_FILE = "leaders.yaml"
STATES_FILE = "states.yaml"
# In the files, in the place of a code: words that look like a government and name none (the Minsk agreements).
NO_GOVERNMENT = "none"
_LONG_AGO = datetime.date.min


@dataclass(frozen=True, slots=True)
class Pattern:
    """One way to name a government.

    Attributes:
        text: Words; a trailing `*` on a word stands for up to six more letters.
        government: ISO 3166-1 alpha-3 code, or NO_GOVERNMENT.
        kind: "names", "demonyms", "seats" or "leaders".
        since, until: First and last day on which the pattern means that government; None = no limit.
        holds_undated: Whether it means that government where the day is unknown.
    """

    text: str
    government: str
    kind: str
    since: datetime.date | None = None
    until: datetime.date | None = None
    holds_undated: bool = True

    def holds_on(self, date: str | None) -> bool:
        """Whether the pattern means the government on a day, or (None) on an unknown day."""
        if date is None:
            return self.holds_undated
        day = datetime.date.fromisoformat(date)
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


def load_patterns(folder: Path, lang: str) -> list[Pattern]:
    """All patterns of one language; a language without a file of its own has CLDR's names and the leaders.

    Args:
        folder: data/actors.
        lang: ISO 639-1 code.

    Raises:
        GovstanceError: The folder or a file in it is missing or malformed.
    """
    patterns = _cldr_patterns(lang, load_states(folder))
    path = folder / f"{lang}.yaml"
    if path.is_file():
        patterns += _language_patterns(path)
    return [*patterns, *load_leaders(folder)]


def gazetteer_version(folder: Path) -> str:
    """What tells one state of data/actors from another: the number of its files and a hash of their names and bytes."""
    files = sorted(folder.glob("*.yaml"))
    told = "".join(f"{path.name} {sha256_of_file(path)}\n" for path in files)
    return f"{len(files)} files, sha256 {hashlib.sha256(told.encode()).hexdigest()[:16]}"


def load_states(folder: Path) -> frozenset[str]:
    """The codes that are governments with a foreign policy of their own (territories are not)."""
    path = folder / STATES_FILE
    codes = _read_yaml(path)
    if not isinstance(codes, list) or not set(codes) <= set(government_codes()):
        raise GovstanceError(f"{path}: expected a list of ISO 3166-1 alpha-3 codes.")
    return frozenset(codes)


@functools.lru_cache(maxsize=4)  # the same for every language, and the largest file
def load_leaders(folder: Path) -> tuple[Pattern, ...]:
    """Leaders and foreign ministers, each for the term of office, and in undated texts for the last office."""
    path = folder / LEADERS_FILE
    patterns = []
    for number, entry in enumerate(_read_yaml(path), start=1):
        place = f"{path}: entry {number}"
        try:
            since, until = _first_day(entry["from"]), _last_day(entry["until"])
            government, forms = entry["government"], entry["forms"]
        except (KeyError, TypeError, ValueError) as error:
            raise GovstanceError(
                f"{place}: expected government, from, until (YYYY-MM-DD, YYYY-MM, YYYY or null) and forms; "
                f"found {entry!r} ({error})."
            ) from None
        _check(government, forms, place)
        patterns += [Pattern(form, government, "leaders", since, until) for form in forms]
    return tuple(_with_last_offices(patterns))


def _with_last_offices(patterns: list[Pattern]) -> Iterator[Pattern]:
    """One form may name a minister who later spoke for a bloc, or two persons: undated, the later one is meant."""
    last: dict[str, Pattern] = {}
    for pattern in patterns:
        if pattern.text not in last or (pattern.since or _LONG_AGO) >= (last[pattern.text].since or _LONG_AGO):
            last[pattern.text] = pattern
    for pattern in patterns:
        is_meant = pattern.government == last[pattern.text].government
        yield pattern if is_meant else replace(pattern, holds_undated=False)


def _language_patterns(path: Path) -> Iterator[Pattern]:
    for government, kinds in _read_yaml(path).items():
        place = f"{path}: {government}"
        if not isinstance(kinds, dict) or not set(kinds) <= set(KINDS):
            raise GovstanceError(f"{place}: expected lists under {', '.join(KINDS)}; found {kinds!r}.")
        for kind, texts in kinds.items():
            _check(government, texts, place)
            yield from (Pattern(text, government, kind) for text in texts)


def _check(government: str, texts: Any, place: str) -> None:
    if government != NO_GOVERNMENT and government not in government_codes():
        raise GovstanceError(f"{place}: expected an ISO 3166-1 alpha-3 code or none, found {government!r}.")
    if not isinstance(texts, list):
        raise GovstanceError(f"{place}: expected a list of patterns, found {texts!r}.")
    for text in texts:
        if not isinstance(text, str) or not text.strip("* ") or re.search(r"\*(?!\s|$)", text):
            raise GovstanceError(f"{place}: expected words, `*` at their ends only; found {text!r}.")


def _read_yaml(path: Path) -> Any:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_YAML_LOADER)
    except FileNotFoundError:
        raise GovstanceError(f"{path}: no such file; the gazetteer of governments belongs there.") from None
    except yaml.YAMLError as error:
        raise GovstanceError(f"{path}: expected YAML, found {error}") from None


def _cldr_patterns(lang: str, states: frozenset[str]) -> list[Pattern]:
    """CLDR's names; one that two governments share (the Congos, in some languages) means neither."""
    owners: dict[str, set[str]] = {}
    for government, full_name in territory_names(lang).items():
        if government in states:
            for name in _cldr_variants(full_name):
                owners.setdefault(name, set()).add(government)
    return [Pattern(name, government, "names") for name, (government, *others) in owners.items() if not others]


def _cldr_variants(name: str) -> list[str]:
    """CLDR writes "Myanmar (Burma)" and "Congo - Kinshasa"; the former holds two names, the latter none in use.

    One letter is no name: Chinese tells the Congos apart by the first sign of their capitals.
    """
    if " - " in name:
        return []
    return [part.strip() for part in re.split(r"[()（）]", name) if len(part.strip()) > 1]


def _first_day(value: Any) -> datetime.date | None:
    """A day, the first of a month (YYYY-MM) or of a year (YYYY)."""
    if value is None or isinstance(value, datetime.date):
        return value
    text = str(value)
    return datetime.date.fromisoformat(text + "-01" * (text.count("-") == 1) + "-01-01" * (text.count("-") == 0))


def _last_day(value: Any) -> datetime.date | None:
    """A day, the last of a month (YYYY-MM) or of a year (YYYY)."""
    day = _first_day(value)
    if day is None or isinstance(value, datetime.date):
        return day
    is_month = str(value).count("-") == 1
    following = (day + datetime.timedelta(days=31)).replace(day=1) if is_month else day.replace(year=day.year + 1)
    return following - datetime.timedelta(days=1)
