"""Progress is a bar on a terminal and plain lines elsewhere."""

import io

from rich.console import Console
from transformers import TrainerControl, TrainerState, TrainingArguments

from govstance import progress as module
from govstance.progress import progress
from govstance.training import memory
from govstance.training.training_progress import TrainingProgress


def read_four_rows():
    with progress("reading", total=4, unit="row") as advance:
        advance(2)
        advance(2)


def test_plain_lines_where_there_is_no_terminal(capsys, monkeypatch):
    read_four_rows()
    assert capsys.readouterr().err == "reading: 4 of 4 rows, 0 s\n"
    monkeypatch.setattr(module, "SECONDS_BETWEEN_LINES", 0.0)
    read_four_rows()
    assert capsys.readouterr().err == "reading: 2 of 4 rows, about 0 s left\nreading: 4 of 4 rows, 0 s\n"


def test_only_the_first_of_several_processes_shows_any(capsys, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    read_four_rows()
    assert capsys.readouterr().err == ""


def train_two_steps(shown: TrainingProgress, folder) -> None:
    arguments = TrainingArguments(output_dir=str(folder), use_cpu=True)
    state, control = TrainerState(), TrainerControl()
    state.max_steps, state.epoch = 2, 1.0
    shown.on_train_begin(arguments, state, control)
    shown.on_epoch_begin(arguments, state, control)
    for step, loss in ((1, 0.75), (2, 0.25)):
        state.global_step = step
        shown.on_log(arguments, state, control, logs={"loss": loss, "learning_rate": 1e-3})
        shown.on_step_end(arguments, state, control)
    shown.on_epoch_end(arguments, state, control)
    shown.close()


def test_training_shows_a_table_of_epochs_on_a_terminal(tmp_path):
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    train_two_steps(TrainingProgress(console), tmp_path)
    text = console.file.getvalue()
    assert "2/2" in text
    assert "loss 0.250" in text
    (row,) = [line for line in text.splitlines()[-8:] if "1.0e-03" in line]
    assert "0.500" in row


def test_training_writes_lines_elsewhere(tmp_path, capsys):
    train_two_steps(TrainingProgress(), tmp_path)
    assert capsys.readouterr().err == "training: 2 of 2 steps, 0 s, loss 0.250\n"


def test_the_heap_is_trimmed_every_tenth_step_and_at_the_end(monkeypatch, tmp_path):
    calls = []
    monkeypatch.setattr(memory, "trim_memory", lambda: calls.append(1))
    callback, state = memory.TrimMemory(), TrainerState()
    arguments, control = TrainingArguments(output_dir=str(tmp_path), use_cpu=True), TrainerControl()
    for state.global_step in range(1, 26):
        callback.on_step_end(arguments, state, control)
    assert len(calls) == 2
    callback.on_train_end(arguments, state, control)
    assert len(calls) == 3


def test_a_c_library_that_cannot_trim_is_left_alone(monkeypatch):
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: object())
    assert not memory.trim_memory()
