"""Metrics: how many answers of each kind this process gave, and how long it took to make them."""

from enum import StrEnum
from http import HTTPStatus
from typing import Final, NamedTuple

from callsheet.api.request import find_model_id
from callsheet.domain.errors import APIError
from callsheet.http.metrics.families import Figures, Series, histogram

_BUCKET_COUNT: Final = 24  # powers of two: below 1, 2, 4 … microseconds, up to four seconds, and above


class Ordinary(StrEnum):
    """Why a request takes the ordinary path, through ASGI, where the server answers plain ones itself."""

    BUSY = "busy"
    """Another request of the connection is still being answered, the caller is slow, or much is left unread."""
    FORM = "form"
    """It has a body, is in pieces, follows another one at once, or is more than a plain head in another way."""
    PATH = "path"
    """Its method or path is not that of a request for models."""
    SETTING = "setting"
    """A setting wants all requests there: ``root_path``, or rate limits counted over the network."""
    REFUSED = "refused"
    """The answer is an error, and no gateway was asked about its key first."""
    LIMITED = "limited"
    """Its caller has sent too many, and no gateway was asked about its key first."""
    LARGE = "large"
    """The answer must be prepared first, or is sent in portions."""
    FAULT = "fault"
    """The fast path failed."""


class Label(NamedTuple):
    """By what answers are counted separately."""

    route: str
    status: int
    dialect: str
    is_delegated: bool = False

    def series(self) -> Series:
        """Return the figure that it counts towards: whose key it was is counted apart."""
        named = (("route", self.route), ("status", str(self.status)), ("dialect", str(self.dialect)))
        return Series("callsheet_requests_total", named)


class Tally:
    """The number of answers of one kind. Callers keep it, as looking it up for every answer takes longer."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


class Metrics:
    """Counts answers and the time they took, at a fraction of a microsecond each.

    Only one thread may count, which is that of the event loop.
    """

    def __init__(self) -> None:
        self._tallies: dict[Label, Tally] = {}
        self.durations = [0] * _BUCKET_COUNT
        """How many answers took less than 2**n microseconds, and no less than half of that, by n."""
        self.seconds = 0.0
        self.cache_hits = 0
        """Answers that came from a response cache."""
        self.ordinary = dict.fromkeys(Ordinary, 0)
        """Requests that took the ordinary path where there is a fast one, by reason."""
        self.fast_path_errors = 0
        """Requests that the fast path failed to answer; the ordinary path then answered them."""

    def tally(self, label: Label) -> Tally:
        """Return the counter of answers of this kind."""
        return self._tallies.setdefault(label, Tally())

    def count(self, tally: Tally, seconds: float) -> None:
        """Count an answer that took ``seconds``."""
        tally.count += 1
        self.seconds += seconds
        power = int(seconds * 1e6).bit_length()
        self.durations[power if power < _BUCKET_COUNT else _BUCKET_COUNT - 1] += 1

    def to_delegated_keys(self) -> int:
        """Return how many answers went to keys that a gateway knows; callable from any thread."""
        return sum(tally.count for label, tally in self._tallies.copy().items() if label.is_delegated)

    def figures(self) -> Figures:
        """Return all counts so far; callable from any thread."""
        tallies = self._tallies.copy()  # in one step: the event loop goes on counting
        answers = {label: tally.count for label, tally in tallies.items() if tally.count}
        found: Figures = {}
        for label, count in answers.items():
            found[label.series()] = found.get(label.series(), 0) + count
        edges = [f"{2**power / 1e6:g}" for power in range(_BUCKET_COUNT - 1)]
        found |= histogram("callsheet_request_seconds", edges, self.durations.copy(), self.seconds)
        found[Series("callsheet_memo_hits_total")] = self.cache_hits
        found |= {
            Series("callsheet_ordinary_path_requests_total", (("reason", str(reason)),)): count
            for reason, count in self.ordinary.items()
        }
        found[Series("callsheet_fast_path_errors_total")] = self.fast_path_errors
        found[Series("callsheet_rate_limited_total")] = sum(
            count for label, count in answers.items() if label.status == HTTPStatus.TOO_MANY_REQUESTS
        )
        return found


def route_of(path: bytes) -> str:
    """Return the route that ``path`` belongs to: ``list``, ``retrieve`` or ``other``."""
    try:
        return "list" if find_model_id(path) is None else "retrieve"
    except APIError:
        return "other"
