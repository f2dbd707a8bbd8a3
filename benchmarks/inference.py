"""Reading: rows a second against `pipeline("text-classification")`, latency of an article, time to load, memory.

Four parts, each contender of each in a process of its own, several times, in turn. A row is one (text, government) pair
with all its targets; all governments of a text are asked together, as `predict` does. The reference is a pair
classifier with the same encoder (its weights do not change its speed) and the best of three batch sizes. An engine that
needs no torch is measured in a process that imports none.
"""

import argparse
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.articles import articles_of, latencies, reader_of
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
    seconds_of,
    train_config,
    whole_texts,
    write_report,
)
from govstance.config import TrainConfig
from govstance.files import write_json
from govstance.jobs.places import BUILTIN, BUILTIN_FOLDER, cache_folder, mention_finder, targets_of_corpus
from govstance.models.folder import LoadedModel, load_model
from govstance.threads import use_threads

NAME = "inference"
PARTS = ("throughput", "article", "load", "memory")
REFERENCE = "reference"
REFERENCE_BATCH_SIZES = (1, 8, 32)
WARM_UP_ARTICLES = 3


def folder_of(model: str) -> Path:
    """The folder of a model, or of the one in the package."""
    return BUILTIN_FOLDER if model == BUILTIN else Path(model)


def loaded(model: str, config: TrainConfig) -> LoadedModel:
    """A model as `predict` loads it."""
    return load_model(folder_of(model), mention_finder(config.paths), cache_folder=cache_folder(config.paths))


def throughput(contender: str, arguments: argparse.Namespace, config: TrainConfig) -> dict[str, Any]:
    """Rows a second on dev rows.

    Returns:
        n_rows, n_answers, rows_per_second; for the reference also per batch size.
    """
    rows = whole_texts(rows_in(config, "dev"), arguments.rows, seed=config.seed)
    warm_up = one_of_each_language(rows)
    answers: list[np.ndarray] = []
    if contender != REFERENCE:
        use_threads(arguments.threads)
        predictor = loaded(contender, config).predictor
        predictor.predict_probabilities(warm_up)
        seconds = seconds_of(lambda: answers.append(predictor.predict_probabilities(rows)))
        return {"n_rows": len(rows), "n_answers": len(answers[0]), "rows_per_second": len(rows) / seconds}
    import torch

    from benchmarks.reference import Reference

    torch.set_num_threads(arguments.threads)
    targets = targets_of_corpus(config.paths, config.corpus)
    reference = Reference.from_backbone(
        config.model, targets, cache_folder=cache_folder(config.paths), seed=config.seed
    )
    rates = {}
    for reference.batch_size in REFERENCE_BATCH_SIZES:
        reference.predict_probabilities(warm_up)
        seconds = seconds_of(lambda: answers.append(reference.predict_probabilities(rows)))
        rates[str(reference.batch_size)] = len(rows) / seconds
    return {
        "n_rows": len(rows),
        "n_answers": len(answers[0]),
        "rows_per_second": max(rates.values()),
        "of_batch_size": rates,
    }


def articles(part: str, contender: str, arguments: argparse.Namespace, config: TrainConfig) -> dict[str, Any]:
    """Articles one after the other, warm (the part article), or all of them at once (the part memory)."""
    use_threads(arguments.threads)
    at_once = part == "memory"
    count = arguments.memory_articles if at_once else arguments.articles + WARM_UP_ARTICLES
    documents = articles_of(rows_in(config, "dev"), count, n_words=arguments.words, seed=config.seed)
    reader = reader_of(loaded(contender, config), mention_finder(config.paths))
    if not at_once:
        return latencies(reader, documents, n_warm_up=WARM_UP_ARTICLES)
    seconds = seconds_of(lambda: list(reader.read(documents)))
    return {
        "n_articles": count,
        "articles_per_second": count / seconds,
        "peak_rss_mib": peak_rss_mib(),
        "torch_imported": "torch" in sys.modules,
    }


def measure(part: str, contender: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """One measurement in this process; `load` needs a process that has imported nothing and is not among them."""
    config = train_config(arguments.overrides)
    if part == "throughput":
        return throughput(contender, arguments, config)
    return articles(part, contender, arguments, config)


def in_fresh_process(part: str, contender: str, arguments: argparse.Namespace, given: Sequence[str]) -> dict[str, Any]:
    """One measurement in a process of its own."""
    if part != "load":
        return fresh_process(
            f"benchmarks.{NAME}", [*given, "--part", part, "--contender", contender], threads=arguments.threads
        )
    paths = train_config(arguments.overrides).paths
    cache = ["--cache", str(paths.cache)] if paths.cache else []
    return fresh_process(
        "benchmarks.load",
        [str(folder_of(contender)), str(Path(paths.data) / "actors"), *cache],
        threads=arguments.threads,
    )


def summary(part: str, runs: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Medians of a part, and for throughput the ratios."""
    if part == "article":
        pooled = {name: np.concatenate([run["seconds"] for run in of_name]) for name, of_name in runs.items()}
        return {
            name: {"median_seconds": float(np.median(values)), "p95_seconds": float(np.percentile(values, 95))}
            for name, values in pooled.items()
        }
    if part == "throughput":
        rates = medians(runs, "rows_per_second")
        if REFERENCE in runs:  # the batch size with the best median, not the median of the best
            of_size = [run["of_batch_size"] for run in runs[REFERENCE]]
            rates[REFERENCE] = max(statistics.median(run[size] for run in of_size) for size in of_size[0])
        ratios = {name: rate / rates[REFERENCE] for name, rate in rates.items() if REFERENCE in rates}
        return {"rows_per_second": rates, "times_as_fast_as_reference": ratios}
    keys = ["import_seconds", "load_seconds", "seconds"] if part == "load" else ["articles_per_second"]
    return {key: medians(runs, key) for key in [*keys, "peak_rss_mib"]}


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the benchmark, or with --part and --contender one measurement of it."""
    parser = parser_of(NAME, __doc__)
    parser.add_argument("--models", nargs="+", default=[BUILTIN], help="run folders, model folders or builtin")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--rows", type=int, default=200, help="dev rows for the throughput")
    parser.add_argument("--articles", type=int, default=20, help="articles a round for the latency")
    parser.add_argument("--memory-articles", type=int, default=200, help="articles for the memory")
    parser.add_argument("--words", type=int, default=600, help="of an article")
    parser.add_argument("--repetitions", type=int, default=3, help="rounds; the part memory has one")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--contender", help=argparse.SUPPRESS)
    parser.add_argument("--result", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_intermixed_args(argv)
    if arguments.part:
        write_json(arguments.result, measure(arguments.part, arguments.contender, arguments))
        return
    before, content = machine(arguments.threads), {}
    for part in arguments.parts:
        contenders = [REFERENCE, *arguments.models] if part == "throughput" else arguments.models
        runs = interleaved(
            lambda name, part=part: in_fresh_process(part, name, arguments, arguments_given(argv)),  # type: ignore[misc]
            contenders,
            1 if part == "memory" else arguments.repetitions,
        )
        content[part] = summary(part, runs) | {"runs": runs}
        print(part, *(f"  {key}: {value}" for key, value in summary(part, runs).items()), sep="\n")
    write_report(arguments.output, NAME, machine=before, content=content)


if __name__ == "__main__":
    run_main(main)
