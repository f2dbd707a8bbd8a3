"""Which sentences of a text a label rests on: marks that know their text by its SHA-256 and do not hold it.

A file has one JSON object a line: {"sha256": of the text, "sentences": [[start, end], ...] in characters, "evidence":
{government: {target id: [index of a sentence, ...]}}}. Marked are the labels that state a position; without the
sentences listed for one of them the text would be labelled `none` there. An empty list: it rests on nothing.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from govstance.errors import BadRowsError, GovstanceError
from govstance.files import numbered_json_lines
from govstance.text.sentences import Span

SHA256 = re.compile(r"[0-9a-f]{64}")

# (government, target id)
Asked = tuple[str, str]


@dataclass(frozen=True)
class MarkedText:
    """A text's sentences, and those that each stance rests on.

    Attributes:
        sentences: In order, as the text was cut up when it was marked.
        evidence: (government, target id) -> indices of sentences; only of labels that state a position.
    """

    sentences: Sequence[Span]
    evidence: Mapping[Asked, frozenset[int]]


def read_evidence(path: Path, target_ids: Sequence[str]) -> dict[str, MarkedText]:
    """Reads marks; by the SHA-256 of their text.

    Args:
        path: JSON Lines.
        target_ids: The targets that may be marked.

    Raises:
        GovstanceError: There is no such file.
        BadRowsError: A line is not of the form above, or a text comes twice.
    """
    if not path.is_file():
        raise GovstanceError(f"{path}: expected a JSON Lines file of marked sentences, found no such file.")
    marked: dict[str, MarkedText] = {}
    problems: list[str] = []
    with path.open("rb") as stream:
        for number, value, parse_problem in numbered_json_lines(stream):
            problem = parse_problem or _problem(value, target_ids)
            if problem is None and value["sha256"] in marked:
                problem = f"expected a text once, found {value['sha256']} again"
            if problem is not None:
                problems.append(f"{number}: {problem}")
                continue
            marked[value["sha256"]] = MarkedText(
                [Span(start, end) for start, end in value["sentences"]],
                {
                    (government, target): frozenset(sentences)
                    for government, of_government in value["evidence"].items()
                    for target, sentences in of_government.items()
                },
            )
    if problems:
        raise BadRowsError(str(path), problems)
    return marked


def sha256_of_text(text: str) -> str:
    """What a text is known by."""
    return hashlib.sha256(text.encode()).hexdigest()


def _problem(value: Any, target_ids: Sequence[str]) -> str | None:
    if not isinstance(value, dict) or set(value) != {"sha256", "sentences", "evidence"}:
        return 'expected an object with "sha256", "sentences" and "evidence"'
    if not isinstance(value["sha256"], str) or not SHA256.fullmatch(value["sha256"]):
        return f'field "sha256": expected 64 hexadecimal digits; found {value["sha256"]!r}'
    if not _are_spans(value["sentences"]):
        return 'field "sentences": expected [start, end] of each, one after the other'
    if not isinstance(value["evidence"], dict) or not all(isinstance(of, dict) for of in value["evidence"].values()):
        return 'field "evidence": expected {government: {target id: [index, ...]}}'
    for government, of_government in value["evidence"].items():
        for target, sentences in of_government.items():
            place = f'field "evidence", {government}, {target}'
            if target not in target_ids:
                return f"{place}: expected one of the targets {', '.join(target_ids)}"
            indices = range(len(value["sentences"]))
            if not isinstance(sentences, list) or any(index not in indices for index in sentences):
                return f"{place}: expected a list of indices from 0 to {indices.stop - 1}; found {sentences!r}"
    return None


def _are_spans(value: Any) -> bool:
    """Whether it is a list of [start, end], each not before the last."""
    if not isinstance(value, list) or not all(isinstance(span, list) and len(span) == 2 for span in value):
        return False
    flat = [place for span in value for place in span]
    return all(isinstance(place, int) for place in flat) and flat == sorted(flat)
