"""Slots: how many questions are under way, and how many credentials wait for one to begin."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeAlias

from callsheet.service.delegation.limits import QuestionLimits

_Waiting: TypeAlias = deque[asyncio.Future[None]]


class FullError(Exception):
    """Too many credentials wait, or one has waited too long."""


class Slots:
    """The questions that may be under way, for one event loop.

    Some are left to credentials that were accepted before, which also wait apart from the others and go first, so
    that no flood of unknown ones holds them up. Where some wait, questions begin at a pace, as they share the event
    loop with callers whose keys are known.

    Parameters
    ----------
    limits
        How many there are, and how many credentials may wait for one, and for how long.
    """

    def __init__(self, limits: QuestionLimits) -> None:
        self._limits = limits
        self._unknown_under_way = 0
        self._known: _Waiting = deque()
        self._unknown: _Waiting = deque()
        self._pace: asyncio.TimerHandle | None = None
        self.under_way = 0

    @property
    def waiting(self) -> int:
        """How many credentials wait for a question to begin."""
        return len(self._known) + len(self._unknown)

    @asynccontextmanager
    async def slot(self, *, is_known: bool) -> AsyncIterator[None]:
        """Wait for a slot, and have it.

        Parameters
        ----------
        is_known
            Whether the credential was accepted before.

        Raises
        ------
        FullError
            Too many credentials wait already, or this one has waited too long.
        """
        await self._take(is_known=is_known)
        try:
            yield
        finally:
            self.under_way -= 1
            self._unknown_under_way -= not is_known
            self._pass_on()

    async def _take(self, *, is_known: bool) -> None:
        waiting = self._known if is_known else self._unknown
        if not waiting and self._is_free(is_known=is_known) and (is_known or self._pace is None):
            self._count(is_known=is_known)
            return
        if len(waiting) >= self._limits.max_waiting:
            raise FullError
        turn = asyncio.get_running_loop().create_future()
        waiting.append(turn)
        self._pass_on()
        try:
            async with asyncio.timeout(self._limits.waiting_seconds):
                await turn
        except (TimeoutError, asyncio.CancelledError) as error:
            if turn in waiting:
                waiting.remove(turn)
            elif turn.done() and not turn.cancelled():  # its turn came at the same moment
                self.under_way -= 1
                self._unknown_under_way -= not is_known
                self._pass_on()
            if isinstance(error, TimeoutError):
                raise FullError from None
            raise

    def _is_free(self, *, is_known: bool) -> bool:
        most = self._limits.max_questions
        if self.under_way >= most:
            return False
        return is_known or self._unknown_under_way < most - self._limits.reserved_questions

    def _count(self, *, is_known: bool) -> None:
        self.under_way += 1
        self._unknown_under_way += not is_known

    def _pass_on(self) -> None:
        """Give what is free to those that wait, some at a time."""
        if self._pace is None and sum(self._give() for _ in range(self._limits.begun_together)):
            self._pace = asyncio.get_running_loop().call_later(self._limits.pace_seconds, self._go_on)

    def _go_on(self) -> None:
        self._pace = None
        self._pass_on()

    def _give(self) -> bool:
        """Give a slot to the next that waits; return whether there was one that could get it."""
        for waiting, is_known in ((self._known, True), (self._unknown, False)):
            while waiting and self._is_free(is_known=is_known):
                turn = waiting.popleft()
                if not turn.done():
                    self._count(is_known=is_known)
                    turn.set_result(None)
                    return True
        return False
