"""Which texts are copies of one another: the same words, or nearly.

Two texts are alike by what they hold in common and by nothing else, so the answer hangs neither on their order nor on
what other texts there are. Copies of a copy are copies.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable

import regex

# Scripts without spaces between words: each sign is a word.
WORD = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]|[\p{L}\p{M}\p{N}]+")
WORDS_TOGETHER = 5
# One word changed of a hundred leaves 0.90; a text that another quotes a third of has 0.33.
LEAST_SHARED = 0.8
# In a shorter text one word may turn its meaning: it is a copy only of the same words.
SHORTEST_TO_COMPARE = 40


def copy_groups(texts: Iterable[str]) -> dict[str, int]:
    """A number for each text, the same for all copies of a text.

    Two texts are nearly the same if of the runs of five words that either has, four in five are in both (Broder 1997,
    On the resemblance and containment of documents). Case, spacing and punctuation count for nothing.

    Args:
        texts: In any order; the same one any number of times.

    Returns:
        Text -> number of its group.

    Example:
        >>> groups = copy_groups(["No new sanctions.", "No  new sanctions", "New sanctions."])
        >>> [groups[text] for text in ("No new sanctions.", "No  new sanctions", "New sanctions.")]
        [1, 1, 0]
    """
    of_words: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for text in sorted(set(texts)):
        of_words[tuple(WORD.findall(text.casefold()))].append(text)
    words = sorted(of_words)
    first = _joined(words)
    numbers = {start: number for number, start in enumerate(sorted(set(first)))}
    return {text: numbers[first[index]] for index, key in enumerate(words) for text in of_words[key]}


def _joined(words: list[tuple[str, ...]]) -> list[int]:
    """For each text the position of the first one of its group."""
    runs = {index: _runs(item) for index, item in enumerate(words) if len(item) >= SHORTEST_TO_COMPARE}
    frequency = Counter(run for item in runs.values() for run in item)
    first = list(range(len(words)))

    def root(index: int) -> int:
        while first[index] != index:
            index = first[index]
        return index

    # Two sets that share so much share one of the rarest few of each: only those are looked up (prefix filtering,
    # Chaudhuri, Ganti and Kaushik 2006).
    seen: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for index, item in runs.items():
        n_looked_up = int((1 - LEAST_SHARED) * len(item)) + 2  # one more than it takes, against rounding
        rarest = sorted(item, key=lambda run: (frequency[run], run))[:n_looked_up]
        for other in sorted({other for run in rarest for other in seen[run]}):
            one, two = root(index), root(other)
            if one != two and _resemblance(item, runs[other]) >= LEAST_SHARED:
                first[max(one, two)] = min(one, two)
        for run in rarest:
            seen[run].append(index)
    return [root(index) for index in range(len(words))]


def _runs(words: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    return frozenset(words[start : start + WORDS_TOGETHER] for start in range(len(words) - WORDS_TOGETHER + 1))


def _resemblance(one: frozenset[tuple[str, ...]], two: frozenset[tuple[str, ...]]) -> float:
    common = len(one & two)
    return common / (len(one) + len(two) - common)
