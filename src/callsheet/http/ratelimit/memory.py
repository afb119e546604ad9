"""Rate limits counted in the memory of this process, at a fraction of a microsecond a request.

Windows are measured by the monotonic clock, so setting the machine's clock does not change their length.

The library `limits` asks its storage through five coroutines and a key that it writes for every count, which takes
ten times as long; its own storage starts a thread up to a hundred times a second, which searches all that it holds.
So only the notation of rates is the library's here. That the counts are the same is tested.
"""

from collections import OrderedDict
from typing import Final

from limits import RateLimitItem

from callsheet.http.ratelimit.limiter import ADDRESS, FAILURES, KEY, Client, Exceeded, RateLimits, network_of
from callsheet.service.clock import SYSTEM_CLOCK, Clock

#: Keys or addresses that are counted for one rate; they take about 20 MB.
MAX_WINDOWS: Final = 100_000

_DROP_BATCH_SIZE: Final = 16  # windows that are over, dropped whenever one begins


class Windows:
    """The present windows of one rate: how many requests of a key or an address each has admitted, and its end.

    All are equally long, so they end in the order in which they began: those that are over are at the front.

    Parameters
    ----------
    amount, seconds
        How many requests a window admits, and how long it is.
    max_windows
        At a time; the oldest are dropped for more.
    """

    __slots__ = ("_max_windows", "_windows", "amount", "seconds")

    def __init__(self, amount: int, seconds: float, max_windows: int = MAX_WINDOWS) -> None:
        self.amount = amount
        self.seconds = seconds
        self._max_windows = max_windows
        # Ordered: of a plain dict, the first entry is hard to find once many before it are gone.
        self._windows: OrderedDict[str, list[float]] = OrderedDict()

    def __len__(self) -> int:
        """Return how many there are, with some that are over."""
        return len(self._windows)

    def take(self, who: str, now: float) -> bool:
        """Count a request of ``who`` if its window has room; return whether it has."""
        window = self._windows.get(who)
        if window is None or window[1] <= now:
            return self._begin(who, now)
        if window[0] >= self.amount:
            return False
        window[0] += 1
        return True

    def full_until(self, who: str, now: float) -> float | None:
        """Return when the window of ``who`` ends, if it has no room; else None."""
        window = self._windows.get(who)
        if window is None or window[1] <= now:
            return None if self.amount else now + self.seconds
        return window[1] if window[0] >= self.amount else None

    def _begin(self, who: str, now: float) -> bool:
        """Begin a window with the first request, if that is one that it admits."""
        windows = self._windows
        windows.pop(who, None)
        for _ in range(min(_DROP_BATCH_SIZE, len(windows))):
            if next(iter(windows.values()))[1] > now and len(windows) < self._max_windows:
                break
            windows.popitem(last=False)
        admitted = min(self.amount, 1)
        windows[who] = [admitted, now + self.seconds]
        return bool(admitted)


class MemoryLimits(RateLimits):
    """Counts in this process. A request that is refused counts nowhere.

    Parameters
    ----------
    rates
        The limits for each kind of count; an empty list for no limit.
    clock
        Where the time comes from.
    max_windows
        As for `Windows`.
    """

    def __init__(
        self, rates: dict[str, list[RateLimitItem]], clock: Clock = SYSTEM_CLOCK, *, max_windows: int = MAX_WINDOWS
    ) -> None:
        super().__init__(clock)
        self._monotonic = clock.monotonic
        self._failures, self._addresses, self._keys = (
            [Windows(rate.amount, rate.get_expiry(), max_windows) for rate in rates[kind]]
            for kind in (FAILURES, ADDRESS, KEY)
        )
        self.needs_address = bool(self._failures or self._addresses)
        self._only = self._keys[0] if len(self._keys) == 1 and not self.needs_address else None

    def admits(self, client: Client, key_id: str | None) -> bool:
        """Count a request with the key ``key_id``, and return whether it may be answered.

        If not, `check` returns the error.
        """
        if self._only is not None and key_id is not None:  # the usual case, in fewer steps
            return self._only.take(key_id, self._monotonic())
        network = network_of(client[0]) if client and self.needs_address else ""
        return self._find_exceeded_now(network, key_id, failed=False) is None

    async def find_exceeded(
        self, network: str, key_id: str | None, *, failed: bool, again: bool = False
    ) -> Exceeded | None:
        """Count a request; return what it exceeds."""
        return self._find_exceeded_now(network, key_id, failed=failed, again=again)

    def _find_exceeded_now(
        self, network: str, key_id: str | None, *, failed: bool, again: bool = False
    ) -> Exceeded | None:
        now = self._monotonic()
        counted = []
        for kind, all_windows, who in (
            (FAILURES, self._failures, network),
            (ADDRESS, () if again else self._addresses, network),
            (KEY, self._keys, key_id),
        ):
            if not who:
                continue
            for windows in all_windows:
                end = windows.full_until(who, now)
                if end is not None:
                    return kind, end
                if kind is not FAILURES or failed:
                    counted.append((windows, who))
        for windows, who in counted:
            windows.take(who, now)
        return None
