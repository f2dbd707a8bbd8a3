"""Progress of work that takes a while: a bar on a terminal, a plain line now and then where the output goes elsewhere.

All of it goes to standard error. Of several processes that train one model only the first shows any.
"""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from govstance.threads import process_rank

SECONDS_BETWEEN_LINES = 15.0
# Of the bar's rate: where books are read, a minute may pass between two advances.
SECONDS_OF_RATE = 600.0


@contextlib.contextmanager
def progress(
    description: str, *, total: int | None, unit: str, done: int = 0, rate: bool = False
) -> Iterator[Callable[[int], None]]:
    """Shows how far some work is.

    Args:
        description: What is done.
        total: Of the units; None where nobody knows.
        unit: Their name, in the singular.
        done: Units that were done before, in no time of this run.
        rate: Whether units a second are shown.

    Yields:
        A function that takes the number of units done since the last call.
    """
    if process_rank() > 0:
        yield lambda done: None
        return
    console = Console(stderr=True)
    if console.is_terminal:
        with progress_display(console, rate=rate) as display:
            task = display.add_task(description, total=total, completed=done, note=f"{unit}s")
            yield lambda done: display.advance(task, done)
        return
    lines = PlainLines(description, total=total, unit=unit, done=done, rate=rate)
    yield lines.advance
    lines.finish()


def progress_display(console: Console, *, rate: bool = False) -> Progress:
    """The house's bar: description, bar, count, note, time left. Its tasks have a field `note`."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        *([_Rate()] if rate else []),
        TimeRemainingColumn(),
        console=console,
        speed_estimate_period=SECONDS_OF_RATE,
    )


class _Rate(ProgressColumn):
    """Units a second, in words."""

    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:.1f} a second")


class PlainLines:
    """A line at the end, and one every quarter of a minute before it."""

    def __init__(self, description: str, *, total: int | None, unit: str, done: int = 0, rate: bool = False):
        self._description = description
        self._total = total
        self._unit = unit
        self._before = self._done = done
        self._rate = rate
        self._started = self._printed = time.monotonic()

    def advance(self, done: int, note: str = "") -> None:
        """Counts, and prints where it is time to."""
        self._done += done
        moment = time.monotonic()
        if moment - self._printed >= SECONDS_BETWEEN_LINES and (self._total is None or self._done < self._total):
            self._printed = moment
            passed, here = moment - self._started, max(self._done - self._before, 1)
            left = "" if self._total is None else f", about {duration(passed * (self._total - self._done) / here)} left"
            self._print(f"{self._rate_text(passed)}{left}{note}")

    def finish(self, note: str = "") -> None:
        """Prints the last line."""
        passed = time.monotonic() - self._started
        self._print(f"{self._rate_text(passed)}, {duration(passed)}{note}")

    def _rate_text(self, passed: float) -> str:
        return f", {(self._done - self._before) / max(passed, 1e-9):.1f} a second" if self._rate else ""

    def _print(self, rest: str) -> None:
        of = "" if self._total is None else f" of {self._total}"
        print(f"{self._description}: {self._done}{of} {self._unit}s{rest}", file=sys.stderr, flush=True)


def duration(seconds: float) -> str:
    """A time in words: 45 s, 12 min, 3 h 20 min, 2 d 4 h."""
    minutes = round(seconds / 60)
    if seconds < 180:
        return f"{seconds:.0f} s"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"
