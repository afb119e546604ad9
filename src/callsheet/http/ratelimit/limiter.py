"""Rate limits: how many requests a key or an address may send, and how often an address may fail to authenticate.

Windows are fixed: the first request of a key begins one, and when it ends, counting starts from zero. That takes
one number for each key or address, and makes ``retry-after`` exact. The price: around the end of a window, twice
the rate may pass within a moment. A refused key or address is remembered until the window ends, so that refusing
it again costs no count.
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
_MAX_ADDRESS_LENGTH: Final = 64  # of what a proxy may send instead of an address
_PREFIX_BITS: Final = 64  # of IPv6: the network that one subscriber usually has

#: What is counted, and the messages for callers over the limit.
KEY: Final = "key"
ADDRESS: Final = "address"
FAILURES: Final = "failures"
_MESSAGES: Final = {
    KEY: "Too many requests with this API key",
    ADDRESS: "Too many requests from this address",
    FAILURES: "Too many failed attempts to authenticate from this address",
}


class RateLimits:
    """Counts requests, and refuses those over the limits.

    Parameters
    ----------
    rates
        The limits for each kind of count; an empty list for no limit.
    storage
        Where the counts are kept.
    clock
        Where the time comes from.
    max_barred
        How many keys and addresses are remembered as refused, so that refusing them again costs no count.
    """

    #: Whether counting needs the network; `admits` may only be called if it does not.
    needs_network = False

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
        """Count a request from ``address``; return the error if it is refused, otherwise None."""
        key_id, failed = _authenticated(state, request)
        return self._error(await self._find_exceeded(_network(address), key_id, failed))

    def _error(self, refused: tuple[str, float] | None) -> RateLimitError | None:
        """The error of a count that is over its limit, and when its window ends."""
        if refused is None:
            return None
        kind, end = refused
        seconds = max(1, ceil(end - self._clock.monotonic()))
        return RateLimitError(f"{_MESSAGES[kind]}; try again in {seconds} s", seconds)

    async def check_unknown(self, address: str) -> RateLimitError | None:
        """Count a request from ``address`` whose key must be asked about first; return the error if it is refused.

        Once that is done, `check_asked` counts it towards its key, or as a failure.
        """
        return self._error(await self._find_exceeded(_network(address), None, failed=False))

    async def check_asked(self, state: State, request: Request, address: str) -> RateLimitError | None:
        """Count a request that `check_unknown` let in, as it is known now whose it is; return as `check` does."""
        key_id, failed = _authenticated(state, request)
        return self._error(await self._find_exceeded(_network(address), key_id, failed, again=True))

    def admits(self, client: tuple[str, int] | None, key_id: str | None) -> bool:
        """Count a request with the key ``key_id``, and return whether it may be answered.

        If not, `check` returns the error, without counting the request again.
        """
        finding = self._find_exceeded(_network(client[0] if client else ""), key_id, failed=False)
        try:
            finding.send(None)
        except StopIteration as end:
            return end.value is None
        raise RuntimeError("counting in memory had to wait")

    async def close(self) -> None:
        """Close the connections to the storage."""

    async def _find_exceeded(
        self, network: str, key_id: str | None, failed: bool, *, again: bool = False
    ) -> tuple[str, float] | None:
        """Return which count is over its limit, and when its window ends; None admits the request.

        ``again``: the request has been counted towards its address.
        The time is monotonic: setting the machine's clock neither prolongs nor shortens a window.
        """
        now = self._clock.monotonic()
        for whose in ((FAILURES, network), (ADDRESS, network), (KEY, key_id or "")):
            end = self._barred.get(whose)
            if end is not None and end > now:
                return whose[0], end
        return await self._count(network, key_id, failed, again=again)

    async def _count(
        self, network: str, key_id: str | None, failed: bool, *, again: bool
    ) -> tuple[str, float] | None:
        test, hit = self._limiter.test, self._limiter.hit
        refused = None
        if network:
            refused = await self._ask(test, FAILURES, network)
            if refused is None and not again:
                refused = await self._ask(hit, ADDRESS, network)
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
        """Remember ``who`` as refused until the window ends."""
        left = (await self._limiter.get_window_stats(rate, kind, who)).reset_time - self._clock.time()
        now = self._clock.monotonic()
        end = now + left
        if len(self._barred) >= self._max_barred:
            self._barred = {whose: until for whose, until in self._barred.items() if until > now}
            if len(self._barred) >= self._max_barred:
                self._barred.clear()  # they will be counted again, and refused again
        self._barred[kind, who] = end
        return kind, end


def _authenticated(state: State, request: Request) -> tuple[str | None, bool]:
    """Return the id of the key that a request counts towards, and whether it failed to authenticate."""
    headers = read_headers(request.headers)
    try:
        return authenticate(state, headers, request.now).key_id, False
    except OverloadedError:  # no State is loaded yet
        return None, False
    except AuthenticationError:
        return None, b"x-api-key" in headers or bool(bearer(headers.get(b"authorization")))


@lru_cache(maxsize=8192)
def _network(address: str) -> str:
    """Return what counts as one address: one of IPv4, or the IPv6 network of a subscriber."""
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
