"""Adapter: composed texts with compact labels -> labelled rows.

One composed text a line: {"text", "lang", "date", "genre", "stances", "speaker", "phenomena", "second"}.
`stances` maps a government to one letter per target (f favor, a against, n neutral, - none); `second` holds
the letters of an independent second annotator and goes to a file of its own, for the agreement figures.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from govstance.corpus.splits import stratified_splits
from govstance.errors import BadRowsError
from govstance.files import numbered_json_lines
from govstance.schema import Row, government_codes
from govstance.targets import Target

LETTERS = {"f": "favor", "a": "against", "n": "neutral", "-": "none"}
NO_STANCE = "---"
SOURCE = "govstance-composed"


@dataclass(frozen=True)
class ComposedText:
    """One composed text, checked."""

    text: str
    lang: str
    date: str | None
    genre: str
    stances: Mapping[str, str]
    second: Mapping[str, str]
    speaker: str | None
    phenomena: tuple[str, ...]

    @property
    def group(self) -> str:
        """Stable name of the text: its language and the first 12 hexadecimal digits of its SHA-256."""
        return f"{self.lang}-{hashlib.sha256(self.text.encode()).hexdigest()[:12]}"


def read_composed(paths: Sequence[Path], n_targets: int) -> list[ComposedText]:
    """Reads composed texts.

    Raises:
        BadRowsError: A line lacks a field, or its letters are not one of `fan-` per target.
    """
    texts = []
    for path in paths:
        problems = []
        with path.open("rb") as stream:
            for number, value, parse_problem in numbered_json_lines(stream):
                found = [parse_problem] if parse_problem else list(_problems(value, n_targets))
                problems += [f"{number}: {problem}" for problem in found]
                if not found:
                    texts.append(_composed_text(value))
        if problems:
            raise BadRowsError(str(path), problems)
    return texts


def _problems(value: Any, n_targets: int) -> Iterator[str]:
    required = ("text", "lang", "date", "genre", "stances", "speaker", "phenomena")
    missing = [name for name in required if not isinstance(value, dict) or name not in value]
    if missing:
        yield f"fields {', '.join(missing)} are missing"
        return
    for name in ("stances", "second"):
        for government, letters in value.get(name, {}).items():
            if government not in government_codes():
                yield f'field "{name}": expected ISO 3166-1 alpha-3 codes, found {government!r}'
            if len(letters) != n_targets or set(letters) - set(LETTERS):
                yield f'field "{name}.{government}": expected {n_targets} letters of f, a, n, -; found {letters!r}'


def _composed_text(value: Mapping[str, Any]) -> ComposedText:
    return ComposedText(
        text=value["text"],
        lang=value["lang"],
        date=value["date"],
        genre=value["genre"],
        stances=value["stances"],
        second=value.get("second", {}),
        speaker=value["speaker"],
        phenomena=tuple(value["phenomena"]),
    )


def to_rows(texts: Sequence[ComposedText], targets: Sequence[Target]) -> list[Row]:
    """One row for each (text, government) that the first annotator listed.

    A government that only the second annotator listed, and listed without any stance, is a row too: both
    say that it holds none.

    Args:
        texts: Composed texts.
        targets: In the order of the letters; one is not annotated (None) for the governments it is not asked of.
    """
    strata: dict[str, list[str]] = {}
    for text in texts:
        strata.setdefault(text.lang, []).append(text.group)
    splits = stratified_splits(strata)
    rows = []
    for text in texts:
        agreed_silent = {
            government: NO_STANCE
            for government, letters in text.second.items()
            if government not in text.stances and letters == NO_STANCE
        }
        for government, letters in {**text.stances, **agreed_silent}.items():
            rows.append(
                Row(
                    id=f"{text.group}:{government}",
                    text=text.text,
                    lang=text.lang,
                    date=text.date,
                    source=SOURCE,
                    group=text.group,
                    government=government,
                    role="speaker" if text.speaker == government else "mentioned",
                    labels=_labels(government, letters, targets),
                    split=splits[text.group],
                    genre=text.genre,
                    phenomena=text.phenomena,
                )
            )
    return rows


def second_labels(texts: Sequence[ComposedText], targets: Sequence[Target]) -> list[dict[str, Any]]:
    """The second annotator's labels, one object a (text, government): {"id", "labels"}, ids as in the rows."""
    return [
        {"id": f"{text.group}:{government}", "labels": _labels(government, letters, targets)}
        for text in texts
        for government, letters in text.second.items()
    ]


def _labels(government: str, letters: str, targets: Sequence[Target]) -> dict[str, str | None]:
    return {
        target.id: None if government in target.not_asked_of else LETTERS[letter]
        for target, letter in zip(targets, letters, strict=True)
    }
