"""What is counted, for Prometheus: requests, documents, seconds, batches, the queue, memory."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

# From a short statement read at once to the time-out.
SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 60.0, 120.0)
DOCUMENTS = (1, 2, 4, 8, 16, 32)


class Metrics:
    """The figures of one server.

    Args:
        queued: Tells how many documents wait.
        in_flight: Tells how many requests have begun.
    """

    def __init__(self, *, queued: Callable[[], int], in_flight: Callable[[], int]):
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "govstance_requests", "Requests answered.", ["method", "path", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "govstance_request_seconds",
            "From the first byte of a request to its answer.",
            ["path"],
            buckets=SECONDS,
            registry=self._registry,
        )
        self._documents = Counter("govstance_documents", "Documents read by the model.", registry=self._registry)
        self._batches = Histogram(
            "govstance_batch_documents",
            "Documents in one call of the model.",
            buckets=DOCUMENTS,
            registry=self._registry,
        )
        queue = Gauge("govstance_queue_documents", "Documents that wait to be read.", registry=self._registry)
        queue.set_function(queued)
        requests = Gauge("govstance_requests_in_flight", "Requests begun, not yet answered.", registry=self._registry)
        requests.set_function(in_flight)
        ProcessCollector(registry=self._registry)

    def count_request(self, method: str, path: str, status: int, seconds: float) -> None:
        """One request, answered or refused; `path` is one of few, or the list of figures would grow without end."""
        self._requests.labels(method, path, str(status)).inc()
        self._seconds.labels(path).observe(seconds)

    def count_batch(self, n_documents: int) -> None:
        """One call of the model."""
        self._documents.inc(n_documents)
        self._batches.observe(n_documents)

    def text(self) -> bytes:
        """All figures in the text form of Prometheus."""
        return generate_latest(self._registry)
