"""Metrics of forwarding."""

from typing import Final

from callsheet.http.forward.refusal import Reason
from callsheet.http.metrics.families import Figures, Series, histogram

_EDGES: Final = (
    0.001,
    0.002,
    0.005,
    0.01,
    0.02,
    0.05,
    0.1,
    0.2,
    0.5,
    1.0,
    2.0,
    5.0,
    10.0,
    30.0,
    60.0,
    120.0,
    300.0,
)
_CLASSES: Final = ("1xx", "2xx", "3xx", "4xx", "5xx")


class ForwardMetrics:
    """Counts what is forwarded. Only the event loop counts; any thread may read."""

    def __init__(self) -> None:
        self.open = 0
        """Requests under way."""
        self.to_gateway = 0
        """Bytes of bodies of requests."""
        self.from_gateway = 0
        """Bytes of bodies of answers."""
        self.failures = dict.fromkeys(Reason, 0)
        self._answers = dict.fromkeys(_CLASSES, 0)
        self._first_bytes = [0] * (len(_EDGES) + 1)
        self._first_byte_seconds = 0.0

    def count_answer(self, status: int, seconds: float) -> None:
        """Count an answer whose head arrived ``seconds`` after its request was sent."""
        self._answers[_CLASSES[min(status // 100, len(_CLASSES)) - 1]] += 1
        self._first_byte_seconds += seconds
        bucket = next((number for number, edge in enumerate(_EDGES) if seconds <= edge), len(_EDGES))
        self._first_bytes[bucket] += 1

    def figures(self) -> Figures:
        """Return all counts so far."""
        found: Figures = {
            Series("callsheet_forward_requests_total", (("status", name),)): count
            for name, count in self._answers.items()
        }
        found[Series("callsheet_forward_requests_open")] = self.open
        for direction, count in (("to_gateway", self.to_gateway), ("from_gateway", self.from_gateway)):
            found[Series("callsheet_forward_bytes_total", (("direction", direction),))] = count
        for reason, count in self.failures.items():
            found[Series("callsheet_forward_failures_total", (("reason", str(reason)),))] = count
        edges = [f"{edge:g}" for edge in _EDGES]
        return found | histogram(
            "callsheet_forward_first_byte_seconds", edges, self._first_bytes.copy(), self._first_byte_seconds
        )
