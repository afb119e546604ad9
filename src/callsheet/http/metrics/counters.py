"""Metrics: how many answers this process gave, of which kind, and how long it took to make them."""

from typing import Final, NamedTuple

from callsheet.api.request import find_model_id
from callsheet.domain.errors import APIError
from callsheet.http.metrics.families import Figures, Series, histogram

_BUCKETS: Final = 24  # powers of two: below 1, 2, 4 … microseconds, up to eight seconds and more
_TOO_MANY: Final = 429


class Label(NamedTuple):
    """What kind of answer it was."""

    route: str
    status: int
    dialect: str


class Tally:
    """How many answers there were of one kind; counted here, as to look a label up for each takes longer."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


class Metrics:
    """Counts answers and the time they took, at a fraction of a microsecond each.

    Parts of a process that count must do so on one thread, as the event loop does.
    """

    def __init__(self) -> None:
        self._tallies: dict[Label, Tally] = {}
        self.durations = [0] * _BUCKETS
        """How many answers took less than 2**n microseconds, and no less than half of that, by n."""
        self.seconds = 0.0
        self.cache_hits = 0
        """Answers that came from a response cache."""
        self.fast_path_errors = 0
        """Requests that the fast path failed to answer; the ordinary path then answered them."""

    def tally(self, label: Label) -> Tally:
        """Return where answers of this kind are counted."""
        return self._tallies.setdefault(label, Tally())

    def count(self, tally: Tally, seconds: float) -> None:
        """Count an answer that took ``seconds``."""
        tally.count += 1
        self.seconds += seconds
        power = int(seconds * 1e6).bit_length()
        self.durations[power if power < _BUCKETS else _BUCKETS - 1] += 1

    def figures(self) -> Figures:
        """Return what was counted so far; any thread may ask."""
        tallies = self._tallies.copy()  # in one step, as the event loop goes on counting
        answers = {label: tally.count for label, tally in tallies.items() if tally.count}
        found: Figures = {
            Series(
                "callsheet_requests_total", tuple((name, str(value)) for name, value in label._asdict().items())
            ): count
            for label, count in answers.items()
        }
        edges = [f"{2**power / 1e6:g}" for power in range(_BUCKETS - 1)]
        found |= histogram("callsheet_request_seconds", edges, self.durations.copy(), self.seconds)
        found[Series("callsheet_memo_hits_total")] = self.cache_hits
        found[Series("callsheet_fast_path_errors_total")] = self.fast_path_errors
        found[Series("callsheet_rate_limited_total")] = sum(
            count for label, count in answers.items() if label.status == _TOO_MANY
        )
        return found


def route_of(path: bytes) -> str:
    """Return the route that ``path`` belongs to: ``list``, ``retrieve`` or ``other``."""
    try:
        return "list" if find_model_id(path) is None else "retrieve"
    except APIError:
        return "other"
