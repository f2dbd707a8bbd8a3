"""What a labelled row IS: the one format from corpus to report, and the one check of it.

Owns the ordered stances, roles and splits, and says for any JSON object what is wrong with it as a row.
Reads no files.
"""

import datetime
import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import pycountry

STANCES: tuple[str, ...] = ("favor", "against", "neutral", "none")
# What predict answers where it abstains; no label of a row.
UNCERTAIN = "uncertain"
ROLES: tuple[str, ...] = ("speaker", "mentioned")
# The last two are harder tests: languages, and governments, of which training has seen no row.
SPLITS: tuple[str, ...] = ("train", "dev", "test", "test_languages", "test_governments")

REQUIRED_FIELDS = ("id", "text", "lang", "date", "source", "group", "government", "role", "labels")
OPTIONAL_FIELDS = ("split", "genre", "phenomena")

# The holder of the stances in public benchmarks is the author of the text: no government at all.
AUTHOR = "ZZZ"
# ISO 3166-1 leaves Kosovo out; XKX is the user-assigned code that most statistics use. ZZZ is user-assigned too, and
# ZZ is CLDR's "unknown region".
USER_ASSIGNED_GOVERNMENTS = {"XKX": "XK", AUTHOR: "ZZ"}


@dataclass(frozen=True, slots=True)
class Row:
    """One (text, government) pair with a stance per target.

    Attributes:
        id: Unique over all files of a corpus.
        text: The passage.
        lang: ISO 639-1 code.
        date: ISO 8601 day, or None when unknown.
        source: Where the text comes from.
        group: Document id; all rows of a group stay in one split.
        government: ISO 3166-1 alpha-3 code (XKX for Kosovo; ZZZ where the author of the text holds the stance).
        role: "speaker" (the text is this government's own statement) or "mentioned".
        labels: Target id -> stance, or None where nobody annotated that target.
        split: One of SPLITS where it is frozen in the row, else None.
        genre: Kind of text, where known.
        phenomena: What makes the text hard, where known.
    """

    id: str
    text: str
    lang: str
    date: str | None
    source: str
    group: str
    government: str
    role: str
    labels: Mapping[str, str | None]
    split: str | None = None
    genre: str | None = None
    phenomena: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """The row as a JSON object, fields in the order of the format; absent optional fields are left out."""
        value: dict[str, Any] = {name: getattr(self, name) for name in REQUIRED_FIELDS}
        value["labels"] = dict(self.labels)
        for name in OPTIONAL_FIELDS:
            if getattr(self, name):
                value[name] = list(self.phenomena) if name == "phenomena" else getattr(self, name)
        return value


def row_from_json(value: Mapping[str, Any], target_ids: Collection[str]) -> Row:
    """Builds a row from a checked JSON object; targets it does not mention are not annotated (None)."""
    return Row(
        **{name: value[name] for name in REQUIRED_FIELDS if name != "labels"},
        labels={target: value["labels"].get(target) for target in target_ids},
        split=value.get("split"),
        genre=value.get("genre"),
        phenomena=tuple(value.get("phenomena") or ()),
    )


@functools.cache
def language_codes() -> frozenset[str]:
    """All ISO 639-1 codes."""
    return frozenset(item.alpha_2 for item in pycountry.languages if hasattr(item, "alpha_2"))


@functools.cache
def government_codes() -> Mapping[str, str]:
    """ISO 3166-1 alpha-3 -> alpha-2, with XKX -> XK."""
    return {item.alpha_3: item.alpha_2 for item in pycountry.countries} | USER_ASSIGNED_GOVERNMENTS


def is_iso_date(value: Any) -> bool:
    """Whether `value` is a day written as YYYY-MM-DD."""
    if not isinstance(value, str) or len(value) != len("2022-04-03"):
        return False
    try:
        datetime.date.fromisoformat(value)
    except ValueError:
        return False
    return True


def row_problems(value: Any, target_ids: Collection[str]) -> list[str]:
    """Everything that is wrong with a JSON object as a labelled row.

    Args:
        value: The parsed JSON value of one line.
        target_ids: The targets that labels may name.

    Returns:
        One sentence a problem: field, expected, found. Empty for a good row.

    Example:
        >>> row_problems({"id": "a"}, ["annexation_recognition"])[0]
        'field "text" is missing'
    """
    if not isinstance(value, Mapping):
        return [f"expected a JSON object, found {_shown(value)}"]
    problems = [f'field "{name}" is missing' for name in REQUIRED_FIELDS if name not in value]
    for name, expected, accepts in _FIELD_CHECKS:
        if name in value and not accepts(value[name]):
            problems.append(f'field "{name}": expected {expected}, found {_shown(value[name])}')
    if "labels" in value:
        problems += _label_problems(value["labels"], target_ids)
    return problems


def unknown_fields(value: Mapping[str, Any]) -> list[str]:
    """Fields that the format does not have; a reader says that it leaves them out."""
    return [name for name in value if name not in REQUIRED_FIELDS + OPTIONAL_FIELDS]


def _label_problems(labels: Any, target_ids: Collection[str]) -> list[str]:
    if not isinstance(labels, Mapping):
        return [f'field "labels": expected an object {{target: stance or null}}, found {_shown(labels)}']
    problems = []
    for target, stance in labels.items():
        if target not in target_ids:
            valid = ", ".join(target_ids)
            problems.append(f'field "labels": expected targets among {valid}; found {_shown(target)}')
        elif stance is not None and stance not in STANCES:
            valid = ", ".join(STANCES)
            problems.append(f'field "labels.{target}": expected one of {valid} or null; found {_shown(stance)}')
    return problems


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_list_of_text(value: Any) -> bool:
    return isinstance(value, list) and all(_is_text(item) for item in value)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


_FIELD_CHECKS = (
    ("id", "a text that is not empty", _is_text),
    ("text", "a text that is not empty", _is_text),
    ("lang", 'an ISO 639-1 code such as "en"', lambda value: isinstance(value, str) and value in language_codes()),
    ("date", "a day as YYYY-MM-DD, or null", lambda value: value is None or is_iso_date(value)),
    ("source", "a text that is not empty", _is_text),
    ("group", "a text that is not empty", _is_text),
    (
        "government",
        'an ISO 3166-1 alpha-3 code such as "KAZ"',
        lambda value: isinstance(value, str) and value in government_codes(),
    ),
    ("role", "one of " + ", ".join(ROLES), lambda value: value in ROLES),
    ("split", "one of " + ", ".join(SPLITS) + ", or null", lambda value: value is None or value in SPLITS),
    ("genre", "a text, or null", lambda value: value is None or _is_text(value)),
    ("phenomena", "a list of texts, or null", lambda value: value is None or _is_list_of_text(value)),
)
