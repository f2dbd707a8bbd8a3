"""Which language a text is in, when nobody says."""

import functools

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from govstance.schema import language_codes


@functools.cache
def _identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def detect_language(text: str) -> str:
    """The most probable ISO 639-1 code of a text.

    Source: Lui and Baldwin 2012, langid.py, as kept up by py3langid.
    """
    code = str(_identifier().classify(text)[0])
    return code if code in language_codes() else "en"
