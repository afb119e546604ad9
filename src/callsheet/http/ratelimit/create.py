"""Rate limits as the settings describe them, counted where the settings say."""

from limits import parse_many

from callsheet.http.ratelimit.limiter import ADDRESS, FAILURES, KEY, RateLimits
from callsheet.http.ratelimit.memory import MemoryLimits
from callsheet.service.clock import SYSTEM_CLOCK, Clock


def make_rate_limits(
    key: str, address: str, failures: str, *, storage: str, clock: Clock = SYSTEM_CLOCK
) -> RateLimits:
    """Return the rate limits that these settings describe.

    Parameters
    ----------
    key, address, failures
        Rates such as ``100/minute``, for each key, for each address, and for failed authentications from each
        address; empty for no limit.
    storage
        ``memory://``, or the URL of Redis or Valkey.
    clock
        Where the time comes from.

    Raises
    ------
    SettingsError
        The storage cannot be used.
    """
    rates = {
        kind: parse_many(text) if text else []
        for kind, text in ((KEY, key), (ADDRESS, address), (FAILURES, failures))
    }
    if storage == "memory://":
        return MemoryLimits(rates, clock)
    from callsheet.http.ratelimit.redis import SharedLimits  # needs a package that is an extra

    return SharedLimits(rates, storage, clock)
