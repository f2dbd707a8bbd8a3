"""Fits the stance model with the Hugging Face Trainer.

What makes it fit into minutes on two cores: all governments of a text share one pass (`encoding`), batches
of texts of like length, the lower layers frozen and their states computed once, no gradient for the word
embeddings, 16-bit products where the processor has hardware for them.
"""

import gc
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType

import datasets
import torch
from transformers import PrinterCallback, ProgressCallback, TrainerCallback, TrainingArguments

from govstance.actors.finder import MentionFinder
from govstance.config import CalibrationConfig, ModelConfig, TrainingConfig
from govstance.corpus.evidence import MarkedText
from govstance.errors import GovstanceError
from govstance.models.backbones import load_backbone
from govstance.models.encoding import EncodedText, Encoder, label_counts, warn_of_truncation
from govstance.models.predictor import TransformerPredictor, encoder_for
from govstance.models.stance_model import StanceModel
from govstance.schema import Row
from govstance.threads import process_count
from govstance.training.augmentation import augmented
from govstance.training.batching import Batcher, LengthGroupedTrainer, lower_states
from govstance.training.calibrating import calibrate, check_expected_shares, neutral_calibration
from govstance.training.interpolation import interpolate, pretrained_weights
from govstance.training.memory import TrimMemory
from govstance.training.optimizer import optimizer_for
from govstance.training.processor import fast_steps, precision_of
from govstance.training.starting import build_model, freeze, set_class_weights, start_from
from govstance.training.training_progress import AfterEpoch, TrainingProgress

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class FitReport:
    """What a fit cost and how its loss fell.

    Attributes:
        seconds: Wall time from the first encoding to the last step.
        rows_per_second: Pairs learnt a second, all epochs together.
        n_texts, n_rows: What it learnt from.
        n_truncated: Texts cut to the length limit.
        n_trained_weights: Weights with a gradient; None for a baseline, which has none.
        loss: [{"step", "epoch", "loss"}].
    """

    seconds: float
    rows_per_second: float
    n_texts: int
    n_rows: int
    n_truncated: int
    n_trained_weights: int | None
    loss: list[dict[str, float]]


def fit_stance_model(
    train_rows: Sequence[Row],
    dev_rows: Sequence[Row],
    target_ids: Sequence[str],
    *,
    model_config: ModelConfig,
    training: TrainingConfig,
    calibration: CalibrationConfig,
    seed: int,
    cache_folder: Path | None,
    work_folder: Path,
    finder: MentionFinder,
    unfamiliar_rows: Sequence[Row] = (),
    callbacks: Sequence[TrainerCallback] = (),
    after_epoch: Callable[[int, TransformerPredictor], None] | None = None,
    starts: Sequence[StanceModel] = (),
    marks: Mapping[str, MarkedText] = MappingProxyType({}),
) -> tuple[TransformerPredictor, FitReport]:
    """Trains on the train rows, calibrates on the dev rows.

    Args:
        train_rows, dev_rows: Labelled rows.
        target_ids: Targets in the order of the heads.
        model_config, training, calibration: As in configs/.
        seed: Of initial head, dropout and order.
        cache_folder: Of converted backbones; None: the default one.
        work_folder: For the Trainer's own files.
        finder: Of mentions of governments.
        unfamiliar_rows: Dev rows of sources that training left out, see `calibrate`.
        callbacks: Of the Trainer, such as those that record its course elsewhere.
        after_epoch: Gets the number of the epoch, from 1, and the model as it is then, not calibrated.
        starts: Trained models, the mean of whose weights to start from in place of the backbone's and a new head's.
        marks: By the SHA-256 of a text, what its stances rest on; for `training.cut_texts` and `kept_texts`.

    Raises:
        BackboneUnavailableError: The encoder can't be loaded.
        GovstanceError: The settings contradict each other or the encoder.
    """
    _check(training, calibration, target_ids)
    started = time.monotonic()
    torch.manual_seed(seed)
    model, encoder, pretrained = _begin(target_ids, model_config, training, cache_folder, finder, starts)
    items = items_to_learn(train_rows, encoder, training, seed=seed, finder=finder, marks=marks)
    set_class_weights(model, label_counts(items, len(target_ids)), training.class_weight_power)
    freeze(model, training.frozen_layers, train_word_embeddings=training.train_word_embeddings)
    predictor = TransformerPredictor(model, encoder, neutral_calibration(target_ids))
    if after_epoch is not None:
        callbacks = [*callbacks, AfterEpoch(lambda epoch: after_epoch(epoch, predictor))]
    history = _learn(model, encoder, items, training, seed, work_folder, callbacks)
    gc.collect()  # the Trainer and the states it read go before calibration needs room
    interpolate(model, pretrained, training.interpolation)
    report = _fit_report(model, items, training, time.monotonic() - started, history)
    predictor.calibration = calibrate(
        predictor, dev_rows, calibration.expected_none_share, unfamiliar_rows=unfamiliar_rows
    )
    return predictor, report


def _begin(
    target_ids: Sequence[str],
    model_config: ModelConfig,
    training: TrainingConfig,
    cache_folder: Path | None,
    finder: MentionFinder,
    starts: Sequence[StanceModel],
) -> tuple[StanceModel, Encoder, Mapping[str, torch.Tensor]]:
    """The model to train, its encoder, and the pretrained weights, if it is to be stepped back towards them."""
    backbone = load_backbone(
        model_config.backbone or "",
        revision=model_config.revision,
        cache_folder=cache_folder,
        dropout=model_config.dropout,
    )
    model = build_model(backbone, model_config, target_ids)
    pretrained = pretrained_weights(model) if training.interpolation < 1 else {}
    if starts:
        start_from(model, starts)
        _warn_of_a_step_back(training)
    return model, encoder_for(model, backbone.tokenizer, finder), pretrained


