"""Trains a model on labelled rows, scores it on their test split and leaves a whole run folder."""

import dataclasses
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from govstance.config import TrainConfig
from govstance.corpus.reader import read_rows
from govstance.corpus.splits import hold_out, in_split, with_splits, without_sources
from govstance.errors import GovstanceError
from govstance.files import expand_patterns
from govstance.jobs.evaluate import score_model
from govstance.jobs.pages import write_page
from govstance.jobs.places import (
    cache_folder,
    evidence_files,
    marks_of,
    mention_finder,
    model_of,
    starts_of,
    targets_of_corpus,
)
from govstance.jobs.prepare import pass_gate
from govstance.models.baselines import BASELINES, Baseline, check_every_target_is_labelled, fit_baseline
from govstance.models.folder import KINDS, TRANSFORMER, save_model
from govstance.models.predictor import TransformerPredictor
from govstance.schema import Row
from govstance.targets import Target
from govstance.threads import process_rank, use_threads, watch_peak_memory
from govstance.training.fitting import FitReport, fit_stance_model
from govstance.training.run_folder import beginning, data_fingerprints, point_latest_to, write_provenance

HELD_OUT = "held_out"

logger = logging.getLogger(__name__)


def run_training(
    config: TrainConfig, run_folder: Path, *, callbacks: Sequence[TrainerCallback] = ()
) -> dict[str, Any] | None:
    """Trains as configured; the last thing it does is to make outputs/latest point here.

    Args:
        config: As composed from configs/train.yaml.
        run_folder: Hydra's run folder.
        callbacks: Of the Trainer, see `training.tracking`.

    Returns:
        The metrics on the test split, as metrics.json holds them; None in a process that only helps another to train.

    Raises:
        GovstanceError: Rows, targets, backbone or settings are not usable.
    """
    started = beginning()
    peak_memory_mib = watch_peak_memory()
    use_threads(config.training.threads)
    if config.model.kind not in KINDS:
        raise GovstanceError(f"model.kind: expected one of {', '.join(KINDS)}; found {config.model.kind!r}.")
    targets = targets_of_corpus(config.paths, config.corpus)
    files = expand_patterns(config.corpus.files, option="corpus.files")
    rows = with_splits(read_rows(files, [target.id for target in targets]))
    pass_gate(rows, config.quality)
    data = data_fingerprints([*files, *evidence_files(config)])
    seen, held_out = hold_out(rows, config.corpus.held_out.languages, config.corpus.held_out.governments)
    used = without_sources(seen, config.corpus.not_trained_on)
    train, dev, test = in_split(used, "train"), in_split(used, "dev"), in_split(rows, "test")
    unfamiliar = [row for row in seen if row.split == "dev" and row.source in config.corpus.not_trained_on]
    logger.info(
        "%d rows from %d files: train %d, dev %d, test %d", len(rows), len(files), *map(len, (train, dev, test))
    )
    report = _fit_and_save(config, train, dev, unfamiliar, targets, data, run_folder, callbacks)
    training = dataclasses.asdict(report) | {"peak_memory_mib": peak_memory_mib()}
    if process_rank() > 0:
        return None
    # Scored as read back from the folder: what is reported is what evaluate will find.
    finder = mention_finder(config.paths)
    model = model_of(str(run_folder), config.paths, finder)
    metrics = score_model(model, test, data=data, split="test", run_folder=run_folder, finder=finder, training=training)
    if held_out:
        held_out_metrics = score_model(
            model,
            held_out,
            data=data,
            split=HELD_OUT,
            run_folder=run_folder / HELD_OUT,
            finder=finder,
            training=training,
        )
    write_provenance(run_folder, seed=config.seed, data=data, started=started)
    write_page(run_folder, metrics, test, run_folder=run_folder)
    if held_out:
        write_page(run_folder / HELD_OUT, held_out_metrics, held_out, run_folder=run_folder)
    point_latest_to(run_folder, Path(config.paths.outputs))
    return metrics


def _fit_and_save(
    config: TrainConfig,
    train: Sequence[Row],
    dev: Sequence[Row],
    unfamiliar: Sequence[Row],
    targets: tuple[Target, ...],
    data: list[dict[str, str]],
    run_folder: Path,
    callbacks: Sequence[TrainerCallback],
) -> FitReport:
    target_ids = [target.id for target in targets]
    check_every_target_is_labelled(train, target_ids)
    predictor: TransformerPredictor | Baseline
    if config.model.kind == TRANSFORMER:
        predictor, report = fit_stance_model(
            train,
            dev,
            target_ids,
            model_config=config.model,
            training=config.training,
            calibration=config.calibration,
            seed=config.seed,
            cache_folder=cache_folder(config.paths),
            work_folder=run_folder,
            finder=mention_finder(config.paths),
            unfamiliar_rows=unfamiliar if config.calibration.sure_on_all_sources else (),
            starts=starts_of(config.model, config.paths),
            marks=marks_of(config, target_ids),
            callbacks=callbacks,
        )
        # Not before it: what TF-IDF takes to fit would be held all through the training.
        baselines, _ = _fit_baselines(train, target_ids)
    else:
        baselines, seconds = _fit_baselines(train, target_ids)
        predictor = baselines.pop(config.model.kind)
        report = _report_of_baseline(train, seconds[config.model.kind])
    save_model(
        run_folder / "model",
        kind=config.model.kind,
        name=config.model.name,
        predictor=predictor,
        targets=targets,
        baselines=baselines,
        training_data=data,
    )
    return report


def _fit_baselines(rows: Sequence[Row], target_ids: Sequence[str]) -> tuple[dict[str, Baseline], dict[str, float]]:
    """All baselines by their kind, and the seconds that each took."""
    logger.info("fitting the baselines")
    baselines, seconds = {}, {}
    for kind in BASELINES:
        started = time.monotonic()
        baselines[kind] = fit_baseline(kind, rows, target_ids)
        seconds[kind] = time.monotonic() - started
    return baselines, seconds


def _report_of_baseline(rows: Sequence[Row], seconds: float) -> FitReport:
    return FitReport(
        seconds=seconds,
        rows_per_second=len(rows) / seconds,
        n_texts=len({row.text for row in rows}),
        n_rows=len(rows),
        n_truncated=0,
        n_trained_weights=None,
        loss=[],
    )
