"""Shows a training while it goes on: a bar with the newest loss and a table of the epochs, or plain lines."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress import TaskID
from rich.table import Table
from transformers import TrainerCallback, TrainingArguments

from govstance.progress import PlainLines, progress_display
from govstance.threads import process_rank


class AfterEpoch(TrainerCallback):
    """Calls a function with the number of each epoch that has ended, from 1."""

    def __init__(self, function: Callable[[int], None]):
        self._function = function

    def on_epoch_end(self, args: TrainingArguments, state: Any, control: Any, **kwargs: Any) -> None:
        """Calls it."""
        self._function(round(state.epoch or 0))


class TrainingProgress(TrainerCallback):
    """In place of the Trainer's own bar and its printed line per log entry; `close` it whatever happens."""

    def __init__(self, console: Console | None = None):
        self._console = console or Console(stderr=True)
        self._bar = progress_display(self._console)
        self._live: Live | None = None
        self._lines: PlainLines | None = None
        self._epochs = Table("epoch", "mean loss", "learning rate", "seconds")
        self._losses: list[float] = []
        self._task = TaskID(0)
        self._note = ""
        self._rate = 0.0
        self._epoch_started = 0.0

    def on_train_begin(self, args: TrainingArguments, state: Any, control: Any, **kwargs: Any) -> None:
        """Opens the display."""
        if process_rank() > 0:
            return
        if self._console.is_terminal:
            self._task = self._bar.add_task("training", total=state.max_steps, note="steps")
            self._live = Live(Group(self._epochs, self._bar), console=self._console)
            self._live.start()
        else:
            self._lines = PlainLines("training", total=state.max_steps, unit="step")

    def on_epoch_begin(self, args: TrainingArguments, state: Any, control: Any, **kwargs: Any) -> None:
        """Starts the clock and the mean."""
        self._losses, self._epoch_started = [], time.monotonic()

    def on_step_end(self, args: TrainingArguments, state: Any, control: Any, **kwargs: Any) -> None:
        """Moves the bar."""
        if self._live is not None:
            self._bar.update(self._task, completed=state.global_step, note=self._note or "steps")
        if self._lines is not None:
            self._lines.advance(1, f", {self._note}" if self._note else "")

    def on_log(
        self, args: TrainingArguments, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> None:
        """Takes the newest loss."""
        if logs and "loss" in logs:
            self._losses.append(float(logs["loss"]))
            self._rate = float(logs.get("learning_rate", 0.0))
            self._note = f"loss {self._losses[-1]:.3f}"

    def on_epoch_end(self, args: TrainingArguments, state: Any, control: Any, **kwargs: Any) -> None:
        """Adds a line to the table."""
        mean = f"{sum(self._losses) / len(self._losses):.3f}" if self._losses else "-"
        seconds = f"{time.monotonic() - self._epoch_started:.0f}"
        self._epochs.add_row(f"{round(state.epoch or 0)}", mean, f"{self._rate:.1e}", seconds)

    def close(self) -> None:
        """Ends the display."""
        if self._live is not None:
            self._live.stop()
        if self._lines is not None:
            self._lines.finish(f", {self._note}" if self._note else "")
