"""The stance model that a training starts from: its weights, which of them learn, and what each stance weighs."""

from collections.abc import Sequence

import numpy as np
import torch

from govstance.config import ModelConfig
from govstance.errors import GovstanceError
from govstance.models.backbones import MODEL_TYPES_FOR_PACKED_LAYOUT, Backbone
from govstance.models.encoding import LAYOUTS
from govstance.models.stance_model import StanceConfig, StanceModel
from govstance.training.interpolation import mean_weights


def build_model(backbone: Backbone, config: ModelConfig, target_ids: Sequence[str]) -> StanceModel:
    """A stance model round a pretrained encoder, its head new.

    Raises:
        GovstanceError: The layout is unknown or the encoder does not allow it.
    """
    model_type = backbone.encoder.config.model_type
    if config.layout not in LAYOUTS:
        raise GovstanceError(f"model.layout: expected one of {', '.join(LAYOUTS)}; found {config.layout!r}.")
    if config.layout != "pair" and model_type not in MODEL_TYPES_FOR_PACKED_LAYOUT:
        raise GovstanceError(
            f"model.layout={config.layout} needs absolute positions ({', '.join(MODEL_TYPES_FOR_PACKED_LAYOUT)}); "
            f"{backbone.source} is of type {model_type!r}: set model.layout=pair."
        )
    if config.layout == "branched" and not 0 < config.shared_layers < backbone.encoder.config.num_hidden_layers:
        raise GovstanceError(
            f"model.shared_layers: with model.layout=branched expected a number from 1 to "
            f"{backbone.encoder.config.num_hidden_layers - 1}, so that layers lie below and above the branches; "
            f"found {config.shared_layers}."
        )
    model = StanceModel(
        StanceConfig(
            backbone=backbone.encoder.config.to_diff_dict() | {"model_type": model_type},
            target_ids=list(target_ids),
            layout=config.layout,
            shared_layers=config.shared_layers,
            passage_prefix=config.passage_prefix,
            max_length_tokens=config.max_length_tokens,
            position_offset=backbone.position_offset,
            head_dropout=config.dropout,
            pool_mentions=config.pool_mentions,
        )
    )
    model.encoder.load_state_dict(backbone.encoder.state_dict(), assign=True)  # one copy in memory, not two
    return model


def start_from(model: StanceModel, starts: Sequence[StanceModel]) -> None:
    """Gives a new model the mean weights of trained ones; what only the new one has, such as a marker, stays new.

    Args:
        model: Changed in place.
        starts: One or more.

    Raises:
        GovstanceError: They differ from the new one in the shape of a weight, or have a weight too many; or the trained
            ones have not the same weights.
    """
    mine = model.state_dict()
    for start in starts:
        for name, weight in start.state_dict().items():
            if name not in mine or mine[name].shape != weight.shape:
                found = tuple(mine[name].shape) if name in mine else "no such weight"
                raise GovstanceError(
                    f"model.start_from: its weight {name!r} has shape {tuple(weight.shape)}, the model to be trained "
                    f"has {found}; set the same backbone, targets and model.pool_mentions, or leave start_from out."
                )
    model.load_state_dict(mine | mean_weights(starts))


def freeze(model: StanceModel, n_layers: int, *, train_word_embeddings: bool) -> None:
    """Takes the gradient from the embeddings and the first layers.

    Raises:
        GovstanceError: The encoder has fewer layers, frozen layers under trained embeddings are asked for, or frozen
            layers above the branches.
    """
    if n_layers and train_word_embeddings:
        raise GovstanceError(
            "training.frozen_layers and training.train_word_embeddings exclude each other: what frozen layers compute "
            "is computed once, so what feeds them can't change. Set one of them to 0 or false."
        )
    if not train_word_embeddings:
        model.encoder.get_input_embeddings().requires_grad_(False)
    if n_layers:
        layers = model.lower_layers(n_layers)
        if model.config.layout == "branched" and n_layers > model.config.shared_layers:
            raise GovstanceError(
                f"training.frozen_layers={n_layers}: with model.layout=branched expected at most model.shared_layers="
                f"{model.config.shared_layers}, since what a frozen layer computes is computed once a text."
            )
        model.encoder.embeddings.requires_grad_(False)
        for layer in layers:
            layer.requires_grad_(False)


def set_class_weights(model: StanceModel, counts: Sequence[Sequence[int]], power: float) -> None:
    """Loss weight of a stance: (mean count / its count) ** power, so that rare stances are not drowned."""
    table = np.maximum(np.array(counts, dtype=np.float64), 1.0)
    weights = (table.mean(axis=1, keepdims=True) / table) ** power
    model.class_weights = torch.tensor(weights, dtype=torch.float32)
