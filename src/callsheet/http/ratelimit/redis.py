"""Shared limits: rates counted in Redis or Valkey, so that several servers count together."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from limits import RateLimitItem
from limits.aio.storage import RedisStorage, Storage
from limits.aio.strategies import FixedWindowRateLimiter

from callsheet.domain.errors import SettingsError
from callsheet.http.ratelimit.limiter import ADDRESS, FAILURES, KEY, Exceeded, RateLimits
from callsheet.service.clock import SYSTEM_CLOCK, Clock
from callsheet.settings import hide_password

_log = logging.getLogger("callsheet")

#: Keys and addresses, of one process, that are remembered as refused.
MAX_BARRED: Final = 10_000
_COUNT_TIMEOUT_SECONDS: Final = 0.5  # that a request waits to be counted
_MIN_PAUSE_SECONDS: Final = 1.0  # after a failure; doubled with each further one
_MAX_PAUSE_SECONDS: Final = 30.0
_MAX_CONNECTIONS: Final = 32  # to the storage


class SharedLimits(RateLimits):
    """Counts in a storage that other servers use as well. While it is unavailable, every request is admitted.

    A refused key or address is remembered until the window ends, so that refusing it again costs no count.

    Parameters
    ----------
    rates
        The limits for each kind of count; an empty list for no limit.
    url
        Of Redis or Valkey, which share a protocol.
    clock
        Where the time comes from.

    Raises
    ------
    SettingsError
        The client package is not installed, or the URL is not valid.
    """

    needs_network = True

    def __init__(self, rates: dict[str, list[RateLimitItem]], url: str, clock: Clock = SYSTEM_CLOCK) -> None:
        self._url = url.replace("valkey", "redis", 1) if url.startswith("valkey") else url
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pause = 0.0
        self._next_try = 0.0
        self._rates = rates
        self._barred: dict[tuple[str, str], float] = {}
        self._limiter = FixedWindowRateLimiter(self._open())
        super().__init__(clock)

    async def close(self) -> None:
        """Close the connections to the storage."""
        await self._pool.disconnect()

    async def find_exceeded(
        self, network: str, key_id: str | None, *, failed: bool, again: bool = False
    ) -> Exceeded | None:
        """Count a request, unless what it counts towards is known to be over its limit; return what it exceeds."""
        now = self._clock.monotonic()
        for whose in ((FAILURES, network), (ADDRESS, network), (KEY, key_id or "")):
            end = self._barred.get(whose)
            if end is not None and end > now:
                return whose[0], end
        return await self._count_if_possible(network, key_id, now, failed=failed, again=again)

    async def _count_if_possible(
        self, network: str, key_id: str | None, now: float, *, failed: bool, again: bool
    ) -> Exceeded | None:
        trying = self._pause > 0
        if trying:
            if now < self._next_try:
                return None
            self._next_try = now + self._pause  # this request tries on behalf of all others
        self._follow_loop()
        try:
            async with asyncio.timeout(_COUNT_TIMEOUT_SECONDS):
                found = await self._count(network, key_id, failed=failed, again=again)
        except Exception as error:  # whatever it is: limits protect the service, and must not stop it
            if trying or not self._pause:  # else another request has noticed before
                self._pause_counting(error)
            return None
        if trying:
            self._pause = 0.0
            _log.warning("The storage of rate limits answers again; limits apply again.")
        return found

    async def _count(self, network: str, key_id: str | None, *, failed: bool, again: bool) -> Exceeded | None:
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

    async def _ask(self, ask: Callable[..., Awaitable[bool]], kind: str, who: str) -> Exceeded | None:
        for rate in self._rates[kind]:
            if not await ask(rate, kind, who):
                return await self._bar(rate, kind, who)
        return None

    async def _bar(self, rate: RateLimitItem, kind: str, who: str) -> Exceeded:
        """Remember ``who`` as refused until the window ends."""
        left = (await self._limiter.get_window_stats(rate, kind, who)).reset_time - self._clock.time()
        now = self._clock.monotonic()
        end = now + left
        if len(self._barred) >= MAX_BARRED:
            self._barred = {whose: until for whose, until in self._barred.items() if until > now}
            if len(self._barred) >= MAX_BARRED:
                self._barred.clear()  # they will be counted again, and refused again
        self._barred[kind, who] = end
        return kind, end

    def _pause_counting(self, error: Exception) -> None:
        if not self._pause:
            reason = hide_password(f"{type(error).__name__}: {error}".removesuffix(": "))
            _log.error("The storage of rate limits cannot be used (%s); until then, no request is limited.", reason)
        self._pause = min(self._pause * 2, _MAX_PAUSE_SECONDS) or _MIN_PAUSE_SECONDS
        self._next_try = self._clock.monotonic() + self._pause

    def _follow_loop(self) -> None:
        """Open new connections if the event loop is another one: they belong to the loop they were opened in."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            if self._loop is not None:
                self._limiter = FixedWindowRateLimiter(self._open())
            self._loop = loop

    def _open(self) -> Storage:
        try:
            from redis.asyncio import BlockingConnectionPool
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff
        except ModuleNotFoundError:
            raise SettingsError(
                "rate_limit_storage needs a package that is not installed; install callsheet[redis], "
                "or count in memory://."
            ) from None
        pool: Any = BlockingConnectionPool
        try:
            pool = pool.from_url(
                self._url,
                max_connections=_MAX_CONNECTIONS,
                timeout=_COUNT_TIMEOUT_SECONDS,
                retry=Retry(NoBackoff(), 0),
            )
            pool.make_connection()  # not opened yet, but it validates the URL
        except (TypeError, ValueError) as error:
            reason = hide_password(str(error))
            raise SettingsError(f"rate_limit_storage is not a usable URL: {reason}.") from None
        self._pool = pool
        return RedisStorage(
            "async+redis://", implementation="redispy", key_prefix="callsheet", connection_pool=pool
        )
