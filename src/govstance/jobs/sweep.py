"""What is said at the end of a sweep: each cell with its state, and of those that failed the end of their logs."""

import sys
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig
from rich.console import Console

from govstance.files import path_from_here
from govstance.jobs.run_status import FAILED, FINISHED, SKIPPED, STATES, log_of, log_tail, status_of
from govstance.jobs.runs import run_records, show_runs

EXIT_STATUS_CELLS_FAILED = 1


class SweepSummary(Callback):
    """Hydra calls it at the end of a sweep, where a script's YAML names it."""

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Prints the cells; exits with 1 where one failed."""
        folders = [path for path in Path(config.hydra.sweep.dir).iterdir() if status_of(path) is not None]
        if not summarise_sweep(folders, Console(soft_wrap=True)):
            sys.exit(EXIT_STATUS_CELLS_FAILED)


def summarise_sweep(folders: list[Path], console: Console) -> bool:
    """Prints the table and the failures.

    Args:
        folders: Of the cells.
        console: To print to.

    Returns:
        Whether all cells are finished, now or before.
    """
    folders = sorted(folders, key=lambda path: (len(path.name), path.name))  # 2 before 10
    states = {folder: status for folder in folders if (status := status_of(folder)) is not None}
    show_runs(console, run_records(folders))
    counts = {state: sum(status.state == state for status in states.values()) for state in STATES}
    console.print(", ".join(f"{count} {state}" for state, count in counts.items() if count))
    for folder, status in states.items():
        if status.state == FAILED:
            console.out(f"\nfailed: {' '.join(status.overrides)}\nlog: {path_from_here(log_of(folder) or folder)}")
            for line in log_tail(folder):
                console.out(f"  {line}", highlight=False)
    return all(status.state in (FINISHED, SKIPPED) for status in states.values())
