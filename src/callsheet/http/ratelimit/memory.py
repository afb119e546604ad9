"""Counters: how often something happened in the present window of time, in the memory of this process.

Windows follow a clock that is never set, as the time of day is: a window that began stays as long as it is.

The library's own storage of this kind starts a thread up to a hundred times a second, which looks through all it
holds: with 100,000 addresses that stopped the event loop for 20 ms at a time.
"""

from collections import OrderedDict, defaultdict
from typing import Any, Final, NamedTuple

from limits.aio.storage import Storage

from callsheet.service.clock import SYSTEM_CLOCK, Clock

#: Keys and addresses with windows of the same length; they take about 20 MB.
MAX_WINDOWS: Final = 100_000


class Window(NamedTuple):
    """How often, and until when that counts, by the monotonic clock."""

    hits: int
    end: float


class Counters(Storage):
    """A storage for the library `limits`, for fixed windows.

    Windows of the same length end in the order in which they began, so those that are over are at the front.

    Parameters
    ----------
    clock
        Where the time comes from.
    max_windows
        Of the same length, at a time; the oldest are dropped for more.
    """

    STORAGE_SCHEME = None

    def __init__(self, clock: Clock = SYSTEM_CLOCK, *, max_windows: int = MAX_WINDOWS) -> None:
        super().__init__()
        self._clock = clock
        self._max_windows = max_windows
        # Ordered ones: of a plain dict, the first entry is hard to find once many before it are gone.
        self._windows: defaultdict[int, OrderedDict[str, Window]] = defaultdict(OrderedDict)

    @property
    def base_exceptions(self) -> type[Exception]:
        """Return what may go wrong: nothing does."""
        return Exception

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count, in a window of ``expiry`` seconds that begins now if there is none; return how often it was."""
        windows = self._windows[expiry]
        now = self._clock.monotonic()
        while windows and (next(iter(windows.values())).end <= now or len(windows) > self._max_windows):
            windows.popitem(last=False)
        known = windows.get(key)
        if known is None or known.end <= now:
            known = Window(0, now + expiry)
        windows[key] = Window(known.hits + amount, known.end)
        return known.hits + amount

    async def get(self, key: str) -> int:
        """Return how often."""
        return self._find(key).hits

    async def get_expiry(self, key: str) -> float:
        """Return when the window ends, in seconds since the epoch, as the library wants it."""
        return self._clock.time() + self._find(key).end - self._clock.monotonic()

    def _find(self, key: str) -> Window:
        now = self._clock.monotonic()
        for windows in self._windows.values():
            known = windows.get(key)
            if known is not None and known.end > now:
                return known
        return Window(0, now)

    async def check(self) -> bool:
        """Return whether it can be used."""
        return True

    async def reset(self) -> int:
        """Forget everything."""
        forgotten = sum(map(len, self._windows.values()))
        self._windows.clear()
        return forgotten

    async def clear(self, key: str) -> Any:
        """Forget ``key``."""
        for windows in self._windows.values():
            windows.pop(key, None)
