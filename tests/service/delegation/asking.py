"""A State whose unknown keys are asked about, and one who settles them, with a clock that a test moves."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pytest

from callsheet.api.authentication import authenticate
from callsheet.api.grants import Answered
from callsheet.api.request import read_headers
from callsheet.domain.access.keyring import Principal
from callsheet.domain.errors import APIError
from callsheet.domain.sources.source import SourceRecord
from callsheet.service.delegation.checks import KeyChecks
from callsheet.service.delegation.limits import LIMITS, QuestionLimits
from callsheet.service.state.delegated import delegated, key_source_of
from tests.api.states import make_state
from tests.http.clock import ManualClock
from tests.service.delegation.gateway import Gateway

#: The limits of the program, for a loop whose clock stands still.
UNPACED: Final = LIMITS._replace(pace_seconds=0)


class Site:
    """An installation, without a database, that asks ``gateway``; ``config`` is that of its source."""

    def __init__(self, gateway: Gateway, limits: QuestionLimits = UNPACED, **config: Any) -> None:
        self.gateway = gateway
        self.clock = ManualClock(1_800_000_000.0)
        self.checks = KeyChecks(self.clock.clock, limits)
        self.state = make_state()
        self.configure(**config)

    def configure(self, **config: Any) -> None:
        """Let the source be configured so."""
        wanted = {"kind": "openai", "url": self.gateway.url, "asks_keys": True, **config}
        asked = key_source_of([SourceRecord("gateway", 1, wanted, self.clock.clock.now())])
        self.state = replace(self.state, **delegated(asked, self.state)._asdict())

    async def settle(self, *headers: tuple[str, str], asked_by: bytes = b"") -> Mapping[bytes, bytes]:
        """Have the credentials of a request with these headers settled; return what is read of them."""
        sent = read_headers([(name.encode(), value.encode("latin-1")) for name, value in headers])
        await self.checks.settle(self.state, sent, self.clock.now, asked_by)
        return sent

    async def ask(self, key: str, *more: tuple[str, str]) -> Answered | None:
        """What is known of ``key``, which came as ``x-api-key``, once it is settled."""
        await self.settle(("x-api-key", key), *more)
        return self.state.grants.find(key.encode(), self.clock.now)

    async def ids(self, key: str) -> tuple[str, ...] | None:
        """The ids that ``key`` sees; None if it is not accepted."""
        answered = await self.ask(key)
        return None if answered is None or answered.grant is None else answered.grant.models.ids

    async def rest(self) -> None:
        """Wait until no question is under way."""
        while self.checks._here is not None and self.checks._here.questions:
            await asyncio.sleep(0)

    async def verdict(self, key: str) -> str:
        """What is known of ``key``, in a word."""
        answered = await self.ask(key)
        return "unknown" if answered is None else str(answered.verdict)

    async def principal(self, *headers: tuple[str, str]) -> Principal | APIError:
        """Who sends these headers, or why that is refused."""
        sent = await self.settle(*headers)
        try:
            return authenticate(self.state, sent, self.clock.now)
        except APIError as error:
            return error

    @property
    def counted(self) -> dict[str, int]:
        """Questions by how they ended."""
        return {str(name): count for name, count in self.checks.counts.outcomes.items() if count}


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The messages of the program, each behind its level; what libraries say is left out."""
    return [f"{each.levelname} {each.message}" for each in caplog.records if each.name == "callsheet"]
