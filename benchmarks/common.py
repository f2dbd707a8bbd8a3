"""What the benchmarks share: rows, fresh processes, medians, a description of the machine, the JSON report.

Owns nothing that is measured, and imports no torch, whose memory would count for engines that need none. Each
benchmark is a module run from the project folder (`python -m benchmarks.training`): as a plain file, `profile.py` would
hide the module of that name that torch needs.
"""

import argparse
import os
import platform
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from hydra import compose, initialize_config_dir

from govstance.config import PROJECT_ROOT, TrainConfig, register_schemas, to_dataclass
from govstance.corpus.reader import read_rows
from govstance.corpus.splits import in_split, with_splits, without_sources
from govstance.errors import EXIT_STATUS_BAD_INPUT, GovstanceError
from govstance.files import expand_patterns, path_from_here, read_json, write_json
from govstance.jobs.places import targets_of_corpus
from govstance.schema import Row
from govstance.training.run_folder import now


def parser_of(name: str, description: str | None) -> argparse.ArgumentParser:
    """A parser with what all benchmarks take.

    Args:
        name: Of the benchmark, and of its JSON file.
        description: For --help.
    """
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks.{name}",
        description=description,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--threads", type=int, default=2, help="threads of the matrix library")
    output = PROJECT_ROOT / "outputs" / "benchmarks" / f"{name}.json"
    parser.add_argument("--output", type=Path, default=output, help="JSON file to write")
    parser.add_argument("overrides", nargs="*", help="settings of configs/train.yaml, such as experiment=full")
    return parser


def run_main(main: Callable[[], None]) -> None:
    """Runs a benchmark; an error that the user can mend ends it with its message and exit status 2."""
    try:
        main()
    except GovstanceError as error:
        print(error, file=sys.stderr)
        sys.exit(EXIT_STATUS_BAD_INPUT)


def train_config(overrides: Sequence[str]) -> TrainConfig:
    """configs/train.yaml with overrides: where the rows are, and how our model is trained."""
    register_schemas()
    with initialize_config_dir(str(PROJECT_ROOT / "configs"), version_base="1.3"):
        return to_dataclass(compose("train", list(overrides)), TrainConfig)


def rows_in(config: TrainConfig, split: str) -> list[Row]:
    """The rows that training would use of a split."""
    target_ids = [target.id for target in targets_of_corpus(config.paths, config.corpus)]
    rows = with_splits(read_rows(expand_patterns(config.corpus.files, option="corpus.files"), target_ids))
    return in_split(without_sources(rows, config.corpus.not_trained_on), split)


def whole_texts(rows: Sequence[Row], n_rows: int, *, seed: int) -> list[Row]:
    """Rows of texts drawn at random, all governments of a text together, until there are at least `n_rows`.

    Raises:
        GovstanceError: There are fewer rows.
    """
    if len(rows) < n_rows:
        raise GovstanceError(f"expected at least {n_rows} rows to draw from, found {len(rows)}: ask for fewer rows.")
    of_text: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        of_text.setdefault((row.text, row.lang), []).append(row)
    texts = list(of_text.values())
    chosen: list[Row] = []
    for index in np.random.default_rng(seed).permutation(len(texts)):
        if len(chosen) >= n_rows:
            break
        chosen += texts[index]
    return chosen


def one_of_each_language(rows: Sequence[Row]) -> list[Row]:
    """Rows to warm up with: the names of governments in a language are compiled when it is first met."""
    return list({row.lang: row for row in rows}.values())


def fresh_process(module: str, arguments: Sequence[str], *, threads: int) -> dict[str, Any]:
    """Runs `python -m module arguments --result FILE` and returns what it wrote there.

    Raises:
        GovstanceError: It failed; its own message is above on standard error.
    """
    environment = {
        "OMP_NUM_THREADS": str(threads),
        "RAYON_NUM_THREADS": str(threads),  # of the tokenizers
        "HF_HUB_OFFLINE": "1",
        "CUDA_VISIBLE_DEVICES": "",  # all contenders are measured on the processor
    }
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        command = [sys.executable, "-m", module, *arguments, "--result", str(result)]
        status = subprocess.run(command, env=os.environ | environment, stdout=sys.stderr).returncode
        if status != 0 or not result.is_file():
            raise GovstanceError(
                f"expected a result of `{' '.join(command[1:])}`, found exit status {status}. Run it from the project "
                "folder; what went wrong is above."
            )
        value: dict[str, Any] = read_json(result)
        return value


def arguments_given(argv: Sequence[str] | None) -> list[str]:
    """The command line, for a fresh process of the same benchmark."""
    return list(sys.argv[1:] if argv is None else argv)


def interleaved(
    measure: Callable[[str], dict[str, Any]], contenders: Sequence[str], repetitions: int
) -> dict[str, list[dict[str, Any]]]:
    """Measures all contenders in turn, every other round backwards, so that a drift of the machine meets all alike."""
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in contenders}
    for repetition in range(repetitions):
        for name in contenders if repetition % 2 == 0 else reversed(contenders):
            print(f"round {repetition + 1} of {repetitions}: {name}", file=sys.stderr, flush=True)
            results[name].append(measure(name))
    return results


def medians(runs: Mapping[str, Sequence[Mapping[str, float]]], key: str) -> dict[str, float]:
    """The median of one figure per contender."""
    return {name: statistics.median(run[key] for run in of_name) for name, of_name in runs.items()}


def seconds_of(function: Callable[[], object]) -> float:
    """Wall time of one call."""
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def peak_rss_mib() -> float:
    """Peak memory of this process.

    Not `getrusage` on Linux: there a new process starts with the peak of the one that started it.
    """
    status = Path("/proc/self/status")
    peak = re.search(r"VmHWM:\s*(\d+) kB", status.read_text(encoding="utf-8")) if status.is_file() else None
    if peak is not None:
        return int(peak.group(1)) / 1024
    unit = 2**20 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def machine(threads: int) -> dict[str, Any]:
    """What the numbers were measured on, and how busy it was before."""
    import torch
    import transformers

    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.processor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": platform.system(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "threads": threads,
        "load_average_before": os.getloadavg()[0],
    }


def write_report(path: Path, name: str, *, machine: Mapping[str, Any], content: Mapping[str, Any]) -> None:
    """Writes the JSON file of a benchmark and says where it lies."""
    git = subprocess.run(["git", "-C", str(PROJECT_ROOT), "rev-parse", "HEAD"], capture_output=True, text=True)
    head = {
        "benchmark": name,
        "command": ["python", "-m", f"benchmarks.{name}", *sys.argv[1:]],
        "finished": now().isoformat(timespec="seconds"),
        "commit": git.stdout.strip() or None,
        "machine": dict(machine),
    }
    write_json(path, head | dict(content))
    print(f"raw numbers: {path_from_here(path)}")
