"""Threads of the matrix library, memory that is not given back too eagerly, and the processes of one training."""

import ctypes
import ctypes.util
import os
import sys

# glibc's own numbers for mallopt(3).
M_TRIM_THRESHOLD = -1
M_MMAP_THRESHOLD = -3
KEEP_BYTES = 2**30
THREADS_VARIABLE = "OMP_NUM_THREADS"
DEFAULT_ENGINE_THREADS = 2


def use_threads(count: int | None) -> None:
    """Sets the number of threads (None: the library's choice) and keeps freed memory in the process.

    By default glibc hands every large freed tensor back to the kernel, which then clears the pages again for
    the next one; on two cores that took a fifth of the training time.
    """
    if count is not None:
        os.environ[THREADS_VARIABLE] = str(count)  # torch reads it when it is imported, `engine_threads` later
        if "torch" in sys.modules:
            sys.modules["torch"].set_num_threads(count)
    if sys.platform == "linux":
        libc = ctypes.CDLL(ctypes.util.find_library("c"))
        if hasattr(libc, "mallopt"):  # musl has none
            libc.mallopt(M_MMAP_THRESHOLD, KEEP_BYTES)
            libc.mallopt(M_TRIM_THRESHOLD, KEEP_BYTES)


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