def _learn(
    model: StanceModel,
    encoder: Encoder,
    items: Sequence[EncodedText],
    training: TrainingConfig,
    seed: int,
    work_folder: Path,
    callbacks: Sequence[TrainerCallback],
) -> list[dict[str, float]]:
    """`run_trainer` on the states of the frozen layers, some hundred megabytes that live no longer than this."""
    states = lower_states(model, encoder, items, training)
    batcher = Batcher(encoder, states, training.frozen_layers, training.silent_pairs)
    return run_trainer(model, batcher, items, training, seed, work_folder, callbacks)


def items_to_learn(
    rows: Sequence[Row],
    encoder: Encoder,
    training: TrainingConfig,
    *,
    seed: int,
    finder: MentionFinder,
    marks: Mapping[str, MarkedText],
) -> list[EncodedText]:
    """The training rows and what is made of them, encoded; the arguments are those of `fit_stance_model`."""
    learnt = augmented(
        rows,
        finder,
        renamed_share=training.renamed_texts,
        joined_share=training.joined_texts,
        seed=seed,
        cut_share=training.cut_texts,
        kept_share=training.kept_texts,
        unsaid_share=training.unsaid_speakers,
        marks=marks,
    )
    items = encoder.encode(learnt)[: training.max_texts]
    warn_of_truncation(items, encoder.max_length_tokens)
    return items


def _check(training: TrainingConfig, calibration: CalibrationConfig, target_ids: Sequence[str]) -> None:
    check_expected_shares(calibration.expected_none_share, target_ids)
    precision_of(training.precision)
    for name, share in (("silent_pairs", training.silent_pairs), ("interpolation", training.interpolation)):
        if not 0.0 <= share <= 1.0:
            raise GovstanceError(f"training.{name}: expected a share between 0 and 1; found {share:g}.")
    if training.interpolation < 1 and training.train_word_embeddings:
        raise GovstanceError(
            "training.interpolation and training.train_word_embeddings exclude each other: no second copy of the word "
            "embeddings is kept. Set interpolation=1 or train_word_embeddings=false."
        )
    if training.texts_per_batch % process_count():
        raise GovstanceError(
            f"training.texts_per_batch: expected a multiple of the {process_count()} processes, which share a batch; "
            f"found {training.texts_per_batch}."
        )


def _warn_of_a_step_back(training: TrainingConfig) -> None:
    """To ask for no epoch and a share is how a trained model is stepped back; to ask for both is seldom meant."""
    if training.epochs and training.interpolation < 1:
        logger.warning(
            "training.interpolation=%g also steps back from what model.start_from had learnt; to go on from it as "
            "it is, set training.interpolation=1",
            training.interpolation,
        )


def _fit_report(
    model: StanceModel,
    items: Sequence[EncodedText],
    training: TrainingConfig,
    seconds: float,
    loss: list[dict[str, float]],
) -> FitReport:
    n_rows = sum(len(item.rows) for item in items)
    return FitReport(
        seconds=seconds,
        rows_per_second=n_rows * training.epochs / seconds,
        n_texts=len(items),
        n_rows=n_rows,
        n_truncated=sum(item.truncated for item in items),
        n_trained_weights=sum(weight.numel() for weight in model.parameters() if weight.requires_grad),
        loss=loss,
    )


def run_trainer(
    model: StanceModel,
    batcher: Batcher,
    items: Sequence[EncodedText],
    training: TrainingConfig,
    seed: int,
    work_folder: Path,
    callbacks: Sequence[TrainerCallback] = (),
) -> list[dict[str, float]]:
    """Trains in place and returns the loss history, empty where no epoch is asked for.

    Under torchrun the processes share a batch, so the settings mean what they mean to a single one, and the steps are
    the same but for dropout and, where the texts do not fill the last batch of an epoch, some that fill it up.
    """
    if not training.epochs:
        return []
    precision = precision_of(training.precision)
    dataset = datasets.Dataset.from_list(
        [asdict(item) | {"index": index, "length": item.length} for index, item in enumerate(items)]
    )
    arguments = TrainingArguments(
        output_dir=str(work_folder),
        num_train_epochs=training.epochs,
        per_device_train_batch_size=training.texts_per_batch // process_count(),
        learning_rate=training.learning_rate,
        weight_decay=training.weight_decay,
        warmup_steps=training.warmup_fraction,  # below 1, the Trainer takes it as a share of all steps
        lr_scheduler_type="linear",
        max_grad_norm=training.max_gradient_norm,
        remove_unused_columns=False,
        label_names=["labels"],
        logging_steps=10,
        save_strategy="no",
        report_to="none",
        seed=seed,
        bf16=precision is torch.bfloat16,
        use_cpu=not torch.cuda.is_available(),
    )
    trainer = LengthGroupedTrainer(
        model=model,
        args=arguments,
        train_dataset=dataset,
        data_collator=batcher,
        optimizers=(optimizer_for(model, training), None),
        texts_per_batch=training.texts_per_batch,
    )
    for own in (ProgressCallback, PrinterCallback):
        trainer.remove_callback(own)
    bar = TrainingProgress()
    for callback in (bar, TrimMemory(), *callbacks):
        trainer.add_callback(callback)
    try:
        with fast_steps(model, precision):
            trainer.train()
    finally:
        bar.close()
    return [
        {"step": entry["step"], "epoch": round(entry["epoch"], 3), "loss": entry["loss"]}
        for entry in trainer.state.log_history
        if "loss" in entry
    ]
