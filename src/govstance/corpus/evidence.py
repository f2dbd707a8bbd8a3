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

from govstance.errors import BadRowsError
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
        BadRowsError: A line is not of the form above, or a text comes twice.
    """
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
    flat = [place for sentence in value["sentences"] for place in sentence]
    if any(len(sentence) != 2 for sentence in value["sentences"]) or flat != sorted(flat):
        return 'field "sentences": expected [start, end] of each, one after the other'
    for government, of_government in value["evidence"].items():
        for target, sentences in of_government.items():
            place = f'field "evidence", {government}, {target}'
            if target not in target_ids:
                return f"{place}: expected one of the targets {', '.join(target_ids)}"
            if wrong := [index for index in sentences if index not in range(len(value["sentences"]))]:
                return f"{place}: expected indices from 0 to {len(value['sentences']) - 1}; found {wrong[0]!r}"
    return None
