"""Rate limits: who has asked too often, by key and by address, and who has failed too often to authenticate.

Windows are fixed: the first request of a key begins one, and when that ends, all counts anew. That takes one number
for each key or address, and makes ``retry-after`` exact. The price: around the end of a window, twice the rate may
pass in a moment. Somebody who is refused is remembered until the window ends, so that refusing costs no count.
"""

from collections.abc import Awaitable, Callable
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from math import ceil
from typing import Final

from limits import RateLimitItem
from limits.aio.storage import Storage
from limits.aio.strategies import FixedWindowRateLimiter

from callsheet.api.authentication import authenticate
from callsheet.api.request import Request, bearer, read_headers
from callsheet.api.state import State
from callsheet.domain.errors import AuthenticationError, OverloadedError, RateLimitError
from callsheet.service.clock import SYSTEM_CLOCK, Clock

#: Keys and addresses, of one process.
MAX_BARRED: Final = 10_000
_MAX_ADDRESS_LENGTH: Final = 64  # characters of what a proxy may give instead of an address
_PREFIX_BITS: Final = 64  # of IPv6: what one subscriber commonly has

#: What is counted, and what is said to those who passed the limit.
KEY: Final = "key"
ADDRESS: Final = "address"
FAILURES: Final = "failures"
_MESSAGES: Final = {
    KEY: "Too many requests with this API key",
    ADDRESS: "Too many requests from this address",
    FAILURES: "Too many failed attempts to authenticate from this address",
}


class RateLimits:
    """Counts requests, and says which are too many.

    Parameters
    ----------
    rates
        By what is counted; an empty list is no limit.
    storage
        Where it is counted.
    clock
        Where the time comes from.
    max_barred
        How many keys and addresses are remembered as refused, so that refusing them again costs no count.
    """

    #: Whether a request can be judged without waiting for another machine; `admits` is only for those.
    at_once = True

    def __init__(
        self,
        rates: dict[str, list[RateLimitItem]],
        storage: Storage,
        clock: Clock = SYSTEM_CLOCK,
        *,
        max_barred: int = MAX_BARRED,
    ) -> None:
        self._rates = rates
        self._clock = clock
        self._max_barred = max_barred
        self._limiter = FixedWindowRateLimiter(storage)
        self._barred: dict[tuple[str, str], float] = {}

    async def check(self, state: State, request: Request, address: str) -> RateLimitError | None:
        """Count a request that came from ``address``; return why it is refused, or None."""
        key_id, failed = _authenticated(state, request)
        refused = await self._judge(_network(address), key_id, failed)
        if refused is None:
            return None
        kind, end = refused
        seconds = max(1, ceil(end - self._clock.monotonic()))
        return RateLimitError(f"{_MESSAGES[kind]}; try again in {seconds} s", seconds)

    def admits(self, client: tuple[str, int] | None, key_id: str | None) -> bool:
        """Count a request of the key ``key_id``, and return at once whether it may be answered.

        One that may not is counted no more when `check` is asked why.
        """
        judging = self._judge(_network(client[0] if client else ""), key_id, failed=False)
        try:
            judging.send(None)
        except StopIteration as end:
            return end.value is None
        raise RuntimeError("counting in memory had to wait")

    async def close(self) -> None:
        """Let go of what was opened."""

    async def _judge(self, network: str, key_id: str | None, failed: bool) -> tuple[str, float] | None:
        """What was counted when it became too much, and when it will be forgotten; None lets the request in.

        The time is monotonic: nobody is refused for longer, or let in sooner, when the clock is set.
        """
        now = self._clock.monotonic()
        for whose in ((FAILURES, network), (ADDRESS, network), (KEY, key_id or "")):
            end = self._barred.get(whose)
            if end is not None and end > now:
                return whose[0], end
        return await self._count(network, key_id, failed)

    async def _count(self, network: str, key_id: str | None, failed: bool) -> tuple[str, float] | None:
        test, hit = self._limiter.test, self._limiter.hit
        refused = None
        if network:
            refused = await self._ask(test, FAILURES, network) or await self._ask(hit, ADDRESS, network)
            if refused is None and failed:
                refused = await self._ask(hit, FAILURES, network)
        if refused is None and key_id is not None:
            refused = await self._ask(hit, KEY, key_id)
        return refused

    async def _ask(self, ask: Callable[..., Awaitable[bool]], kind: str, who: str) -> tuple[str, float] | None:
        for rate in self._rates[kind]:
            if not await ask(rate, kind, who):
                return await self._bar(rate, kind, who)
        return None

    async def _bar(self, rate: RateLimitItem, kind: str, who: str) -> tuple[str, float]:
        """Refuse ``who`` until the window ends."""
        left = (await self._limiter.get_window_stats(rate, kind, who)).reset_time - self._clock.time()
        now = self._clock.monotonic()
        end = now + left
        if len(self._barred) >= self._max_barred:
            self._barred = {whose: until for whose, until in self._barred.items() if until > now}
            if len(self._barred) >= self._max_barred:
                self._barred.clear()  # they are counted again, and refused again
        self._barred[kind, who] = end
        return kind, end


def _authenticated(state: State, request: Request) -> tuple[str | None, bool]:
    """The id of the key that a request is charged to, and whether it showed only secrets that are not good."""
    headers = read_headers(request.headers)
    try:
        return authenticate(state, headers, request.now).key_id, False
    except OverloadedError:  # there is no State yet that could tell
        return None, False
    except AuthenticationError:
        return None, b"x-api-key" in headers or bool(bearer(headers.get(b"authorization")))


@lru_cache(maxsize=8192)
def _network(address: str) -> str:
    """What counts as one address: that of IPv4, or the network of IPv6 that a subscriber has."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address[:_MAX_ADDRESS_LENGTH]
    if isinstance(ip, IPv6Address):
        mapped = ip.ipv4_mapped
        if mapped is not None:
            return str(mapped)
        return str(IPv6Address(int(ip) >> _PREFIX_BITS << _PREFIX_BITS))
    return str(ip)
