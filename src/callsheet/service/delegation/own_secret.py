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
        self._refused_at = 0.0  # by the monotonic clock, when it was last found to be refused
        self._is_alone = False  # in being refused, while other keys are accepted

    async def is_refused(self, source: KeySource, around: Around) -> bool:
        """Return whether the gateway refuses it, and for all that is known everybody.

        False if the source has none, it cannot be read, or others were accepted while it was refused.
        """
        if source.secret is None:
            return False
        async with self._one:
            known = self._known
            if known is None or known[0] != source or not 0 <= self._clock.monotonic() - known[1] < AWAY_SECONDS:
                known = await self._learn(source, around)
            return known[2] and not self._is_alone

    async def compare(self, source: KeySource, around: Around, sent_at: float) -> None:
        """Find out if only this secret is refused, after a key sent at ``sent_at`` (monotonic) was accepted.

        So it does where the secret was replaced at the gateway and not here: then refusals of others are meant.
        """
        async with self._one:
            known = self._known
            if known is None or known[0] != source or not known[2] or self._is_alone or sent_at <= self._refused_at:
                return
            known = await self._learn(source, around)
            self._is_alone = known[2]

    async def _learn(self, source: KeySource, around: Around) -> tuple[KeySource, float, bool]:
        """Ask, and remember what comes of it."""
        is_same = self._known is not None and self._known[0] == source
        begun_at = self._clock.monotonic()
        is_refused = await self._ask(source, around)
        self._known = known = source, begun_at, is_refused
        self._is_alone = self._is_alone and is_same and is_refused
        if is_refused:
            self._refused_at = self._clock.monotonic()
        return known

    async def _ask(self, source: KeySource, around: Around) -> bool:
        assert source.secret is not None  # noqa: S101  # the caller has looked
        try:
            secret = await run_sync(source.secret.read)
            headers = credentials(source.key_list(), source.url, secret, source.options, self._clock.now())
        except SourceError:
            return False
        return await self._asker.is_refused(source, headers, around)
