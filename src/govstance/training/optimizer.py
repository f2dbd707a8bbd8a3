"""The optimiser of a training: which weights learn how fast."""

import torch

from govstance.config import TrainingConfig
from govstance.models.stance_model import StanceModel


def optimizer_for(model: StanceModel, training: TrainingConfig) -> torch.optim.Optimizer:
    """AdamW; the new head learns faster than the pretrained encoder, biases and norms don't decay.

    With `training.layer_decay` below 1 a layer learns the slower the nearer it is to the input, the embeddings slowest.

    Source:
        Howard and Ruder 2018, arXiv:1801.06146 (discriminative fine-tuning).
    """
    # The embeddings may keep a gradient with no layers of BERT's kind above them; then the encoder is one layer.
    layers = getattr(getattr(model.encoder, "encoder", None), "layer", None) or [model.encoder]
    depth = {id(weight): number for number, layer in enumerate(layers, start=1) for weight in layer.parameters()}
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    for weight in model.encoder.parameters():
        if weight.requires_grad:
            rate = training.learning_rate * training.layer_decay ** (len(layers) - depth.get(id(weight), 0))
            decay = training.weight_decay if weight.dim() > 1 else 0.0
            groups.setdefault((rate, decay), []).append(weight)
    settings = [{"params": weights, "lr": rate, "weight_decay": decay} for (rate, decay), weights in groups.items()]
    new = [*model.head.parameters(), *([model.marker] if hasattr(model, "marker") else [])]
    head = {"params": new, "lr": training.head_learning_rate, "weight_decay": 0.0}
    return torch.optim.AdamW([*settings, head], fused=True)
