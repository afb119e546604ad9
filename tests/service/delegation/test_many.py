"""Many keys at once: a question each, few under way, and nobody who was accepted before waits for others."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from callsheet.domain.errors import OverloadedError
from callsheet.service.delegation.limits import LIMITS, QuestionLimits
from tests.http.plain import ClockLoop, run
from tests.service.delegation.asking import UNPACED, Site, said
from tests.service.delegation.gateway import Given, serve_gateway
from tests.service.delegation.test_verdicts import KEY, OTHER
from tests.tiers import repeated


def talk(
    what: Callable[[Site, ClockLoop], Awaitable[Any]], limits: QuestionLimits = UNPACED, **config: Any
) -> None:
    """Run ``what`` with a site whose gateway knows `KEY`."""

    async def begin(loop: ClockLoop) -> None:
        async with serve_gateway() as gateway:
            gateway.keys = {KEY: ["alpha"]}
            here = Site(gateway, limits, **config)
            try:
                await what(here, loop)
            finally:
                await here.checks.close()

    run(begin)


async def until(loop: ClockLoop, is_so: Callable[[], object]) -> None:
    """Let everything happen that leads to this."""
    while not is_so():
        await loop.pass_(0)


def test_hundreds_of_keys_at_once_are_asked_about_once_each_by_at_most_32_questions_at_a_time() -> None:
    async def what(here: Site, loop: ClockLoop) -> None:
        keys = [f"sk-number-{number}" for number in range(repeated(200, 1000))]
        here.gateway.slowness = 50
        here.gateway.keys = {key: ["alpha", key[3:]] for key in keys}
        seen = await asyncio.gather(*(here.ids(key) for key in keys for _ in range(2)))
        assert seen == [("alpha", key[3:]) for key in keys for _ in range(2)]
        assert sorted(here.gateway.asked_keys) == sorted(keys)
        assert 1 < here.gateway.most_under_way <= 24, "eight are left to keys that were accepted before"
        assert here.gateway.opened <= 32
        assert (here.checks.under_way, here.checks.waiting) == (0, 0)
        here.clock.now += 60
        await asyncio.gather(*(here.ids(key) for key in keys[:100]))
        assert 24 < here.gateway.most_under_way <= 32
        assert here.gateway.opened <= 32

    talk(what)


def test_those_accepted_before_are_asked_about_while_a_flood_of_others_waits() -> None:
    async def what(here: Site, loop: ClockLoop) -> None:
        assert await here.ids(KEY) == ("alpha",)
        here.clock.now += 60
        here.gateway.gate.clear()
        flood = [loop.create_task(here.verdict(f"sk-wrong-{number}")) for number in range(64 + 24)]
        await until(loop, lambda: here.gateway.under_way == 24 and here.checks.waiting == 64)
        known = loop.create_task(here.ids(KEY))
        await until(loop, lambda: here.gateway.under_way == 25)
        assert here.gateway.asked_keys[-1] == KEY
        with pytest.raises(OverloadedError) as refused:
            await here.verdict("sk-one-too-many")
        assert refused.value.retry_after == 10
        assert here.checks.counts.overloaded == 1
        assert here.state.grants.find(b"sk-one-too-many", here.clock.now) is None
        here.gateway.gate.set()
        assert await known == ("alpha",)
        assert set(await asyncio.gather(*flood)) == {"refused"}

    talk(what, UNPACED._replace(question_seconds=1e6, caller_seconds=1e6, waiting_seconds=1e6, max_waiting=64))


def test_what_waits_too_long_for_its_turn_is_answered_529() -> None:
    async def what(here: Site, loop: ClockLoop) -> None:
        here.gateway.gate.clear()
        first = [loop.create_task(here.verdict(f"sk-{number}")) for number in range(24)]
        await until(loop, lambda: here.gateway.under_way == 24)
        late = loop.create_task(here.verdict(KEY))
        await until(loop, lambda: here.checks.waiting)
        await loop.pass_(11)
        with pytest.raises(OverloadedError):
            await late
        assert here.checks.waiting == 0
        here.gateway.gate.set()
        await asyncio.gather(*first)
        assert here.checks.under_way == 0

    talk(what, UNPACED._replace(question_seconds=1e6, caller_seconds=1e6))


def test_a_caller_who_leaves_ends_no_question_that_others_wait_for() -> None:
    async def what(here: Site, loop: ClockLoop) -> None:
        here.gateway.gate.clear()
        leaving, staying = (loop.create_task(here.ids(KEY)) for _ in range(2))
        await until(loop, lambda: here.gateway.under_way)
        leaving.cancel()
        await until(loop, leaving.done)
        here.gateway.gate.set()
        assert await staying == ("alpha",)
        assert len(here.gateway.asked) == 1

    talk(what)


def test_a_flood_of_wrong_keys_pushes_nobody_out_who_was_accepted() -> None:
    async def what(here: Site, loop: ClockLoop) -> None:
        assert await here.ids(KEY) == ("alpha",)
        await asyncio.gather(*(here.verdict(f"sk-wrong-{number}") for number in range(50)))
        asked = len(here.gateway.asked)
        assert await here.ids(KEY) == ("alpha",)
        assert len(here.gateway.asked) == asked

    talk(what)


def test_closing_ends_what_is_under_way_and_a_later_request_begins_again() -> None:
    async def what(here: Site, loop: ClockLoop) -> None:
        here.gateway.gate.clear()
        waiting = loop.create_task(here.ids(KEY))
        await until(loop, lambda: here.gateway.under_way)
        await here.checks.close()
        with pytest.raises(OverloadedError):
            await waiting
        here.gateway.gate.set()
        assert await here.ids(KEY) == ("alpha",)

    talk(what)


def test_one_app_asks_in_one_event_loop_after_the_other() -> None:
    seen: list[tuple[str, ...] | None] = []
    sites: list[Site] = []

    async def begin(_: ClockLoop) -> None:
        async with serve_gateway() as gateway:
            gateway.keys = {KEY: ["alpha"]}
            here = Site(gateway)
            here.checks = sites[0].checks if sites else here.checks
            sites.append(here)
            seen.append(await here.ids(KEY))
            await here.checks.close()

    run(begin)
    run(begin)
    assert seen == [("alpha",)] * 2


OWN = "sk-of-the-source-0123456789"


def test_a_gateway_that_refuses_everybody_is_an_outage_where_it_refuses_the_sources_own_secret_too(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OWN_KEY", OWN)

    async def what(here: Site, loop: ClockLoop) -> None:
        here.gateway.keys |= {OWN: ["alpha", "beta"], OTHER: ["beta"]}
        assert await here.ids(KEY) == ("alpha",)
        assert await here.ids(OTHER) == ("beta",)
        known, here.gateway.keys = here.gateway.keys, {}
        here.clock.now += 60
        here.gateway.asked.clear()
        assert list(await asyncio.gather(here.ids(KEY), here.ids(OTHER))) == [("alpha",), ("beta",)]
        assert here.gateway.asked_keys.count(OWN) == 1, "for both of them"
        assert await here.verdict("sk-never-accepted") == "refused"
        assert here.checks.standing.condition == "outage"
        here.clock.now += 10
        assert await here.ids(KEY) == ("alpha",)
        await here.rest()
        assert here.gateway.asked_keys.count(OWN) == 2
        here.gateway.keys = {OWN: ["alpha"], OTHER: ["beta"]}
        here.clock.now += 10
        await here.verdict(KEY)
        await here.rest()
        assert await here.verdict(KEY) == "refused", "it is revoked, as the secret is good again"
        assert await here.ids(OTHER) == ("beta",)
        assert here.checks.standing.condition == "up"
        assert known

    talk(what, secret="env:OWN_KEY")
    (outage,) = (record.message for record in caplog.records if record.levelname == "ERROR")
    assert "taken for an outage" in outage
    assert OWN not in caplog.text


def test_a_key_is_out_though_the_sources_own_secret_is_refused_if_others_are_accepted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OWN_KEY", OWN)

    async def what(here: Site, loop: ClockLoop) -> None:
        here.gateway.keys |= {OWN: ["alpha"], OTHER: ["beta"]}
        assert await here.ids(KEY) == ("alpha",)
        here.gateway.keys = {OTHER: ["beta"]}
        here.clock.now += 60
        assert await here.ids(KEY) == ("alpha",), "it may be an outage"
        here.clock.now += 1
        assert await here.ids(OTHER) == ("beta",)
        here.clock.now += 9
        await here.verdict(KEY)
        await here.rest()
        assert await here.verdict(KEY) == "refused"
        here.gateway.keys |= {KEY: ["alpha"], OWN: ["alpha"]}
        here.clock.now += 10
        assert await here.ids(KEY) == ("alpha",)
        here.gateway.keys = {OWN: ["alpha"]}
        here.clock.now += 60
        await here.verdict(OTHER)
        await here.rest()
        assert await here.verdict(OTHER) == "refused"
        here.gateway.keys = {}
        here.clock.now += 10
        await here.verdict(KEY)
        await here.rest()
        assert await here.verdict(KEY) == "accepted", "the secret was good again, so this is an outage"

    talk(what, secret="env:OWN_KEY")


@pytest.mark.parametrize("own", ["no secret", "a good secret", "a secret that is not there"])
def test_otherwise_a_refusal_is_one(own: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if own == "a good secret":
        monkeypatch.setenv("OWN_KEY", OWN)

    async def what(here: Site, loop: ClockLoop) -> None:
        assert await here.ids(KEY) == ("alpha",)
        here.gateway.keys = {OWN: ["alpha"]}
        here.clock.now += 60
        assert await here.verdict(KEY) == "refused"

    talk(what, secret=None if own == "no secret" else "env:OWN_KEY")


def test_while_the_gateway_is_away_its_answer_about_its_own_secret_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OWN_KEY", OWN)

    async def what(here: Site, loop: ClockLoop) -> None:
        assert await here.ids(KEY) == ("alpha",)
        here.gateway.answer = lambda asked: Given(503 if asked.key == OWN else 401)
        here.clock.now += 60
        assert await here.verdict(KEY) == "refused"

    talk(what, secret="env:OWN_KEY")


def test_an_installation_that_is_its_own_gateway_is_found_out_and_asked_no_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def what(here: Site, loop: ClockLoop) -> None:
        own = here.state.organization_id
        here.gateway.answer = lambda asked: Given(200, b'{"data": []}', {"anthropic-organization-id": own})
        assert await here.verdict(KEY) == "away"
        assert here.checks.standing.condition == "itself"
        here.clock.now += 60
        assert await here.verdict(KEY) == "unknown"
        assert len(here.gateway.asked) == 1
        here.gateway.answer = None
        here.configure(prefix="x/")
        assert await here.ids(KEY) == ("x/alpha",)

    talk(what)
    (sentence,) = said(caplog)
    assert sentence.startswith("ERROR Source gateway is not asked about keys: ")
    assert "is this installation itself" in sentence


def test_a_question_of_this_installation_is_answered_without_a_question(caplog: pytest.LogCaptureFixture) -> None:
    async def what(here: Site, loop: ClockLoop) -> None:
        await here.ids(KEY)
        asked_by = here.gateway.asked[0].headers["callsheet-asked-by"].encode()
        stranger = b"0123456789abcdef-0123456789abcdef"
        mark = asked_by.partition(b"-")[0]
        await here.settle(("x-api-key", OTHER), asked_by=mark + b"-0123456789abcdef")
        assert here.checks.standing.condition == "up", "whoever knows the organization can send this"
        await here.settle(("x-api-key", OTHER), asked_by=b", ".join([stranger] * 8))
        assert len(here.gateway.asked) == 1
        await here.settle(("x-api-key", OTHER), asked_by=stranger)
        assert here.gateway.asked[-1].headers["callsheet-asked-by"].encode() == stranger + b", " + asked_by
        assert not said(caplog)
        await here.settle(("x-api-key", "sk-third"), asked_by=stranger + b", " + asked_by)
        assert here.checks.standing.condition == "itself"

    talk(what)
    assert len(said(caplog)) == 1


@pytest.mark.parametrize("asked_by", [b"caf\xc3\xa9", b"a" * 2000, b"a\tb"])
def test_what_callers_write_in_the_place_of_installations_reaches_no_gateway(asked_by: bytes) -> None:
    async def what(here: Site, _: ClockLoop) -> None:
        await here.settle(("x-api-key", KEY), asked_by=asked_by)
        assert not here.gateway.asked
        assert here.checks.standing.condition == "up"
        assert await here.ids(KEY) == ("alpha",)

    talk(what)


def test_where_some_wait_questions_begin_at_a_pace_but_for_those_accepted_before() -> None:
    async def what(here: Site, loop: ClockLoop) -> None:
        assert await here.ids(KEY) == ("alpha",)
        here.clock.now += 60
        begun = len(here.gateway.asked)
        crowd = [loop.create_task(here.verdict(f"sk-{number}")) for number in range(100)]
        await until(loop, lambda: here.checks.waiting == 100 - 24)
        await until(loop, lambda: not here.checks.under_way)
        before = len(here.gateway.asked)
        known = loop.create_task(here.ids(KEY))
        await until(loop, known.done)
        assert len(here.gateway.asked) == before + 1
        waiting = here.checks.waiting
        await loop.pass_(0.004)
        assert here.checks.waiting == waiting
        await loop.pass_(0.004)
        await until(loop, lambda: not here.checks.under_way)
        assert here.checks.waiting == waiting - 2
        while here.checks.waiting:
            await loop.pass_(0.008)
        await asyncio.gather(*crowd)
        assert len(here.gateway.asked) == begun + 1 + 200

    talk(what, LIMITS._replace(question_seconds=1e6, caller_seconds=1e6, waiting_seconds=1e6))
