"""Progress of work that takes a while: a bar on a terminal, a plain line now and then where the output goes elsewhere.

All of it goes to standard error. Of several processes that train one model only the first shows any.
"""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from govstance.threads import process_rank

SECONDS_BETWEEN_LINES = 15.0


@contextlib.contextmanager
def progress(description: str, *, total: int, unit: str) -> Iterator[Callable[[int], None]]:
    """Shows how far some work is.

    Args:
        description: What is done.
        total: Of the units.
        unit: Their name, in the singular.

    Yields:
        A function that takes the number of units done since the last call.
    """
    if process_rank() > 0:
        yield lambda done: None
        return
    console = Console(stderr=True)
    if console.is_terminal:
        with progress_display(console) as display:
            task = display.add_task(description, total=total, note=f"{unit}s")
            yield lambda done: display.advance(task, done)
        return
    lines = PlainLines(description, total=total, unit=unit)
    yield lines.advance
    lines.finish()


def progress_display(console: Console) -> Progress:
    """The house's bar: description, bar, count, note, time left. Its tasks have a field `note`."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(),
        console=console,
    )


class PlainLines:
    """A line at the end, and one every quarter of a minute before it."""

    def __init__(self, description: str, *, total: int, unit: str):
        self._description = description
        self._total = total
        self._unit = unit
        self._done = 0
        self._started = self._printed = time.monotonic()

    def advance(self, done: int, note: str = "") -> None:
        """Counts, and prints where it is time to."""
        self._done += done
        moment = time.monotonic()
        if moment - self._printed >= SECONDS_BETWEEN_LINES and self._done < self._total:
            self._printed = moment
            left = (moment - self._started) * (self._total - self._done) / max(self._done, 1)
            self._print(f", about {left:.0f} s left{note}")

    def finish(self, note: str = "") -> None:
        """Prints the last line."""
        self._print(f", {time.monotonic() - self._started:.0f} s{note}")

    def _print(self, rest: str) -> None:
        print(f"{self._description}: {self._done} of {self._total} {self._unit}s{rest}", file=sys.stderr, flush=True)
