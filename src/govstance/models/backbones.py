"""Where pretrained encoders come from: the embedded file, a local folder or a model hub.

No silent fallback: what can't be loaded is an error that names the backbone that needs no network.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import AutoConfig, AutoModel, AutoTokenizer, PretrainedConfig, PreTrainedModel

from govstance.errors import BackboneUnavailableError
from govstance.models.e5_embedded import cached_checkpoint

EMBEDDED = "embedded:multilingual-e5-small"
# XLM-R and RoBERTa keep positions 0 and 1 for padding, as fairseq did.
MODEL_TYPES_WITH_POSITION_OFFSET = ("xlm-roberta", "roberta")
MODEL_TYPES_FOR_PACKED_LAYOUT = ("bert", "xlm-roberta", "roberta")


@dataclass(frozen=True)
class Backbone:
    """A pretrained encoder with its tokenizer.

    Attributes:
        encoder: Without a head.
        tokenizer: Its `transformers` tokenizer.
        source: Folder or hub id it was loaded from.
    """

    encoder: PreTrainedModel
    tokenizer: Any
    source: str

    @property
    def position_offset(self) -> int:
        """Position id of a first token."""
        return 2 if self.encoder.config.model_type in MODEL_TYPES_WITH_POSITION_OFFSET else 0


def default_cache_folder() -> Path:
    """Where converted backbones lie: $GOVSTANCE_CACHE, else govstance/ in the user's cache folder."""
    configured = os.environ.get("GOVSTANCE_CACHE")
    if configured:
        return Path(configured)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "govstance"


def load_backbone(
    name: str, *, revision: str | None = None, cache_folder: Path | None = None, dropout: float | None = None
) -> Backbone:
    """Loads an encoder.

    Args:
        name: `embedded:multilingual-e5-small`, a folder, or a hub id.
        revision: Commit of the hub repository; None for folders.
        cache_folder: For the converted embedded backbone; None: `default_cache_folder()`.
        dropout: Hidden dropout while training; None keeps the checkpoint's. Attention dropout is set to 0,
            since it forces the slow attention path on a CPU.

    Raises:
        BackboneUnavailableError: It is not there, and how to go on.
    """
    if name == EMBEDDED:
        source = str(cached_checkpoint(cache_folder or default_cache_folder()))
        revision = None
    else:
        source = name
    try:
        config = AutoConfig.from_pretrained(source, revision=revision)
        _set_dropout(config, dropout)
        kwargs = {"add_pooling_layer": False} if config.model_type in MODEL_TYPES_FOR_PACKED_LAYOUT else {}
        encoder = AutoModel.from_pretrained(source, config=config, revision=revision, **kwargs)
        tokenizer = AutoTokenizer.from_pretrained(source, revision=revision)
    except (OSError, ValueError) as error:
        if name == EMBEDDED:
            raise BackboneUnavailableError(
                f"the cached checkpoint {source} can't be read ({error}). Delete that folder; it is made anew."
            ) from error
        raise BackboneUnavailableError(_unavailable_message(name, revision, error)) from error
    return Backbone(encoder, tokenizer, source)


def _set_dropout(config: PretrainedConfig, dropout: float | None) -> None:
    if dropout is not None and hasattr(config, "hidden_dropout_prob"):
        config.hidden_dropout_prob = dropout
    if hasattr(config, "attention_probs_dropout_prob"):
        config.attention_probs_dropout_prob = 0.0


def _unavailable_message(name: str, revision: str | None, error: Exception) -> str:
    at = f" at revision {revision}" if revision else ""
    first_line = str(error).splitlines()[0] if str(error) else type(error).__name__
    return (
        f"the backbone {name!r}{at} can't be loaded: no model hub in reach, or no such model ({first_line}). "
        "Use model=e5_small_embedded, which needs no network, or set model.backbone to a local folder that holds "
        "the checkpoint (config.json, model.safetensors and the tokenizer's files)."
    )
