"""OwnSecret: whether the gateway refuses the source's own secret, so that a refusal says nothing of a key."""

import asyncio

from anyio.to_thread import run_sync

from callsheet.domain.errors import SourceError
from callsheet.service.clock import Clock
from callsheet.service.delegation.asking import Around, Asker
from callsheet.service.delegation.key_source import KeySource
from callsheet.service.delegation.limits import AWAY_SECONDS
from callsheet.sources.credentials import credentials


class OwnSecret:
    """Asks about the secret of one source, one question at a time, and not more often than every ten seconds.

    Parameters
    ----------
    asker
        Asks.
    clock
        Where the time comes from.
    """

    def __init__(self, asker: Asker, clock: Clock) -> None:
        self._asker = asker
        self._clock = clock
        self._one = asyncio.Lock()
        self._known: tuple[KeySource, float, bool] | None = None

    async def is_refused(self, source: KeySource, around: Around) -> bool:
        """Return whether the gateway refuses it; False if the source has none, or it cannot be read."""
        if source.secret is None:
            return False
        async with self._one:
            known = self._known
            if known is None or known[0] != source or not 0 <= self._clock.monotonic() - known[1] < AWAY_SECONDS:
                known = source, self._clock.monotonic(), await self._ask(source, around)
                self._known = known
            return known[2]

    async def _ask(self, source: KeySource, around: Around) -> bool:
        assert source.secret is not None  # noqa: S101  # the caller has looked
        try:
            secret = await run_sync(source.secret.read)
            headers = credentials(source.key_list(), source.url, secret, source.options, self._clock.now())
        except SourceError:
            return False
        return await self._asker.is_refused(source, headers, around)
