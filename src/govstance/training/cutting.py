"""Training passages without the sentences that a stance rests on, or with nothing but them.

Without them a passage touches the topic and takes no position: such pairs differ in little but the stance (Kaushik,
Hovy and Lipton 2020, arXiv:1909.12434). They alone are a short statement, with nothing else to go by. Owns two
augmentations. Never used on rows that are chosen by or scored.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from govstance.actors.finder import MentionFinder
from govstance.corpus.evidence import MarkedText, sha256_of_text
from govstance.errors import GovstanceError
from govstance.schema import Row
from govstance.text.sentences import Span

Part = Literal["cut", "kept"]


def partial_passages(
    passages: Sequence[Sequence[Row]],
    marks: Mapping[str, MarkedText],
    finder: MentionFinder,
    generator: np.random.Generator,
    *,
    share: float,
    part: Part,
) -> list[list[Row]]:
    """Of a share of the passages whose text is marked, a copy of a part, by what one of its stances rests on.

    Args:
        passages: Rows of one text each.
        marks: By the SHA-256 of the text.
        finder: Of mentions.
        generator: Of the draws: which passages, and of each which stance.
        share: Between 0 and 1.
        part: "cut": the copy lacks what the stance rests on; "kept": it holds nothing else.

    Returns:
        Fewer than asked for where the part is nothing or all of the passage, or names no government.

    Raises:
        GovstanceError: A share is asked for and not one passage is marked.
    """
    if not share:
        return []
    marked = [(passage, marks[sha]) for passage in passages if (sha := sha256_of_text(passage[0].text)) in marks]
    if not marked:
        raise GovstanceError(
            f"training.{part}_texts={share:g}: expected texts whose sentences are marked in corpus.evidence; none of "
            f"the {len(passages)} training texts is. Set training.{part}_texts=0 for rows of your own."
        )
    parts = []
    for number in generator.permutation(len(marked))[: round(share * len(marked))]:
        passage, of_text = marked[int(number)]
        stances = sorted(key for key, sentences in of_text.evidence.items() if sentences)
        if stances:
            evidence = of_text.evidence[stances[int(generator.integers(len(stances)))]]
            gone = evidence if part == "cut" else frozenset(range(len(of_text.sentences))) - evidence
            if gone:
                parts.append(cut_passage(passage, of_text, gone, finder))
    return [passage for passage in parts if passage]


def cut_passage(passage: Sequence[Row], marked: MarkedText, gone: Collection[int], finder: MentionFinder) -> list[Row]:
    """The passage without some of its sentences.

    A label keeps its stance where no sentence that it rests on is gone, is `none` where all are, and is not annotated
    where some are, or where nobody knows what it rests on. A government that is not named any more has no row.

    Args:
        passage: Rows of one text.
        marked: Its sentences.
        gone: Indices of the sentences to leave out.
        finder: Of mentions.
    """
    first = passage[0]
    text = _without(first.text, marked.sentences, gone)
    named = {mention.government for mention in finder.find(text, first.lang, first.date)}
    return [
        replace(
            row,
            id=f"{row.id}-{'-'.join(map(str, sorted(gone)))}",
            text=text,
            labels={
                target: _label_left(stance, marked.evidence.get((row.government, target)), gone)
                for target, stance in row.labels.items()
            },
        )
        for row in passage
        if text and (row.role == "speaker" or row.government in named)
    ]


def _label_left(stance: str | None, evidence: Collection[int] | None, gone: Collection[int]) -> str | None:
    if stance is None or stance == "none":
        return stance
    left = set(evidence or ()) - set(gone)
    if not evidence or (left and len(left) < len(evidence)):
        return None
    return stance if left else "none"


def _without(text: str, sentences: Sequence[Span], gone: Collection[int]) -> str:
    """The sentences that stay, with what stood between two of them that were neighbours, else one space."""
    pieces: list[str] = []
    last = None
    for index, span in enumerate(sentences):
        if index in gone:
            continue
        if last is not None:
            pieces.append(text[sentences[last].end : span.start] if last == index - 1 else " ")
        pieces.append(text[span.start : span.end])
        last = index
    return "".join(pieces)
