"""ViewMemory: what all views take together; the one used longest ago goes first."""

from collections.abc import Callable
from itertools import count
from typing import Final, Generic, Protocol, TypeVar

#: Of all views together, beside the JSON of models, of which they share one copy.
MAX_VIEWS_BYTES: Final = 512 * 2**20
#: So many, those used last, are kept however large they are: of a huge catalogue, two may take more than the above.
MIN_VIEWS: Final = 16

_DROP_BATCH_FRACTION: Final = 8  # an eighth of the bytes is freed at once, as counting and sorting takes time


class Measurable(Protocol):
    """A view, as its memory knows it; compared by identity."""

    last_used: int
    """What `ViewMemory.use` returned when a request last reached it."""

    def measure(self) -> int:
        """Return about how many bytes it takes."""

    def forget(self) -> None:
        """Drop what was encoded."""


V = TypeVar("V", bound=Measurable)


class ViewMemory(Generic[V]):
    """The views that take memory, and how much that is.

    A view that was dropped may still be held by a caller, for whom it encodes again; then it is here again.

    Parameters
    ----------
    max_bytes
        Of all views together; the last `MIN_VIEWS` that were used may take more.
    on_drop
        Called with each view that is dropped.
    """

    __slots__ = ("_max_bytes", "_most_bytes", "_on_drop", "_views", "use")

    def __init__(self, on_drop: Callable[[V], object], max_bytes: int = MAX_VIEWS_BYTES) -> None:
        self._max_bytes = max_bytes
        self._most_bytes = 0  # that they can take; when this is too much, they are measured
        self._on_drop = on_drop
        self._views: dict[V, None] = {}
        self.use: Callable[[], int] = count(1).__next__
        """Return the number of one more use."""

    def __len__(self) -> int:
        return len(self._views)

    def measure(self) -> int:
        """Return about how many bytes all of them take."""
        return sum([view.measure() for view in list(self._views)])

    def has_room(self) -> bool:
        """Return whether a view can take more without another being dropped for it."""
        enough = self._max_bytes - self._max_bytes // _DROP_BATCH_FRACTION
        if self._most_bytes > enough:
            self._most_bytes = self.measure()
        return self._most_bytes <= enough

    def add(self, view: V, size_bytes: int) -> None:
        """Note that ``view``, which is in use, takes so many bytes more."""
        self._views[view] = None
        self._most_bytes += size_bytes
        if self._most_bytes > self._max_bytes:
            self._make_room(view)

    def remove(self, view: V) -> None:
        """Note that ``view`` has been dropped, or replaced; another thread may call this."""
        self._views.pop(view, None)

    def _make_room(self, used: V) -> None:
        """Drop views, the one used longest ago first, but never ``used``."""
        sizes = {view: view.measure() for view in list(self._views)}
        total = sum(sizes.values())
        if total > self._max_bytes:
            enough = self._max_bytes - self._max_bytes // _DROP_BATCH_FRACTION
            oldest = sorted(sizes, key=lambda view: view.last_used)
            for view in oldest[: max(0, len(oldest) - MIN_VIEWS)]:
                if total <= enough:
                    break
                if view is not used:
                    self.remove(view)
                    view.forget()
                    self._on_drop(view)
                    total -= sizes[view]
        self._most_bytes = total
