"""Serving: documents a second, seconds an answer, errors and memory of scripts/serve.py under 1, 8 and 64 connections.

Server and clients are processes of their own on one machine and talk over loopback, so the clients take their share of
the cores. Each connection posts articles of English corpus texts, one a request, one after the other.
"""

import argparse
import contextlib
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import psutil

from benchmarks.articles import articles_of
from benchmarks.common import fresh_process, machine, parser_of, rows_in, run_main, train_config, write_report
from govstance.config import PROJECT_ROOT
from govstance.errors import GovstanceError
from govstance.files import write_json
from govstance.jobs.places import BUILTIN

NAME = "serving"
N_ARTICLES = 64
START_SECONDS = 900.0
MEMORY_EVERY_SECONDS = 1.0


@contextlib.contextmanager
def server(arguments: argparse.Namespace) -> Iterator[tuple[str, psutil.Process]]:
    """scripts/serve.py on a free port, with the model loaded: (address, process); stopped by SIGTERM at the end."""
    command = [sys.executable, str(PROJECT_ROOT / "scripts" / "serve.py"), f"model={arguments.model}", "port=0"]
    environment = os.environ | {"OMP_NUM_THREADS": str(arguments.threads), "HF_HUB_OFFLINE": "1"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        address = re.search(r"http://\S+", first)
        try:
            if address is None:
                raise GovstanceError(f"expected the address of the server, found {first!r}; what went wrong is above.")
            _wait_until_ready(address.group(), process)
            yield address.group(), psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait()


def _wait_until_ready(address: str, process: "subprocess.Popen[str]") -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(httpx2.HTTPError):
            if httpx2.get(f"{address}/healthz", timeout=10).status_code == 200:
                return
        time.sleep(0.5)
    raise GovstanceError(f"expected a server that is ready in {START_SECONDS:g} s, found none at {address}.")


@contextlib.contextmanager
def memory_of(process: psutil.Process) -> Iterator[list[tuple[float, float]]]:
    """Collects (seconds since the start, resident MiB) of a process while the block runs."""
    samples: list[tuple[float, float]] = []
    ended = threading.Event()
    started = time.monotonic()

    def sample() -> None:
        while not ended.wait(MEMORY_EVERY_SECONDS):
            with contextlib.suppress(psutil.Error):
                samples.append((time.monotonic() - started, process.memory_info().rss / 2**20))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield samples
    finally:
        ended.set()
        thread.join()


def summary(loaded: dict[str, Any]) -> dict[str, Any]:
    """Of one load: documents a second, seconds an answer, and what was not answered."""
    latencies = loaded["latencies"]
    p50, p99 = np.percentile(latencies, [50, 99]).tolist() if latencies else (None, None)
    return {
        "documents": len(latencies),
        "documents_per_second": len(latencies) / loaded["seconds"],
        "p50_seconds": p50,
        "p99_seconds": p99,
        "errors": {outcome: count for outcome, count in loaded["outcomes"].items() if outcome != "200"},
    }


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Loads one server with each number of connections in turn, after one article to warm up."""
    config = train_config(arguments.overrides)
    articles = articles_of(rows_in(config, "dev"), N_ARTICLES, n_words=arguments.words, seed=0)
    texts = [article.text for article in articles]
    seconds = arguments.minutes * 60 / len(arguments.connections) if arguments.minutes else arguments.seconds
    content: dict[str, Any] = {"words": arguments.words, "seconds": seconds, "connections": {}}
    with tempfile.TemporaryDirectory() as folder, server(arguments) as (address, process):
        path = Path(folder) / "texts.json"
        write_json(path, texts)
        httpx2.post(f"{address}/v1/stances", json={"documents": [{"text": texts[0]}]}, timeout=START_SECONDS)
        with memory_of(process) as samples:
            for count in arguments.connections:
                given = [address, str(path), "--connections", str(count), "--seconds", str(seconds)]
                loaded = fresh_process("benchmarks.clients", given, threads=1)
                content["connections"][count] = summary(loaded) | {"outcomes": loaded["outcomes"]}
                told = summary(loaded)
                waits = ", ".join(f"{name} {told[f'{name}_seconds'] or 0:.2f} s" for name in ("p50", "p99"))
                rate = f"{told['documents_per_second']:.1f} documents a second"
                print(f"{count} connections: {rate}, {waits}, errors: {told['errors'] or 'none'}", flush=True)
        content["model"] = httpx2.get(f"{address}/v1/model", timeout=START_SECONDS).json()["model"]
    content["memory_mib"] = samples
    return content


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the benchmark and writes outputs/benchmarks/serving.json."""
    parser = parser_of(NAME, __doc__)
    parser.add_argument("--model", default=BUILTIN, help="a run folder, a model folder or builtin")
    parser.add_argument("--connections", nargs="+", type=int, default=[1, 8, 64])
    parser.add_argument("--seconds", type=float, default=20.0, help="for each number of connections")
    parser.add_argument("--minutes", type=float, help="for all of them together, in place of --seconds")
    parser.add_argument("--words", type=int, default=200, help="of an article")
    arguments = parser.parse_intermixed_args(argv)
    before = machine(arguments.threads)
    content = measure(arguments)
    resident = [mib for _, mib in content["memory_mib"]]
    if resident:
        print(f"memory of the server: {resident[0]:.0f} MiB, then {resident[-1]:.0f}, at most {max(resident):.0f}")
    write_report(arguments.output, NAME, machine=before, content=content)


if __name__ == "__main__":
    run_main(main)
