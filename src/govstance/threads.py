"""Threads of the matrix library, memory that is not given back too eagerly, and the processes of one training."""

import ctypes
import ctypes.util
import gc
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

# glibc's own numbers for mallopt(3).
M_TRIM_THRESHOLD = -1
M_MMAP_THRESHOLD = -3
KEEP_BYTES = 2**30
THREADS_VARIABLE = "OMP_NUM_THREADS"
DEFAULT_ENGINE_THREADS = 2
# What Linux (proc(5), from 4.0 on) takes as: begin to watch for a new peak of resident memory.
CLEAR_REFS, FORGET_PEAK = Path("/proc/self/clear_refs"), "5"


def use_threads(count: int | None) -> None:
    """Sets the number of threads (None: the library's choice) and keeps freed memory in the process.

    By default glibc hands every large freed tensor back to the kernel, which then clears the pages again for
    the next one; on two cores that took a fifth of the training time.
    """
    if count is not None:
        os.environ[THREADS_VARIABLE] = str(count)  # torch reads it when it is imported, `engine_threads` later
        if "torch" in sys.modules:
            sys.modules["torch"].set_num_threads(count)
    libc = _glibc()
    if libc is not None:
        libc.mallopt(M_MMAP_THRESHOLD, KEEP_BYTES)
        libc.mallopt(M_TRIM_THRESHOLD, KEEP_BYTES)


def watch_peak_memory() -> Callable[[], int | None]:
    """Begins to watch the resident memory of this process, and returns what tells its peak since then.

    What earlier work of the process has freed is given back first: a cell of a sweep must not pay for the one before.

    Returns:
        A function that gives MiB, or None where the system does not tell: only Linux does.
    """
    gc.collect()
    libc = _glibc()
    if libc is not None:
        libc.malloc_trim(0)
    try:
        CLEAR_REFS.write_text(FORGET_PEAK)
    except OSError:
        return lambda: None
    return _peak_memory_mib


def _peak_memory_mib() -> int | None:
    found = re.search(r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(), flags=re.MULTILINE)
    return round(int(found[1]) / 1024) if found else None


def _glibc() -> ctypes.CDLL | None:
    """The C library where it is glibc; musl and other systems have no mallopt."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(ctypes.util.find_library("c"))
    return libc if hasattr(libc, "mallopt") else None


def engine_threads() -> int:
    """Threads for an engine that does not choose for itself: what `use_threads` or the environment says, else 2."""
    value = os.environ.get(THREADS_VARIABLE, "")
    return int(value) if value.isdigit() and int(value) > 0 else DEFAULT_ENGINE_THREADS


def process_rank() -> int:
    """The number of this process among those that train one model together, from torchrun; 0 leads, or is alone."""
    return int(os.environ.get("RANK", "0"))


def process_count() -> int:
    """How many processes train one model together, as torchrun sets it; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))
