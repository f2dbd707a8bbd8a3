"""Finds where a text of any language names governments: one matcher a language, made when first needed."""

from pathlib import Path

from govstance.actors.gazetteer import load_patterns
from govstance.actors.matcher import Matcher, Mention


class MentionFinder:
    """Finds mentions of governments.

    Args:
        folder: data/actors.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._matchers: dict[str, Matcher] = {}

    def find(self, text: str, lang: str, date: str | None) -> list[Mention]:
        """Mentions in order of place, none overlapping another.

        Args:
            text: Any text.
            lang: ISO 639-1 code of the text.
            date: ISO day of the text, or None when unknown.
        """
        if lang not in self._matchers:
            self._matchers[lang] = Matcher(load_patterns(self._folder, lang), lang)
        return self._matchers[lang].find(text, date)
