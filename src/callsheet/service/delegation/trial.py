"""Trial: what one key of a gateway would see in each mode. Nothing of it is kept."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple
from urllib.parse import quote

from callsheet.api.answer import answer
from callsheet.api.grants import Answered, Verdict
from callsheet.api.request import Request, read_headers
from callsheet.api.state import State
from callsheet.domain.access.delegation import KeyMode
from callsheet.domain.sources.source import SourceRecord
from callsheet.service.clock import SYSTEM_CLOCK, Clock
from callsheet.service.delegation.checks import KeyChecks
from callsheet.service.delegation.limits import LIMITS
from callsheet.service.delegation.standing import Standing
from callsheet.service.state.delegated import delegated, key_source_of
from callsheet.service.sync.config import read_config

_VERSION: Final = (b"anthropic-version", b"2023-06-01")
_PAGE_MODELS: Final = 1_000
_REQUEST_ID: Final = "req_0100000000000000000000"


class Trial(NamedTuple):
    """What came of asking about a key.

    Parameters
    ----------
    verdict
        What the gateway says; None if it was not asked, as the key is one of Callsheet's own, or cannot be sent.
    seen
        Ids that the key is listed in each mode; empty unless it was accepted.
    why
        Why the source could not be asked, in a sentence; empty if it could.
    """

    verdict: Verdict | None
    seen: Mapping[KeyMode, Sequence[str]]
    why: str = ""


async def try_key(state: State, source: SourceRecord, key: str, clock: Clock = SYSTEM_CLOCK) -> Trial:
    """Ask ``source`` about ``key``, and return what the key would see.

    Parameters
    ----------
    state
        The installation.
    source
        Which is asked, whether it is asked about keys otherwise or not.
    key
        As a client sends it.

    Raises
    ------
    InvalidError
        A source of this kind cannot be asked about keys.
    """
    config = read_config({**source.config, "asks_keys": True}).record()
    asked = replace(state, **delegated(key_source_of([replace(source, config=config)]))._asdict())
    headers = [(b"x-api-key", key.encode()), _VERSION]
    answered, why = await _ask(asked, headers, key, clock)
    verdict = None if answered is None else answered.verdict
    if verdict is not Verdict.ACCEPTED or asked.delegation is None:
        return Trial(verdict, {}, why)
    seen = {}
    for mode in KeyMode:
        seen[mode] = list(_listed(replace(asked, delegation=asked.delegation._replace(mode=mode)), headers, clock))
    return Trial(verdict, seen)


class Asked(NamedTuple):
    """What came of asking about a key.

    Parameters
    ----------
    answered
        What holds for it; None if it was not asked about, as no header can carry it, or it holds a key that is
        known.
    why
        Why the source could not be asked, in a sentence; empty if it could.
    """

    answered: Answered | None
    why: str


async def ask_about(state: State, key: str, clock: Clock = SYSTEM_CLOCK) -> Asked:
    """Ask the source that ``state`` asks about keys about ``key``, as a server does. Nothing of it is kept.

    Parameters
    ----------
    state
        The installation; its ``delegation`` is not None. What is remembered of keys elsewhere is left alone.
    key
        As a client sends it.
    """
    fresh = replace(state, **delegated(state.key_source)._asdict())
    return await _ask(fresh, [(b"x-api-key", key.encode()), _VERSION], key, clock)


async def _ask(state: State, headers: Sequence[tuple[bytes, bytes]], key: str, clock: Clock) -> Asked:
    checks = KeyChecks(clock, LIMITS._replace(caller_seconds=2 * LIMITS.question_seconds))  # to its end
    checks.standing = Standing(clock, is_quiet=True)
    try:
        await checks.settle(state, read_headers(headers), clock.time())
    finally:
        await checks.close()
    return Asked(state.grants.find(key.encode(), clock.time()), checks.standing.reason)


def _listed(state: State, headers: Sequence[tuple[bytes, bytes]], clock: Clock) -> Iterator[str]:
    query, has_more = f"limit={_PAGE_MODELS}", True
    while has_more:
        request = Request("GET", b"/v1/models", query.encode(), headers, clock.time(), _REQUEST_ID)
        page = json.loads(answer(state, request, again=False).body)
        yield from (model["id"] for model in page.get("data", ()))
        has_more = page.get("has_more", False)
        query = f"limit={_PAGE_MODELS}&after_id={quote(page.get('last_id') or '', safe='')}"
