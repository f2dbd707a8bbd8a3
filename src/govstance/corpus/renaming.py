"""Gives governments other names in a text: what the name probe and the augmentation of training rows share."""

from collections.abc import Sequence

from govstance.actors.names import government_name


def with_names(text: str, lang: str, places: Sequence[tuple[int, int, str]]) -> str:
    """The text with other governments in some of its places.

    The name stands uninflected, so a language with cases loses some grammar.

    Args:
        text: Any text.
        lang: ISO 639-1 code of the text, in which the names are written.
        places: (start, end, ISO 3166-1 alpha-3 code of the government to name there) in characters, in order, apart
            from each other.
    """
    parts, position = [], 0
    for start, end, government in places:
        parts += [text[position:start], government_name(government, lang)]
        position = end
    return "".join([*parts, text[position:]])
