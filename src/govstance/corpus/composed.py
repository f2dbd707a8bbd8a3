"""Adapter: composed texts with compact labels -> labelled rows.

One composed text a line: {"text", "lang", "date", "genre", "stances", "speaker", "phenomena"} and, where known,
"second", "final", "split", "source". `stances` maps a government to one letter a target (f favor, a against, n neutral,
- none); `second` holds the letters of an independent second annotator, `final` what adjudication left. Both annotators'
labels go to a file of their own, for the agreement figures; a text without a frozen split is dealt one.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from govstance.corpus.splits import stratified_splits
from govstance.errors import BadRowsError, GovstanceError
from govstance.files import numbered_json_lines
from govstance.schema import SPLITS, Row, government_codes
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
    final: Mapping[str, str] | None
    split: str | None
    source: str
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
    if value.get("split") not in (None, *SPLITS):
        yield f'field "split": expected one of {", ".join(SPLITS)}; found {value["split"]!r}'
    for name in ("stances", "second", "final"):
        for government, letters in (value.get(name) or {}).items():
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
        second=value.get("second") or {},
        final=value.get("final"),
        split=value.get("split"),
        source=value.get("source", SOURCE),
        speaker=value["speaker"],
        phenomena=tuple(value["phenomena"]),
    )


def to_rows(texts: Sequence[ComposedText], targets: Sequence[Target]) -> list[Row]:
    """One row for each (text, government): as adjudicated, else as the first annotator listed them.

    Without adjudication a government that only the second annotator listed, and listed without any stance, is a row
    too: both say that it holds none.

    Args:
        texts: Composed texts.
        targets: In the order of the letters; one is not annotated (None) for the governments it is not asked of.

    Raises:
        GovstanceError: A text occurs twice.
    """
    twice = [group for group, count in Counter(text.group for text in texts).items() if count > 1]
    if twice:
        raise GovstanceError(
            f"{len(twice)} texts occur twice, the first in group {twice[0]!r}: expected each text once."
        )
    strata: dict[str, list[str]] = {}
    for text in texts:
        if text.split is None:
            strata.setdefault(_stratum(text), []).append(text.group)
    splits = stratified_splits(strata) | {text.group: text.split for text in texts if text.split is not None}
    return [
        Row(
            id=f"{text.group}:{government}",
            text=text.text,
            lang=text.lang,
            date=text.date,
            source=text.source,
            group=text.group,
            government=government,
            role="speaker" if text.speaker == government else "mentioned",
            labels=_labels(government, letters, targets),
            split=splits[text.group],
            genre=text.genre,
            phenomena=text.phenomena,
        )
        for text in texts
        for government, letters in _final_letters(text).items()
    ]


def annotation_records(texts: Sequence[ComposedText], targets: Sequence[Target]) -> list[dict[str, Any]]:
    """Both annotators' labels of every (text, government) that each of them listed: {"id", "lang", "first", "second"}.

    Ids are those of the rows. A text that nobody labelled twice has no record.
    """
    return [
        {
            "id": f"{text.group}:{government}",
            "lang": text.lang,
            "first": _labels(government, text.stances[government], targets),
            "second": _labels(government, text.second[government], targets),
        }
        for text in texts
        for government in text.stances
        if government in text.second
    ]


def _final_letters(text: ComposedText) -> Mapping[str, str]:
    if text.final is not None:
        return text.final
    agreed_silent = {
        government: NO_STANCE
        for government, letters in text.second.items()
        if government not in text.stances and letters == NO_STANCE
    }
    return {**text.stances, **agreed_silent}


def _stratum(text: ComposedText) -> str:
    """The language with the rarest letter of the text: neutral before against before favor before none."""
    letters = "".join(_final_letters(text).values())
    return text.lang + next((letter for letter in "naf" if letter in letters), "-")


def _labels(government: str, letters: str, targets: Sequence[Target]) -> dict[str, str | None]:
    return {
        target.id: None if government in target.not_asked_of else LETTERS[letter]
        for target, letter in zip(targets, letters, strict=True)
    }
