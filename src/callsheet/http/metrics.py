"""Metrics: how many answers this process gave, of which kind, and how long it took to make them."""

from typing import Final, NamedTuple

from callsheet.api.request import Request, find_model_id
from callsheet.domain.errors import APIError

_BUCKETS: Final = 24  # powers of two: below 1, 2, 4 … microseconds, up to eight seconds and more


class Label(NamedTuple):
    """What kind of answer it was."""

    route: str
    status: int
    dialect: str


class Metrics:
    """Counts answers and the time they took, at a fraction of a microsecond each.

    Parts of a process that count must do so on one thread, as the event loop does.
    """

    def __init__(self) -> None:
        self.answers: dict[Label, int] = {}
        self.durations = [0] * _BUCKETS
        """How many answers took less than 2**n microseconds, and no less than half of that, by n."""
        self.seconds = 0.0
        self.remembered = 0
        """Answers that came from the memo."""

    def count(self, label: Label, seconds: float) -> None:
        """Count an answer that took ``seconds``."""
        answers = self.answers
        answers[label] = answers.get(label, 0) + 1
        self.seconds += seconds
        power = int(seconds * 1e6).bit_length()
        self.durations[power if power < _BUCKETS else _BUCKETS - 1] += 1


def label(request: Request, status: int, *, to_openai: bool) -> Label:
    """Return of what kind the answer to ``request`` is."""
    try:
        route = "list" if find_model_id(request.path) is None else "retrieve"
    except APIError:
        route = "other"
    return Label(route, status, "openai" if to_openai else "anthropic")


def render(metrics: Metrics, gauges: dict[str, tuple[str, float]]) -> str:
    """Return the figures in Prometheus' text format.

    Parameters
    ----------
    metrics
        Of this process.
    gauges
        Name to a sentence and the present value.
    """
    lines = ["# HELP callsheet_requests_total Answers given.", "# TYPE callsheet_requests_total counter"]
    for (route, status, dialect), count in sorted(metrics.answers.items()):
        labels = f'route="{route}",status="{status}",dialect="{dialect}"'
        lines.append(f"callsheet_requests_total{{{labels}}} {count}")
    lines += [
        "# HELP callsheet_request_seconds Time it took to make an answer.",
        "# TYPE callsheet_request_seconds histogram",
    ]
    total = 0
    for power, count in enumerate(metrics.durations):
        total += count
        edge = "+Inf" if power == _BUCKETS - 1 else f"{2**power / 1e6:g}"
        lines.append(f'callsheet_request_seconds_bucket{{le="{edge}"}} {total}')
    lines += [f"callsheet_request_seconds_sum {metrics.seconds:.6f}", f"callsheet_request_seconds_count {total}"]
    lines += [
        "# HELP callsheet_memo_hits_total Answers given from the memo.",
        "# TYPE callsheet_memo_hits_total counter",
        f"callsheet_memo_hits_total {metrics.remembered}",
    ]
    for name, (sentence, value) in gauges.items():
        lines += [f"# HELP {name} {sentence}", f"# TYPE {name} gauge", f"{name} {value:g}"]
    return "\n".join(lines) + "\n"
