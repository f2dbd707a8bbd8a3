"""Sentences of a text and passages of a few sentences, both with their character offsets."""

from collections.abc import Sequence
from dataclasses import dataclass

import sentencex


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a document: `document[start:end]` is its text.

    Attributes:
        start, end: Character offsets into the document, end exclusive.
    """

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Passage:
    """What the model reads at once: a run of sentences.

    Attributes:
        span: From the first character of the first sentence to the last of the last.
        sentences: Indices of its sentences in the document, first and last plus one.
    """

    span: Span
    sentences: range


def split_sentences(text: str, lang: str) -> list[Span]:
    """Sentences in order, without the white space round them.

    Args:
        text: A document.
        lang: ISO 639-1 code; languages without rules of their own are split by the general ones.

    Example:
        >>> [(span.start, span.end) for span in split_sentences("One. Two.", "en")]
        [(0, 4), (5, 9)]
    """
    spans = []
    position = 0
    for piece in sentencex.segment(lang, text):
        start = text.index(piece, position)  # the splitter drops nothing, but promises no offsets
        position = start + len(piece)
        stripped_start = start + len(piece) - len(piece.lstrip())
        stripped_end = start + len(piece.rstrip())
        if stripped_start < stripped_end:
            spans.append(Span(stripped_start, stripped_end))
    return spans


def split_passages(
    sentences: Sequence[Span], *, sentences_per_passage: int, stride: int, max_characters: int
) -> list[Passage]:
    """Overlapping runs of sentences that together cover all of them.

    Args:
        sentences: From `split_sentences`.
        sentences_per_passage: At most this many in a passage.
        stride: Sentences between the starts of two passages; at most `sentences_per_passage`.
        max_characters: A passage ends before it grows longer, unless a single sentence does.

    Returns:
        Passages in order; none lies within another.
    """
    passages: list[Passage] = []
    first = 0
    while first < len(sentences):
        last = first + 1
        limit = sentences[first].start + max_characters
        while last < len(sentences) and last - first < sentences_per_passage and sentences[last].end <= limit:
            last += 1
        if not passages or last > passages[-1].sentences.stop:
            span = Span(sentences[first].start, sentences[last - 1].end)
            passages.append(Passage(span, range(first, last)))
        if last == len(sentences):
            break
        first = min(first + stride, last)
    return passages
