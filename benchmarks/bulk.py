"""Many documents: articles a second of `predict`, throughput of a core, and peak memory by number of documents.

Articles are composed of the corpus: passages drawn with a seed and joined, written to a temporary folder as JSON Lines.
Each size is read in a process of its own, into a file, as `predict output=` does. What is composed holds nothing but
passages on the subject, several governments an article; a crawl of news has far less to read an article. With
`--sentences` a document is so many sentences of one text instead, such as the headlines and leads of a feed.
"""

import argparse
import logging
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import (
    arguments_given,
    fresh_process,
    machine,
    parser_of,
    peak_rss_mib,
    rows_in,
    run_main,
    train_config,
    write_report,
)
from govstance.apply_config import PredictConfig, RayConfig
from govstance.files import write_json, write_jsonl
from govstance.jobs.places import BUILTIN
from govstance.jobs.predict import run_prediction
from govstance.schema import Row
from govstance.text.sentences import split_sentences

NAME = "bulk"
PASSAGES_PER_ARTICLE = 5


def composed(rows: Sequence[Row], n_articles: int, *, seed: int, n_sentences: int | None = None) -> Any:
    """Articles of some passages of one language each, as records of `predict`, one after the other.

    Args:
        rows: Whose texts are drawn.
        n_articles: How many.
        seed: Of the draws; article k is the same whatever their number.
        n_sentences: So many sentences of one passage in place of several passages; fewer where it has no more.
    """
    of_language: dict[str, list[str]] = {}
    for row in rows:
        of_language.setdefault(row.lang, []).append(row.text)
    texts = {lang: list(dict.fromkeys(found)) for lang, found in sorted(of_language.items())}
    languages = list(texts)
    shares = np.array([len(found) for found in texts.values()], dtype=float)
    generator = np.random.default_rng(seed)
    for number in range(n_articles):
        lang = languages[generator.choice(len(languages), p=shares / shares.sum())]
        drawn = generator.integers(len(texts[lang]), size=PASSAGES_PER_ARTICLE)
        if n_sentences is None:
            text = "\n\n".join(texts[lang][index] for index in drawn)
        else:
            text = _some_sentences(texts[lang][drawn[0]], lang, n_sentences, generator)
        day = f"20{generator.integers(22, 26)}-{generator.integers(1, 13):02d}-{generator.integers(1, 29):02d}"
        yield {"id": f"article{number}", "text": text, "lang": lang, "date": day}


def _some_sentences(text: str, lang: str, count: int, generator: np.random.Generator) -> str:
    spans = split_sentences(text, lang)
    first = int(generator.integers(max(1, len(spans) - count + 1)))
    chosen = spans[first : first + count]
    return text[chosen[0].start : chosen[-1].end]


def read_articles(arguments: argparse.Namespace) -> dict[str, Any]:
    """Reads the articles as `predict` does.

    Returns:
        Wall and processor time of reading, start and loading apart where the engine is local; peak memory; bytes.
    """
    from rich.console import Console

    logging.getLogger().setLevel(logging.ERROR)
    folder = Path(arguments.articles).parent
    output = folder / "answers.jsonl"
    ray = RayConfig(actors=arguments.actors, threads=arguments.threads)
    config = PredictConfig(
        model=arguments.model,
        input=arguments.articles,
        output=str(output),
        table=str(folder / "table.csv") if arguments.table else None,
        threads=arguments.threads,
        engine=arguments.engine,
        ray=ray,
        overwrite=True,
    )
    started, processor = time.perf_counter(), time.process_time()
    n_documents = run_prediction(config, Console(file=open(os.devnull, "w", encoding="utf-8")))  # noqa: SIM115
    return {
        "n_documents": n_documents,
        "seconds": time.perf_counter() - started,
        "processor_seconds": time.process_time() - processor,
        "peak_rss_mib": peak_rss_mib(),
        "bytes_of_answers": output.stat().st_size,
    }


def measured(
    n_documents: int, rows: Sequence[Row], seed: int, argv: Sequence[str], arguments: argparse.Namespace
) -> dict[str, Any]:
    """Composes and reads so many articles."""
    with tempfile.TemporaryDirectory() as folder:
        articles = Path(folder) / "articles.jsonl"
        write_jsonl(articles, composed(rows, n_documents, seed=seed, n_sentences=arguments.sentences))
        size = articles.stat().st_size
        run = fresh_process(f"benchmarks.{NAME}", [*argv, "--articles", str(articles)], threads=arguments.threads)
    return run | {
        "bytes_of_articles": size,
        "documents_per_second": run["n_documents"] / run["seconds"],
        "documents_per_core_second": run["n_documents"] / run["processor_seconds"],
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Measures each number of documents, or with --result reads once, in the process it is called in."""
    parser = parser_of(NAME, __doc__)
    parser.add_argument("--documents", type=int, nargs="+", default=[200, 1000], help="numbers of articles")
    parser.add_argument("--sentences", type=int, default=None, help="documents of so many sentences of one text")
    parser.add_argument("--model", default=BUILTIN, help="a folder, or builtin")
    parser.add_argument("--engine", default="local", help="local or ray")
    parser.add_argument("--actors", type=int, default=None, help="of Ray")
    parser.add_argument("--table", action="store_true", help="pool them in a table too")
    parser.add_argument("--articles", help=argparse.SUPPRESS)
    parser.add_argument("--result", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    if arguments.result is not None:
        write_json(arguments.result, read_articles(arguments))
        return
    config = train_config(arguments.overrides)
    rows = rows_in(config, "train")
    before = machine(arguments.threads)
    runs = {}
    for n_documents in arguments.documents:
        run = measured(n_documents, rows, config.seed, arguments_given(argv), arguments)
        runs[str(n_documents)] = run
        print(
            f"{n_documents} articles: {run['documents_per_second']:.2f} a second, "
            f"{run['documents_per_core_second']:.2f} a second of a core, peak {run['peak_rss_mib']:.0f} MiB",
            flush=True,
        )
    write_report(
        arguments.output,
        NAME,
        machine=before,
        content={"model": arguments.model, "sentences": arguments.sentences, "runs": runs},
    )


if __name__ == "__main__":
    run_main(main)
