"""Counters: requests in the present window of time, counted in the memory of this process.

Windows are measured by the monotonic clock, so setting the machine's clock does not change their length.

The library's storage of this kind starts a thread up to a hundred times a second, which searches all that it holds:
with 100,000 addresses that stopped the event loop for 20 ms at a time.
"""

from collections import OrderedDict, defaultdict
from typing import Any, Final, NamedTuple

from limits.aio.storage import Storage

from callsheet.service.clock import SYSTEM_CLOCK, Clock

#: Keys and addresses with windows of the same length; they take about 20 MB.
MAX_WINDOWS: Final = 100_000


class Window(NamedTuple):
    """A count, and when it ends by the monotonic clock."""

    hits: int
    end: float


class Counters(Storage):
    """A storage for the library `limits`, with fixed windows.

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
        # Ordered: of a plain dict, the first entry is hard to find once many before it are gone.
        self._windows: defaultdict[int, OrderedDict[str, Window]] = defaultdict(OrderedDict)

    @property
    def base_exceptions(self) -> type[Exception]:
        """Return the errors that a storage may raise; this one raises none."""
        return Exception

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count ``key``, in a window of ``expiry`` seconds that begins now if there is none; return the count."""
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
        """Return the count of ``key``."""
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
        """Return whether the storage is usable."""
        return True

    async def reset(self) -> int:
        """Forget everything."""
        dropped = sum(map(len, self._windows.values()))
        self._windows.clear()
        return dropped

    async def clear(self, key: str) -> Any:
        """Forget ``key``."""
        for windows in self._windows.values():
            windows.pop(key, None)
