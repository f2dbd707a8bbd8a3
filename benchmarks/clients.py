"""The load of benchmarks/serving.py: so many connections in one process, each posting one document after the other."""

import argparse
import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx2

from govstance.files import read_json, write_json

# Longer than the server gives a request, so that it is the server that gives up.
TIMEOUT_SECONDS = 600.0


async def connection(url: str, texts: Iterator[str], until: float, answers: list[tuple[str, float]]) -> None:
    """Posts documents over one connection until a time; an outcome is a status or the name of an exception."""
    async with httpx2.AsyncClient(base_url=url, timeout=TIMEOUT_SECONDS) as client:
        while time.perf_counter() < until:
            started = time.perf_counter()
            try:
                reply = await client.post("/v1/stances", json={"documents": [{"text": next(texts)}]})
                outcome = str(reply.status_code)
                wait = float(reply.headers.get("retry-after", 0))
            except httpx2.HTTPError as error:
                outcome, wait = type(error).__name__, 1.0
            answers.append((outcome, time.perf_counter() - started))
            await asyncio.sleep(min(wait, max(0.0, until - time.perf_counter())))


async def load(url: str, texts: Sequence[str], connections: int, seconds: float) -> dict[str, Any]:
    """Loads a server; requests that are begun are waited for.

    Returns:
        seconds: Until the last answer; outcomes: how often each; latencies: seconds of each answer with status 200.
    """
    turn = itertools.cycle(texts)
    answers: list[tuple[str, float]] = []
    started = time.perf_counter()
    await asyncio.gather(*(connection(url, turn, started + seconds, answers) for _ in range(connections)))
    return {
        "seconds": time.perf_counter() - started,
        "outcomes": dict(Counter(outcome for outcome, _ in answers)),
        "latencies": [latency for outcome, latency in answers if outcome == "200"],
    }


def main() -> None:
    """Loads a server that runs, and writes what came of it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("texts", type=Path, help="JSON file with a list of texts")
    parser.add_argument("--connections", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--result", type=Path, required=True, help="JSON file to write")
    arguments = parser.parse_args()
    texts = read_json(arguments.texts)
    write_json(arguments.result, asyncio.run(load(arguments.url, texts, arguments.connections, arguments.seconds)))


if __name__ == "__main__":
    main()
