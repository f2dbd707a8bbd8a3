"""Keeps a training small: gives memory that freed tensors of many sizes leave behind back to the system.

Batches differ in length, so the C library's heap fills with gaps that fit no later tensor, some hundred megabytes
of them.
"""

import ctypes
from typing import Any

from transformers import TrainerCallback, TrainingArguments

# A call takes 0.04 s, a step of the default a third of a second.
STEPS_BETWEEN = 10


def trim_memory() -> bool:
    """Gives free pages of the heap back; returns whether the C library can do so (glibc can)."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library, or none that can be looked into
        return False
    trim(0)
    return True


class TrimMemory(TrainerCallback):
    """Trims the heap every few steps and when training ends."""

    def on_step_end(self, args: TrainingArguments, state: Any, control: Any, **kwargs: Any) -> None:
        """After every tenth step."""
        if state.global_step % STEPS_BETWEEN == 0:
            trim_memory()

    def on_train_end(self, args: TrainingArguments, state: Any, control: Any, **kwargs: Any) -> None:
        """Before calibration needs room."""
        trim_memory()
