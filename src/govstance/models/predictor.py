"""The trained stance model as one thing: rows in, calibrated probabilities out; saved as one folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from transformers import AutoTokenizer

from govstance.actors.finder import MentionFinder
from govstance.models.calibration import Calibration
from govstance.models.encoding import Encoder, Progress, logits_in_batches
from govstance.models.stance_model import StanceModel, tensors_of
from govstance.schema import Row

# Large enough to keep two cores in big matrix products, small enough for their caches.
TOKENS_PER_BATCH = 4096


class TransformerPredictor:
    """The stance model with its tokenizer and calibration.

    Args:
        model: Trained model.
        encoder: Turns rows into its tensors.
        calibration: Turns its logits into probabilities.
    """

    def __init__(self, model: StanceModel, encoder: Encoder, calibration: Calibration):
        self.model = model.eval()
        self.encoder = encoder
        self.calibration = calibration
        self.target_ids = tuple(encoder.target_ids)

    def predict_logits(self, rows: Sequence[Row], progress: Progress | None = None) -> np.ndarray:
        """Raw scores.

        Args:
            rows: Any number of rows; their labels are not looked at.
            progress: Called with the number of rows done after each batch.

        Returns:
            float32, (n_rows, n_targets, n_stances).
        """
        self.model.eval()
        with torch.inference_mode():
            return logits_in_batches(self.encoder, rows, TOKENS_PER_BATCH, self._run, progress)

    def _run(self, batch: Mapping[str, np.ndarray]) -> np.ndarray:
        tensors = tensors_of({name: array for name, array in batch.items() if name != "labels"}, self.model.device)
        logits: np.ndarray = self.model(**tensors).logits.float().cpu().numpy()
        return logits

    def predict_probabilities(self, rows: Sequence[Row], progress: Progress | None = None) -> np.ndarray:
        """Calibrated probabilities, (n_rows, n_targets, n_stances)."""
        return self.calibration.probabilities(self.predict_logits(rows, progress), self.target_ids)

    def save(self, folder: Path) -> None:
        """Writes weights (safetensors, 16-bit floats) and tokenizer.

        Half the size of 32-bit; what is reported about a run is measured on the folder read back.
        """
        half = {
            name: tensor.half() if tensor.is_floating_point() else tensor
            for name, tensor in self.model.state_dict().items()
        }
        self.model.save_pretrained(folder, state_dict=half)
        self.encoder.tokenizer.save_pretrained(folder)

    @classmethod
    def load(cls, folder: Path, calibration: Calibration, finder: MentionFinder) -> "TransformerPredictor":
        """Reads what `save` wrote, as 32-bit floats.

        Args:
            folder: The model folder.
            calibration: Of the same model.
            finder: Of mentions, for a model that pools them.
        """
        model = StanceModel.from_pretrained(folder, dtype=torch.float32)
        return cls(model, encoder_for(model, AutoTokenizer.from_pretrained(folder), finder), calibration)


def encoder_for(model: StanceModel, tokenizer: object, finder: MentionFinder | None) -> Encoder:
    """The encoder of rows that a model was trained with."""
    config = model.config
    return Encoder(
        tokenizer=tokenizer,
        target_ids=tuple(config.target_ids),
        layout=config.layout,
        passage_prefix=config.passage_prefix,
        max_length_tokens=config.max_length_tokens,
        finder=finder if config.pool_mentions else None,
        position_offset=config.position_offset,
    )
