"""The reference: pair classification as a user of `transformers` would write it, with the same encoder.

One example per (text, government, target), "government; target name" </s></s> passage, four classes,
`AutoModelForSequenceClassification`, `Trainer` with its defaults, `pipeline("text-classification")`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import torch
from transformers import (
    AutoModelForSequenceClassification,
    DataCollatorWithPadding,
    PreTrainedModel,
    Trainer,
    TrainingArguments,
    default_data_collator,
    pipeline,
)

from govstance.config import ModelConfig
from govstance.models.backbones import load_backbone
from govstance.models.encoding import government_query
from govstance.schema import STANCES, Row
from govstance.targets import Target

BATCH_SIZE = 16
LEARNING_RATE = 5e-5  # the Trainer's default
# A passage is cut to leave room for the government and the target.
TRUNCATION = "only_second"


@dataclass
class Reference:
    """The pair classifier; answers rows as `StancePredictor` does.

    Attributes:
        model: Encoder, pooler and one head of four classes; pooler and head are new.
        tokenizer: Of the encoder.
        targets: What is asked, one example each.
        max_length_tokens: Of an example.
        batch_size: Examples in a batch of the pipeline.
    """

    model: PreTrainedModel
    tokenizer: Any
    targets: Sequence[Target]
    max_length_tokens: int
    batch_size: int = 1

    @property
    def target_ids(self) -> tuple[str, ...]:
        """In the order of the answers."""
        return tuple(target.id for target in self.targets)

    @classmethod
    def from_backbone(
        cls, config: ModelConfig, targets: Sequence[Target], *, cache_folder: Path | None, seed: int
    ) -> "Reference":
        """The encoder of our model with a new head."""
        backbone = load_backbone(config.backbone or "", revision=config.revision, cache_folder=cache_folder)
        torch.manual_seed(seed)
        model = AutoModelForSequenceClassification.from_pretrained(
            backbone.source,
            revision=config.revision,
            id2label=dict(enumerate(STANCES)),
            label2id={stance: index for index, stance in enumerate(STANCES)},
        )
        return cls(model, backbone.tokenizer, targets, config.max_length_tokens)

    def train(self, rows: Sequence[Row], *, dynamic_padding: bool, epochs: int, seed: int, work_folder: Path) -> int:
        """Trains in place on every annotated target of the rows.

        Args:
            rows: Labelled rows.
            dynamic_padding: Pad to the longest example of a batch; else all to `max_length_tokens`.
            epochs: Passes over the examples.
            seed: Of dropout and order.
            work_folder: For the Trainer's own files.

        Returns:
            The number of examples.
        """
        asked = [(row, target) for row in rows for target in self.targets if row.labels.get(target.id) is not None]
        encoded = self.tokenizer(
            [self._question(row, target) for row, target in asked],
            [row.text for row, _ in asked],
            truncation=TRUNCATION,
            max_length=self.max_length_tokens,
            padding=False if dynamic_padding else "max_length",
        )
        labels = [STANCES.index(str(row.labels[target.id])) for row, target in asked]
        trainer = Trainer(
            model=self.model,
            args=TrainingArguments(
                output_dir=str(work_folder),
                num_train_epochs=epochs,
                per_device_train_batch_size=BATCH_SIZE,
                learning_rate=LEARNING_RATE,
                save_strategy="no",
                report_to="none",
                seed=seed,
                use_cpu=True,
            ),
            train_dataset=datasets.Dataset.from_dict({**encoded, "labels": labels}),
            data_collator=DataCollatorWithPadding(self.tokenizer) if dynamic_padding else default_data_collator,
        )
        trainer.train()
        return len(asked)

    def predict_probabilities(self, rows: Sequence[Row]) -> np.ndarray:
        """Probabilities, shape (n_rows, n_targets, n_stances)."""
        classify = pipeline("text-classification", model=self.model, tokenizer=self.tokenizer, device="cpu")
        answers: Any = classify(
            [{"text": self._question(row, target), "text_pair": row.text} for row in rows for target in self.targets],
            top_k=None,
            batch_size=self.batch_size,
            truncation=TRUNCATION,
            max_length=self.max_length_tokens,
        )
        values = [{entry["label"]: entry["score"] for entry in answer} for answer in answers]
        flat = np.array([[value[stance] for stance in STANCES] for value in values])
        return flat.reshape(len(rows), len(self.targets), len(STANCES))

    def _question(self, row: Row, target: Target) -> str:
        return f"{government_query(row)}; {target.name}"
