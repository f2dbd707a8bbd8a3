"""A government's name in a language, from the CLDR data that Babel carries."""

import functools

from babel import Locale, UnknownLocaleError

from govstance.schema import government_codes

FALLBACK_LANGUAGE = "en"


@functools.lru_cache(maxsize=512)
def territory_names(lang: str) -> dict[str, str]:
    """CLDR's names of all governments in one language: ISO 3166-1 alpha-3 -> name.

    A language that CLDR does not know gives no names.

    Args:
        lang: ISO 639-1 code.
    """
    try:
        territories = Locale.parse(lang).territories
    except (UnknownLocaleError, ValueError):
        return {}
    return {code: territories[alpha_2] for code, alpha_2 in government_codes().items() if alpha_2 in territories}


def government_name(government: str, lang: str = FALLBACK_LANGUAGE) -> str:
    """The name of a government in a language, else in English, else its code.

    Args:
        government: ISO 3166-1 alpha-3 code.
        lang: ISO 639-1 code.

    Example:
        >>> government_name("KAZ", "de")
        'Kasachstan'
    """
    for candidate in (lang, FALLBACK_LANGUAGE):
        name = territory_names(candidate).get(government)
        if name:
            return name
    return government
