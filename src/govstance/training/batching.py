"""Which texts make a batch, in which order, and how they become one; the order hangs on nothing but the seed."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch.utils.data import Dataset, Sampler
from transformers import Trainer
from transformers.trainer_pt_utils import LengthGroupedSampler

from govstance.models.encoding import EncodedText, Encoder
from govstance.models.stance_model import tensors_of


class Batcher:
    """The Trainer's collator: items of the dataset -> a batch, with the frozen layers' states where cached."""

    def __init__(self, encoder: Encoder, states: Sequence[torch.Tensor] | None, n_layers: int):
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
        batch: dict[str, Any] = dict(tensors_of(self._encoder.collate(items)))
        if self._states is not None:
            chosen = [self._states[feature["index"]] for feature in features]
            batch["lower_states"] = torch.nn.utils.rnn.pad_sequence(chosen, batch_first=True).float()
            batch["n_lower_layers"] = self._n_layers
            del batch["input_ids"], batch["position_ids"]
        return batch


class LengthGroupedTrainer(Trainer):
    """The Trainer with batches of texts of like length that are the same for one process and for several.

    Its own order by length is drawn from what dropout draws from too, and for the share of one process.
    """

    def __init__(self, *, texts_per_batch: int, **kwargs: Any):
        super().__init__(**kwargs)
        self._texts_per_batch = texts_per_batch

    def _get_train_sampler(self, train_dataset: Dataset | None = None) -> Sampler:
        lengths = (train_dataset or self.train_dataset)["length"]
        generator = torch.Generator().manual_seed(self.args.seed)
        return LengthGroupedSampler(self._texts_per_batch, lengths=list(lengths), generator=generator)
