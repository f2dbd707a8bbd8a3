"""Finds where a text of any language names governments: one matcher a language, made when first needed."""

from pathlib import Path

from govstance.actors.gazetteer import LEADERS_FILE, STATES_FILE, load_patterns
from govstance.actors.matcher import Matcher, Mention


class MentionFinder:
    """Finds mentions of governments.

    Args:
        folder: data/actors.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._matchers: dict[str, Matcher] = {}

    @property
    def languages(self) -> tuple[str, ...]:
        """Those with a file of their own, ISO 639-1; in others only the names that CLDR has, and leaders, are known."""
        names = {path.name for path in self._folder.glob("*.yaml")} - {LEADERS_FILE, STATES_FILE}
        return tuple(sorted(name.removesuffix(".yaml") for name in names))

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
