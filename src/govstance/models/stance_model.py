"""The stance model: a pretrained encoder, one pooled state a pair, one linear head for all targets.

An ordinary `transformers` model: `save_pretrained` writes safetensors, and once this module is imported
`AutoModel.from_pretrained(folder)` gives it back. What the tensors mean is `encoding`'s business.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import AutoConfig, AutoModel, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import ModelOutput

from govstance.errors import GovstanceError
from govstance.models.encoding import IGNORED_LABEL
from govstance.schema import STANCES


class StanceConfig(PretrainedConfig):
    """Configuration of `StanceModel`.

    Args:
        backbone: The encoder's own configuration as a mapping with "model_type".
        target_ids: Targets in the order of the heads.
        shared_layers: In the branched layout the layers before the branches.
        layout, passage_prefix, max_length_tokens, position_offset: See `encoding.Encoder`.
        head_dropout: Dropout on the pooled state.
        pool_mentions: Whether the mean state of the government's mentions joins the pooled state.
    """

    model_type = "govstance"

    def __init__(
        self,
        backbone: dict[str, Any] | None = None,
        target_ids: list[str] | None = None,
        layout: str = "packed",
        shared_layers: int = 0,
        passage_prefix: str = "",
        max_length_tokens: int = 256,
        position_offset: int = 0,
        head_dropout: float = 0.1,
        pool_mentions: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.backbone = backbone or {}
        self.target_ids = target_ids or []
        self.layout = layout
        self.shared_layers = shared_layers
        self.passage_prefix = passage_prefix
        self.max_length_tokens = max_length_tokens
        self.position_offset = position_offset
        self.head_dropout = head_dropout
        self.pool_mentions = pool_mentions
        self.stances = list(STANCES)


@dataclass
class StanceOutput(ModelOutput):
    """What a forward pass returns.

    Attributes:
        loss: Mean over targets of the class-weighted cross-entropy, when labels were given.
        logits: (n_pairs, n_targets, n_stances).
    """

    loss: torch.Tensor | None = None
    logits: torch.Tensor | None = None


class StanceModel(PreTrainedModel):
    """Encoder plus head.

    Attributes:
        class_weights: (n_targets, n_stances), weights of the loss; None, which weighs all alike, unless
            training sets them.
        marker: (hidden,), in the branched layout: what is added to the states of the words that name the government.
    """

    config_class = StanceConfig
    base_model_prefix = "stance"
    _supports_sdpa = True

    def __init__(self, config: StanceConfig):
        super().__init__(config)
        backbone = dict(config.backbone)
        backbone_config = AutoConfig.for_model(backbone.pop("model_type"), **backbone)
        self.encoder = AutoModel.from_config(backbone_config, **_without_pooler(backbone_config.model_type))
        self.dropout = nn.Dropout(config.head_dropout)
        self.head = nn.Linear(
            (3 if config.pool_mentions else 2) * backbone_config.hidden_size, len(config.target_ids) * len(STANCES)
        )
        if config.layout == "branched":
            self.marker = nn.Parameter(torch.zeros(backbone_config.hidden_size))
        self.class_weights: torch.Tensor | None = None
        self.post_init()

    def lower_layers(self, count: int) -> list[nn.Module]:
        """The `count` layers nearest to the input.

        Raises:
            GovstanceError: The encoder keeps its layers elsewhere than BERT does, or has fewer.
        """
        layers = getattr(getattr(self.encoder, "encoder", None), "layer", None)
        if layers is None or not 0 <= count <= len(layers):
            found = "none in BERT's place" if layers is None else str(len(layers))
            raise GovstanceError(
                f"training.frozen_layers={count}: the encoder {self.config.backbone['model_type']} has {found}; "
                "expected a number of layers it has, or 0."
            )
        return list(layers[:count])

    @torch.no_grad()
    def lower_states(self, batch: dict[str, torch.Tensor], n_layers: int) -> torch.Tensor:
        """States after the embeddings and the first `n_layers` layers, shape (n_items, length, hidden).

        They never change while those layers are frozen, so training computes them once.
        """
        self.lower_layers(n_layers)  # an error where it has fewer
        embedded = self._embedded(batch["input_ids"], batch["position_ids"])
        return self._through(embedded, batch["attention_mask"], 0, n_layers)

    def _embedded(self, input_ids: torch.Tensor | None, position_ids: torch.Tensor | None) -> torch.Tensor:
        embedded: torch.Tensor = self.encoder.embeddings(input_ids=input_ids, position_ids=position_ids)
        return embedded

    def _through(
        self, states: torch.Tensor, attention_mask: torch.Tensor, first: int, last: int | None = None
    ) -> torch.Tensor:
        """States after the layers from `first` up to but not including `last`."""
        mask = additive_mask(attention_mask, states.dtype)
        for layer in self.encoder.encoder.layer[first:last]:
            states = layer(states, attention_mask=mask)
        return states

    def forward(
        self,
        attention_mask: torch.Tensor,
        pair_item: torch.Tensor,
        pair_first: torch.Tensor,
        pair_mask: torch.Tensor,
        mention_mask: torch.Tensor,
        input_ids: torch.Tensor | None = None,
        position_ids: torch.Tensor | None = None,
        lower_states: torch.Tensor | None = None,
        n_lower_layers: int = 0,
        labels: torch.Tensor | None = None,
        branch_tokens: torch.Tensor | None = None,
        branch_mask: torch.Tensor | None = None,
    ) -> StanceOutput:
        """Scores pairs.

        Args:
            attention_mask, pair_item, pair_first, pair_mask, mention_mask, input_ids, position_ids, labels,
                branch_tokens, branch_mask: A batch from `encoding.Encoder.collate`, as `tensors_of` has it.
            lower_states: From `lower_states`, in place of input_ids and position_ids.
            n_lower_layers: How many layers they have passed.
        """
        if branch_tokens is None or branch_mask is None:
            if lower_states is None:
                states = self._encode(input_ids, position_ids, attention_mask)
            else:
                states = self._through(lower_states, attention_mask, n_lower_layers)
        else:
            if lower_states is None:
                lower_states, n_lower_layers = self._embedded(input_ids, position_ids), 0
            shared = self._through(lower_states, attention_mask, n_lower_layers, self.config.shared_layers)
            # From here each pair goes on alone, and what names its government is marked.
            branches = shared[pair_item[:, None], branch_tokens]
            branches = branches + self.marker * (pair_mask | mention_mask)[..., None]
            # ONNX Runtime's attention wants a mask for every query.
            visible = branch_mask[:, None, None, :].expand(-1, -1, branch_mask.shape[1], -1)
            states = self._through(branches, visible, self.config.shared_layers)
            pair_item = torch.arange(pair_item.shape[0], device=pair_item.device)
        masks = [pair_mask, mention_mask] if self.config.pool_mentions else [pair_mask]
        logits = self.head(self.dropout(pooled(states, pair_item, pair_first, masks)))
        logits = logits.view(-1, len(self.config.target_ids), len(STANCES)).float()  # also where products have 16 bits
        loss = None if labels is None else masked_loss(logits, labels, self.class_weights)
        return StanceOutput(loss=loss, logits=logits)

    def _encode(
        self, input_ids: torch.Tensor | None, position_ids: torch.Tensor | None, attention_mask: torch.Tensor
    ) -> torch.Tensor:
        if attention_mask.dim() == 2:
            return self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = additive_mask(attention_mask, self.dtype)
        return self.encoder(input_ids=input_ids, attention_mask=mask, position_ids=position_ids).last_hidden_state


def tensors_of(batch: Mapping[str, np.ndarray], device: torch.device | None = None) -> dict[str, torch.Tensor]:
    """A batch of `encoding.Encoder.collate` as tensors; they share its memory on the CPU."""
    return {name: torch.from_numpy(array).to(device) for name, array in batch.items()}


def pooled(
    states: torch.Tensor, pair_item: torch.Tensor, pair_first: torch.Tensor, masks: Sequence[torch.Tensor]
) -> torch.Tensor:
    """First state of each pair, and its mean state under each mask.

    Args:
        states: (n_items, length, hidden).
        pair_item, pair_first: (n_pairs,).
        masks: (n_pairs, length) bool each, no row without a True.

    Returns:
        (n_pairs, (1 + n_masks) * hidden).
    """
    of_pair = states[pair_item]
    parts = [states[pair_item, pair_first]]
    for mask in masks:
        weights = mask.to(states.dtype)
        parts.append(torch.einsum("pl,plh->ph", weights / weights.sum(dim=1, keepdim=True), of_pair))
    return torch.cat(parts, dim=-1)


def masked_loss(logits: torch.Tensor, labels: torch.Tensor, class_weights: torch.Tensor | None) -> torch.Tensor:
    """Class-weighted cross-entropy per target over its annotated pairs, averaged over targets.

    Where several processes share a batch, each gives its part of the mean over the whole batch, times their number:
    their gradients are averaged, and a mean over each part alone would weigh pairs by the part that they fell into.

    Args:
        logits: (n_pairs, n_targets, n_stances).
        labels: (n_pairs, n_targets), IGNORED_LABEL where not annotated.
        class_weights: (n_targets, n_stances), or None for weights of 1.
    """
    weights = torch.ones(logits.shape[1:]) if class_weights is None else class_weights
    weights = weights.to(logits)
    sums, totals = [], []
    for target, of_target in enumerate(weights):
        found = labels[:, target]
        losses = nn.functional.cross_entropy(
            logits[:, target], found, weight=of_target, ignore_index=IGNORED_LABEL, reduction="sum"
        )
        sums.append(losses)
        totals.append(of_target[found[found != IGNORED_LABEL]].sum())
    of_batch, n_processes = summed_over_processes(torch.stack(totals))
    annotated = of_batch > 0
    if not annotated.any():
        return logits.sum() * 0.0
    return n_processes * (torch.stack(sums)[annotated] / of_batch[annotated]).mean()


def summed_over_processes(values: torch.Tensor) -> tuple[torch.Tensor, int]:
    """The sum over all processes that train together, and their number; all must come here."""
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return values, 1
    values = values.clone()
    torch.distributed.all_reduce(values)
    return values, torch.distributed.get_world_size()


def additive_mask(attention_mask: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """A bool or 0/1 mask as what attention adds to its scores; (n, length) becomes (n, 1, 1, length)."""
    mask = attention_mask if attention_mask.dim() == 4 else attention_mask[:, None, None, :]
    return torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill(~mask.bool(), torch.finfo(dtype).min)


def _without_pooler(model_type: str) -> dict[str, Any]:
    """BERT and XLM-R would add a pooler that nothing here uses."""
    return {"add_pooling_layer": False} if model_type in ("bert", "xlm-roberta", "roberta") else {}


AutoConfig.register("govstance", StanceConfig)
AutoModel.register(StanceConfig, StanceModel)
