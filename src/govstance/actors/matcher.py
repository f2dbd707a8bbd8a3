"""Finds where a text names governments.

Words are looked up in dictionaries (whole words, and stems with up to six more letters), so the time
grows with the text and not with the number of patterns. Languages that write no spaces are searched by
substring. Where several patterns match at one place, the longest wins; what it says may be that no government is meant.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import regex

from govstance.actors.gazetteer import NO_GOVERNMENT, Pattern

# Letters with their combining marks and joiners: Python's \w would cut Hindi words at vowel signs.
WORD = regex.compile(r"\p{L}[\p{L}\p{M}\u200c\u200d]*")
ENDING_LETTERS = 6
LANGUAGES_WITHOUT_SPACES = ("zh", "ja", "th", "lo", "km", "my")
# Particles that these languages write together with the next word: and, then, in, for, as, the, from, that.
PREFIXES = {
    "ar": ("", "ال", "و", "ف", "ب", "ل", "ك", "لل", "وال", "بال", "فال", "كال", "ول", "وب", "ولل"),
    "he": ("", "ה", "ו", "ב", "ל", "מ", "כ", "ש", "וה", "וב", "ול", "ומ", "וש", "שב", "של", "שה", "מה"),
}


@dataclass(frozen=True, slots=True)
class Mention:
    """A place in a text that names a government.

    Attributes:
        start, end: Character offsets, end exclusive.
        government: ISO 3166-1 alpha-3 code.
        kind: What names it: "names", "demonyms", "seats" or "leaders".
    """

    start: int
    end: int
    government: str
    kind: str


@dataclass(frozen=True, slots=True)
class _Compiled:
    words: tuple[str, ...]  # case-folded, without `*`
    open_ended: tuple[bool, ...]  # whether a word may go on
    separators: tuple[str, ...]  # what stands between the words, white space collapsed
    pattern: Pattern


class Matcher:
    """Finds the patterns of one language.

    Args:
        patterns: From `gazetteer.load_patterns`.
        lang: ISO 639-1 code.
    """

    def __init__(self, patterns: Sequence[Pattern], lang: str):
        self._prefixes = PREFIXES.get(lang, ("",))
        self._by_word: dict[str, list[_Compiled]] = {}
        self._by_stem: dict[str, list[_Compiled]] = {}
        self._by_substring: dict[str, list[Pattern]] = {}
        self._substring_lengths: dict[str, list[int]] = {}  # first two letters -> lengths of patterns, longest first
        for pattern in patterns:
            if lang in LANGUAGES_WITHOUT_SPACES and not pattern.text.isascii():
                self._by_substring.setdefault(pattern.text, []).append(pattern)
                continue
            compiled = _compile(pattern)
            if compiled.words:
                table = self._by_stem if compiled.open_ended[0] else self._by_word
                table.setdefault(compiled.words[0], []).append(compiled)
        for length, start in sorted({(len(text), text[:2]) for text in self._by_substring}, reverse=True):
            self._substring_lengths.setdefault(start, []).append(length)

    def find(self, text: str, date: str | None = None) -> list[Mention]:
        """All mentions in order of place, none overlapping another.

        Args:
            text: Any text.
            date: ISO day of the text; leaders out of office on it are not found. None: each is, as of the last office.
        """
        found = [*self._find_words(text, date), *self._find_substrings(text, date)]
        found.sort(key=lambda mention: (mention.start, -mention.end))
        kept: list[Mention] = []
        for mention in found:
            if not kept or mention.start >= kept[-1].end:
                kept.append(mention)
        return [mention for mention in kept if mention.government != NO_GOVERNMENT]

    def _find_substrings(self, text: str, date: str | None) -> list[Mention]:
        mentions = []
        position = 0
        while self._substring_lengths and position < len(text):
            step = 1
            for length in self._substring_lengths.get(text[position : position + 2], ()):
                pattern = self._substring_pattern(text[position : position + length], date)
                if pattern:
                    mentions.append(Mention(position, position + length, pattern.government, pattern.kind))
                    step = length
                    break
            position += step
        return mentions

    def _substring_pattern(self, substring: str, date: str | None) -> Pattern | None:
        """What a substring means on a day; no government, where the files say so."""
        meant = [pattern for pattern in self._by_substring.get(substring, ()) if pattern.holds_on(date)]
        return min(meant, key=lambda pattern: pattern.government != NO_GOVERNMENT, default=None)

    def _find_words(self, text: str, date: str | None) -> list[Mention]:
        words = [(match.start(), match.end(), match.group()) for match in WORD.finditer(text)]
        mentions = []
        position = 0
        while position < len(words):
            best = self._best_at(text, words, position, date)
            if best:
                length, start, pattern = best
                end = words[position + length - 1][1]
                mentions.append(Mention(start, end, pattern.government, pattern.kind))
                position += length
            else:
                position += 1
        return mentions

    def _best_at(
        self, text: str, words: list[tuple[int, int, str]], position: int, date: str | None
    ) -> tuple[int, int, Pattern] | None:
        """The longest pattern at one word: (number of words, start, pattern)."""
        start, _, whole = words[position]
        best: tuple[int, int, Pattern] | None = None
        best_key = (0, 0, False)
        for prefix in self._prefixes:
            if not whole.startswith(prefix) or len(whole) <= len(prefix):
                continue
            word = whole[len(prefix) :]
            for compiled in self._candidates(word):
                # Of two alike, the one that says that no government is meant.
                key = (len(compiled.words), len(compiled.words[0]), compiled.pattern.government == NO_GOVERNMENT)
                if key <= best_key or not compiled.pattern.holds_on(date):
                    continue
                if _case_fits(compiled.pattern.text, word) and _rest_fits(compiled, text, words, position):
                    best, best_key = (len(compiled.words), start + len(prefix), compiled.pattern), key
        return best

    def _candidates(self, word: str) -> list[_Compiled]:
        folded = word.casefold()
        candidates = list(self._by_word.get(folded, ()))
        for length in range(max(1, len(folded) - ENDING_LETTERS), len(folded) + 1):
            candidates += self._by_stem.get(folded[:length], ())
        return candidates


@functools.lru_cache(maxsize=100_000)  # leaders come with every language
def _compile(pattern: Pattern) -> _Compiled:
    words: list[str] = []
    open_ended: list[bool] = []
    separators: list[str] = []
    previous_end = 0
    for match in WORD.finditer(pattern.text):
        if words:
            separators.append(_separator(pattern.text[previous_end : match.start()].replace("*", "")))
        words.append(match.group().casefold())
        open_ended.append(pattern.text[match.end() : match.end() + 1] == "*")
        previous_end = match.end()
    return _Compiled(tuple(words), tuple(open_ended), tuple(separators), pattern)


def _separator(between: str) -> str:
    """What stands between two words, white space and typographic apostrophes made alike."""
    return " ".join(between.replace("’", "'").split()) or " "


def _case_fits(pattern: str, word: str) -> bool:
    """Acronyms are written as they stand, names with a capital, what starts in lower case in either way."""
    if pattern.isupper() and len(pattern.rstrip("*")) > 1:
        return word.startswith(pattern.rstrip("*")) or not pattern.isalpha()
    return not pattern[0].isupper() or word[0].isupper()


def _rest_fits(compiled: _Compiled, text: str, words: list[tuple[int, int, str]], position: int) -> bool:
    """Whether the words after the first are there, with the right separators."""
    if position + len(compiled.words) > len(words):
        return False
    for offset in range(1, len(compiled.words)):
        previous, current = words[position + offset - 1], words[position + offset]
        if _separator(text[previous[1] : current[0]]) != compiled.separators[offset - 1]:
            return False
        folded, expected = current[2].casefold(), compiled.words[offset]
        extra = len(folded) - len(expected)
        if not folded.startswith(expected) or extra > (ENDING_LETTERS if compiled.open_ended[offset] else 0):
            return False
    return True
