"""govstance: governments' stances on Russia's war against Ukraine, read from text in any language."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from govstance.classifier import DocumentAnswers as DocumentAnswers
    from govstance.classifier import StanceClassifier as StanceClassifier

__version__ = "0.1.0"
__all__ = ["DocumentAnswers", "StanceClassifier", "__version__"]


def __getattr__(name: str) -> Any:
    """The public names, loaded when first asked for: whoever imports a module of the package pays for that one only."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import govstance.classifier

    return getattr(govstance.classifier, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
