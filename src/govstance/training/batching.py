"""Which texts make a batch, in which order, and how they become one; the order hangs on nothing but the seed."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch.utils.data import Sampler
from transformers import Trainer
from transformers.trainer_pt_utils import LengthGroupedSampler

from govstance.config import TrainingConfig
from govstance.models.encoding import IGNORED_LABEL, EncodedText, Encoder, batches_by_length
from govstance.models.predictor import TOKENS_PER_BATCH
from govstance.models.stance_model import StanceModel, tensors_of
from govstance.progress import progress
from govstance.schema import STANCES
from govstance.training.processor import precision_of

# Batches are padded to multiples of so many tokens: the matrix library compiles a kernel for each new length, and keeps
# a limited number of them.
LENGTH_STEP = 16


def lower_states(
    model: StanceModel, encoder: Encoder, items: Sequence[EncodedText], training: TrainingConfig
) -> list[torch.Tensor] | None:
    """What the frozen layers make of each item: float16, (length, hidden) each; None where none are needed."""
    n_layers, precision = training.frozen_layers, precision_of(training.precision)
    if not (n_layers and training.epochs):
        return None
    states: list[torch.Tensor] = [torch.empty(0)] * len(items)
    model.eval()
    with progress("frozen layers", total=len(items), unit="text") as advance:
        for batch in batches_by_length(items, TOKENS_PER_BATCH):
            tensors = tensors_of(encoder.collate([items[position] for position in batch]))
            with torch.autocast(model.device.type, dtype=precision, enabled=precision is not torch.float32):
                result = model.lower_states(tensors, n_layers).half()
            for state, position in zip(result, batch, strict=True):
                states[position] = state[: items[position].length].clone()
            advance(len(batch))
    return states


class Batcher:
    """The Trainer's collator: items of the dataset -> a batch, with the frozen layers' states where cached.

    Args:
        encoder: Of the items.
        states: From `lower_states`, or None.
        n_layers: How many layers they have passed.
        silent_pairs: Share of the pairs without a stance that a batch keeps, drawn anew for each batch.
    """

    def __init__(
        self, encoder: Encoder, states: Sequence[torch.Tensor] | None, n_layers: int, silent_pairs: float = 1.0
    ):
        self._silent_pairs = silent_pairs
        self._encoder = encoder
        self._states = states
        self._n_layers = n_layers

    def __call__(self, features: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """One batch, as `StanceModel.forward` takes it."""
        items = [
            EncodedText(
                passage=feature["passage"],
                queries=feature["queries"],
                mentions=feature["mentions"],
                labels=feature["labels"],
                rows=feature["rows"],
                truncated=feature["truncated"],
            )
            for feature in features
        ]
        batch: dict[str, Any] = tensors_of(self._encoder.collate(items, LENGTH_STEP))
        if self._silent_pairs < 1:
            batch = with_fewer_silent_pairs(batch, self._silent_pairs)
        if self._states is not None:
            chosen = [self._states[feature["index"]] for feature in features]
            length = batch["attention_mask"].shape[-1]
            padded = [torch.nn.functional.pad(state, (0, 0, 0, length - len(state))) for state in chosen]
            batch["lower_states"] = torch.stack(padded).float()
            batch["n_lower_layers"] = self._n_layers
            del batch["input_ids"], batch["position_ids"]
        return batch


def with_fewer_silent_pairs(batch: Mapping[str, torch.Tensor], share: float) -> dict[str, torch.Tensor]:
    """A batch without some of the pairs that hold no stance, which are most of them and teach least.

    Args:
        batch: Of `Encoder.collate`.
        share: Of these pairs that are kept, each by chance; where no pair would be left all are.
    """
    labels = batch["labels"]
    states_something = ((labels != IGNORED_LABEL) & (labels != STANCES.index("none"))).any(dim=1)
    kept = states_something | (torch.rand(len(labels)) < share)
    if not kept.any():
        return dict(batch)
    of_items = ("input_ids", "position_ids", "attention_mask")
    return {name: tensor if name in of_items else tensor[kept] for name, tensor in batch.items()}


class LengthGroupedTrainer(Trainer):
    """The Trainer with batches of texts of like length that are the same for one process and for several.

    Its own order by length is drawn from what dropout draws from too, and for the share of one process.
    """

    def __init__(self, *, texts_per_batch: int, **kwargs: Any):
        super().__init__(**kwargs)
        self._texts_per_batch = texts_per_batch

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[int]:
        dataset: Any = train_dataset or self.train_dataset
        generator = torch.Generator().manual_seed(self.args.seed)
        return LengthGroupedSampler(self._texts_per_batch, lengths=list(dataset["length"]), generator=generator)
