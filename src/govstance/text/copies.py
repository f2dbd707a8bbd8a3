"""Which texts are copies of one another: the same words, or nearly.

A text is known by a sketch of a few hundred characters, which can be kept where the text is not. Two texts are alike by
what they hold in common and by nothing else, so the answer hangs neither on their order nor on what other texts there
are. Copies of a copy are copies.
"""

import hashlib
from base64 import b64decode, b64encode
from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import regex

# Scripts without spaces between words: each sign is a word.
WORD = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]|[\p{L}\p{M}\p{N}]+")
WORDS_TOGETHER = 5
# One word changed of a hundred leaves 0.90; a text that another quotes a third of has 0.33.
LEAST_SHARED = 0.8
# In a shorter text one word may turn its meaning: it is a copy only of the same words.
SHORTEST_TO_COMPARE = 40
# Hashes in a sketch: with 64 the share that two long texts have in common is known to 0.05 (standard error at 0.8).
KEPT = 64
# Of a sketch's smallest hashes two copies share at least one, but for a chance of less than 1 in 100,000.
LOOKED_UP = 8
HASH = np.dtype(">u4")
Sketch = str


def sketch(text: str) -> Sketch:
    """What a text is recognised by: the smallest hashes of its runs of five words, or one hash of a short text.

    Case, spacing and punctuation count for nothing.

    Source:
        Broder 1997, On the resemblance and containment of documents.
    """
    words = WORD.findall(text.casefold())
    if len(words) < SHORTEST_TO_COMPARE:
        return b64encode(hashlib.blake2b(" ".join(words).encode(), digest_size=9).digest()).decode()
    runs = (" ".join(words[start : start + WORDS_TOGETHER]) for start in range(len(words) - WORDS_TOGETHER + 1))
    hashes = sorted({hashlib.blake2b(run.encode(), digest_size=HASH.itemsize).digest() for run in runs})
    return b64encode(b"".join(hashes[:KEPT])).decode()


def copy_groups(sketches: Iterable[Sketch]) -> dict[Sketch, int]:
    """A number for each text, the same for all copies of a text.

    Two texts are nearly the same if of the runs of five words that either has, four in five are in both, as their
    sketches have it.

    Args:
        sketches: Of `sketch`, in any order; the same one any number of times.

    Returns:
        Sketch -> number of its group.

    Example:
        >>> texts = ["No new sanctions.", "No  new sanctions", "New sanctions."]
        >>> groups = copy_groups(map(sketch, texts))
        >>> groups[sketch(texts[0])] == groups[sketch(texts[1])] != groups[sketch(texts[2])]
        True
    """
    ordered = sorted(set(sketches))
    hashes = {index: np.frombuffer(b64decode(item), dtype=HASH) for index, item in enumerate(ordered) if _is_long(item)}
    first = list(range(len(ordered)))

    def root(index: int) -> int:
        while first[index] != index:
            index = first[index]
        return index

    seen: dict[int, list[int]] = defaultdict(list)
    for index, item in hashes.items():
        smallest = item[:LOOKED_UP].tolist()
        for other in sorted({other for value in smallest for other in seen[value]}):
            one, two = root(index), root(other)
            if one != two and _resemblance(item, hashes[other]) >= LEAST_SHARED:
                first[max(one, two)] = min(one, two)
        for value in smallest:
            seen[value].append(index)
    return {item: root(index) for index, item in enumerate(ordered)}


def _is_long(item: Sketch) -> bool:
    return len(item) > 12  # 9 bytes in base64


def _resemblance(one: np.ndarray, two: np.ndarray) -> float:
    """Share of the smallest hashes of both that each has."""
    together = np.union1d(one, two)[:KEPT]
    return float(np.mean(np.isin(together, one) & np.isin(together, two)))
