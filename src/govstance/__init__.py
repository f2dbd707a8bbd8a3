"""govstance: governments' stances on Russia's war against Ukraine, read from text in any language."""

__version__ = "0.1.0"
