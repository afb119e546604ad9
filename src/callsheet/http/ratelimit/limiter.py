"""Rate limits: how many requests a key or an address may send, and how often an address may fail to authenticate.

Windows are fixed: the first request of a key begins one, and when it ends, counting starts from zero. That takes
one number for each key or address, and makes ``retry-after`` exact. The price: around the end of a window, twice
the rate may pass within a moment.
"""

from abc import ABC, abstractmethod
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from math import ceil
from typing import Final, TypeAlias

from callsheet.api.authentication import authenticate
from callsheet.api.request import Request, bearer, read_headers
from callsheet.api.state import State
from callsheet.domain.errors import AuthenticationError, OverloadedError, RateLimitError
from callsheet.service.clock import SYSTEM_CLOCK, Clock

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

#: Which count is over its limit, and when its window ends, by the monotonic clock.
Exceeded: TypeAlias = tuple[str, float]

#: Address and port of a client; None behind a Unix socket.
Client: TypeAlias = tuple[str, int] | None


class RateLimits(ABC):
    """Counts requests, and refuses those over the limits.

    Parameters
    ----------
    clock
        Where the time comes from.
    """

    #: Whether counting needs the network; `admits` may only be called if it does not.
    needs_network = False

    #: Whether it matters which address a request comes from.
    needs_address = True

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock

    async def check(self, state: State, request: Request, address: str) -> RateLimitError | None:
        """Count a request from ``address``; return the error if it is refused, otherwise None."""
        key_id, failed = _authenticated(state, request)
        return self._error(await self.find_exceeded(network_of(address), key_id, failed=failed))

    def _error(self, refused: Exceeded | None) -> RateLimitError | None:
        """The error of a count that is over its limit."""
        if refused is None:
            return None
        kind, end = refused
        seconds = max(1, ceil(end - self._clock.monotonic()))
        return RateLimitError(f"{_MESSAGES[kind]}; try again in {seconds} s", seconds)

    async def check_unknown(self, address: str) -> RateLimitError | None:
        """Count a request from ``address`` whose key must be asked about first; return the error if it is refused.

        Once that is done, `check_asked` counts it towards its key, or as a failure.
        """
        return self._error(await self.find_exceeded(network_of(address), None, failed=False))

    async def check_asked(self, state: State, request: Request, address: str) -> RateLimitError | None:
        """Count a request that `check_unknown` let in, as it is known now whose it is; return as `check` does."""
        key_id, failed = _authenticated(state, request)
        return self._error(await self.find_exceeded(network_of(address), key_id, failed=failed, again=True))

    async def check_admin(self, key_id: str | None, address: str) -> RateLimitError | None:
        """Count a request that `check_unknown` let in towards its admin key; None is a failure to authenticate."""
        refused = await self.find_exceeded(network_of(address), key_id, failed=key_id is None, again=True)
        return self._error(refused)

    def admits(self, client: Client, key_id: str | None) -> bool:
        """Count a request with the key ``key_id``, and return whether it may be answered.

        If not, `check` returns the error, without counting the request again.
        """
        raise NotImplementedError

    @abstractmethod
    async def find_exceeded(
        self, network: str, key_id: str | None, *, failed: bool, again: bool = False
    ) -> Exceeded | None:
        """Count a request; return which count is over its limit, or None if the request is admitted.

        Parameters
        ----------
        network
            Which `network_of` an address it comes from; empty if that is unknown.
        key_id
            Of its key; None if it has no valid one.
        failed
            Whether it failed to authenticate.
        again
            Whether it has been counted towards its address.
        """

    async def close(self) -> None:  # noqa: B027  # there may be none
        """Close the connections to the storage."""


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
def network_of(address: str) -> str:
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
