"""One worker thread that reads, in one call, what has come in since its last one.

Knows nothing of documents or HTTP: items in, a future each out. What is cancelled before its turn is not read, and an
item that can't be read fails alone.
"""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class QueueFullError(Exception):
    """There is no room for so many items.

    Args:
        seconds: In about how many there will be.
    """

    def __init__(self, seconds: int):
        super().__init__(f"the queue is full; room in about {seconds} s")
        self.seconds = seconds


@dataclass(frozen=True)
class _Waiting(Generic[Item, Answer]):
    item: Item
    since: float
    answer: "Future[Answer]" = field(default_factory=Future)


class Batcher(Generic[Item, Answer]):
    """Collects items of many threads for one reader.

    Args:
        read: Called in the worker thread; as many answers as items, in their order.
        batch_size: Items in one call, at most.
        wait_seconds: How long an item may wait for others, when nothing else is read.
        room: Items that may wait.
        on_batch: Told the number of items of each call.
    """

    def __init__(
        self,
        read: Callable[[Sequence[Item]], Sequence[Answer]],
        *,
        batch_size: int,
        wait_seconds: float,
        room: int,
        on_batch: Callable[[int], object] = lambda count: None,
    ):
        self._read = read
        self._batch_size = batch_size
        self._wait_seconds = wait_seconds
        self._room = room
        self._on_batch = on_batch
        self._waiting: deque[_Waiting[Item, Answer]] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._seconds_per_item = 0.0
        self._thread = threading.Thread(target=self._work, name="reader", daemon=True)

    @property
    def queued(self) -> int:
        """Items that wait for their turn."""
        return len(self._waiting)

    def start(self) -> None:
        """Starts to read."""
        self._thread.start()

    def stop(self, timeout_seconds: float) -> None:
        """Ends after the call in progress, if that ends in time; what still waits is cancelled."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
            for waiting in self._waiting:
                waiting.answer.cancel()
        if self._thread.is_alive():
            self._thread.join(timeout_seconds)

    def submit(self, items: Sequence[Item]) -> "list[Future[Answer]]":
        """Queues items, all or none.

        Raises:
            QueueFullError: There is no room for them all.
        """
        now = time.monotonic()
        added = [_Waiting[Item, Answer](item, now) for item in items]
        with self._changed:
            if self.queued + len(added) > self._room:
                raise QueueFullError(max(1, math.ceil(self.queued * self._seconds_per_item)))
            self._waiting.extend(added)
            self._changed.notify()
        return [waiting.answer for waiting in added]

    def cancel(self, answers: "Sequence[Future[Answer]]") -> None:
        """Gives up what is not begun yet; others may have its places."""
        with self._changed:
            for answer in answers:
                answer.cancel()
            self._waiting = deque(waiting for waiting in self._waiting if not waiting.answer.cancelled())

    def _work(self) -> None:
        while (batch := self._next_batch()) is not None:
            # From here on a future can't be cancelled any more.
            running = [waiting for waiting in batch if waiting.answer.set_running_or_notify_cancel()]
            if running:
                started = time.monotonic()
                self._answer(running)
                self._seconds_per_item = (time.monotonic() - started) / len(running)

    def _next_batch(self) -> "list[_Waiting[Item, Answer]] | None":
        """Waits for the next items; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopping)
            if self._stopping:
                return None
            left = self._waiting[0].since + self._wait_seconds - time.monotonic()
            self._changed.wait_for(lambda: self.queued >= self._batch_size or self._stopping, timeout=max(0.0, left))
            return [self._waiting.popleft() for _ in range(min(self._batch_size, self.queued))]

    def _answer(self, batch: "Sequence[_Waiting[Item, Answer]]") -> None:
        self._on_batch(len(batch))
        try:
            answered = list(zip(batch, self._read([waiting.item for waiting in batch]), strict=True))
        except Exception as error:
            if len(batch) == 1:
                batch[0].answer.set_exception(error)
                return
            # One of them can't be read; the others have their answers all the same.
            for waiting in batch:
                self._answer([waiting])
            return
        for waiting, answer in answered:
            waiting.answer.set_result(answer)
