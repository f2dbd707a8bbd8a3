"""Rows learnt a second and peak memory: our training against Hugging Face's pair classification, same rows and epochs.

A row is one (text, government) pair with all its targets. Each contender runs in a process of its own, several times,
in turn. What is timed: tokens, the states of the frozen layers, all epochs; not imports, nor reading weights and names
of governments. With --score both are trained once on --rows rows and scored on the dev split, neither calibrated.
"""

import argparse
import dataclasses
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.common import (
    arguments_given,
    fresh_process,
    interleaved,
    machine,
    medians,
    one_of_each_language,
    parser_of,
    peak_rss_mib,
    rows_in,
    run_main,
    train_config,
    whole_texts,
    write_report,
)
from benchmarks.reference import Reference
from govstance.config import TrainConfig
from govstance.evaluation.results import gold_indices, system_scores
from govstance.files import write_json
from govstance.jobs.places import cache_folder, mention_finder, targets_of_corpus
from govstance.models.backbones import load_backbone
from govstance.models.encoding import label_counts
from govstance.models.predictor import TransformerPredictor, encoder_for
from govstance.schema import Row
from govstance.threads import use_threads
from govstance.training.batching import Batcher, lower_states
from govstance.training.calibrating import neutral_calibration
from govstance.training.fitting import run_trainer
from govstance.training.starting import build_model, freeze, set_class_weights

NAME = "training"
OURS = "ours"
# Padding to 256 is the usual script; padding to the longest of the batch is the better one.
REFERENCES = ("reference_max_length", "reference_longest")
CONTENDERS = (OURS, *REFERENCES)


def train_ours(
    config: TrainConfig, warm_up: Sequence[Row], rows: Sequence[Row], work_folder: Path
) -> tuple[TransformerPredictor, float]:
    """Trains as `fit_stance_model` does, without reading weights and calibration.

    Returns:
        The predictor, uncalibrated, and the seconds that the rows took.
    """
    target_ids = [target.id for target in targets_of_corpus(config.paths, config.corpus)]
    training, seconds = config.training, 0.0
    backbone = load_backbone(
        config.model.backbone or "",
        revision=config.model.revision,
        cache_folder=cache_folder(config.paths),
        dropout=config.model.dropout,
    )
    torch.manual_seed(config.seed)
    model = build_model(backbone, config.model, target_ids)
    encoder = encoder_for(model, backbone.tokenizer, mention_finder(config.paths))
    encoder.encode(one_of_each_language([*warm_up, *rows]))
    freeze(model, training.frozen_layers, train_word_embeddings=training.train_word_embeddings)
    for part, epochs in ((warm_up, 1), (rows, training.epochs)):
        if part:
            started = time.perf_counter()
            items = encoder.encode(part)
            set_class_weights(model, label_counts(items, len(target_ids)), training.class_weight_power)
            frozen = training.frozen_layers
            settings = dataclasses.replace(training, epochs=epochs)
            states = lower_states(model, encoder, items, settings)
            run_trainer(model, Batcher(encoder, states, frozen), items, settings, config.seed, work_folder)
            seconds = time.perf_counter() - started
    return TransformerPredictor(model, encoder, neutral_calibration(target_ids)), seconds


def train_reference(
    config: TrainConfig, warm_up: Sequence[Row], rows: Sequence[Row], work_folder: Path, *, dynamic_padding: bool
) -> tuple[Reference, float]:
    """Trains the reference; returns it and the seconds that the rows took."""
    targets, seconds = targets_of_corpus(config.paths, config.corpus), 0.0
    reference = Reference.from_backbone(
        config.model, targets, cache_folder=cache_folder(config.paths), seed=config.seed
    )
    for part, epochs in ((warm_up, 1), (rows, config.training.epochs)):
        if part:
            started = time.perf_counter()
            reference.train(
                part, dynamic_padding=dynamic_padding, epochs=epochs, seed=config.seed, work_folder=work_folder
            )
            seconds = time.perf_counter() - started
    reference.batch_size = 8
    return reference, seconds


def measure(contender: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains one contender in this process.

    Returns:
        n_rows, epochs, seconds, rows_per_second, peak_rss_mib; with --score also scores and n_answers.
    """
    config = train_config(arguments.overrides)
    n_warm_up = 0 if arguments.score else arguments.warm_up_rows
    drawn = whole_texts(rows_in(config, "train"), n_warm_up + arguments.rows, seed=config.seed)
    warm_up = whole_texts(drawn, n_warm_up, seed=config.seed)
    seen = {row.id for row in warm_up}
    rows = [row for row in drawn if row.id not in seen]
    predictor: TransformerPredictor | Reference
    with tempfile.TemporaryDirectory() as work_folder:
        if contender == OURS:
            use_threads(arguments.threads)
            predictor, seconds = train_ours(config, warm_up, rows, Path(work_folder))
        else:
            torch.set_num_threads(arguments.threads)  # and nothing else: our care for memory is ours
            longest = contender == "reference_longest"
            predictor, seconds = train_reference(config, warm_up, rows, Path(work_folder), dynamic_padding=longest)
    epochs = config.training.epochs
    result: dict[str, Any] = {
        "n_rows": len(rows),
        "epochs": epochs,
        "seconds": seconds,
        "rows_per_second": len(rows) * epochs / seconds,
        "peak_rss_mib": peak_rss_mib(),
    }
    return result | (score(predictor, rows_in(config, "dev")) if arguments.score else {})


def score(predictor: TransformerPredictor | Reference, rows: Sequence[Row]) -> dict[str, Any]:
    """Answers rows and scores them."""
    probabilities = predictor.predict_probabilities(rows)
    gold = gold_indices(rows, predictor.target_ids)
    scores = system_scores(gold, probabilities, [row.group for row in rows], predictor.target_ids)
    return {"n_answers": len(probabilities), "scores": scores}


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the benchmark, or with --contender one measurement of it."""
    parser = parser_of(NAME, __doc__)
    parser.add_argument("--rows", type=int, default=64, help="rows to learn from")
    parser.add_argument("--warm-up-rows", type=int, default=16, help="rows learnt before, not timed")
    parser.add_argument("--repetitions", type=int, default=3, help="rounds; --score has one")
    parser.add_argument("--score", action="store_true", help="also score on the dev split (long)")
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=CONTENDERS)
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--result", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_intermixed_args(argv)
    if arguments.contender:
        write_json(arguments.result, measure(arguments.contender, arguments))
        return
    before = machine(arguments.threads)
    runs = interleaved(
        lambda name: fresh_process(
            f"benchmarks.{NAME}", [*arguments_given(argv), "--contender", name], threads=arguments.threads
        ),
        arguments.contenders,
        1 if arguments.score else arguments.repetitions,
    )
    rates, memory = medians(runs, "rows_per_second"), medians(runs, "peak_rss_mib")
    ratios = {name: rates[OURS] / rate for name, rate in rates.items() if name != OURS and OURS in rates}
    for name, rate in rates.items():
        times = f", ours is {ratios[name]:.2f} times as fast" if name in ratios else ""
        print(f"{name}: {rate:.2f} rows/s, peak {memory[name]:.0f} MiB{times}")
        for run in runs[name] if arguments.score else []:
            print(f"  macro-F1 on dev {run['scores']['mean']['macro_f1']:.3f}")
    content = {"rows_per_second": rates, "peak_rss_mib": memory, "ours_is_times_as_fast": ratios, "runs": runs}
    write_report(arguments.output, NAME, machine=before, content=content)


if __name__ == "__main__":
    run_main(main)
