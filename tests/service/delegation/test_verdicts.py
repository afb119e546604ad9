"""What a key is answered follows from what its gateway says of it, to the second."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from callsheet.domain.access.keyring import Principal
from callsheet.domain.errors import AuthenticationError, OverloadedError
from tests.api.states import SECRET
from tests.http.plain import ClockLoop, run
from tests.service.delegation.asking import Site
from tests.service.delegation.gateway import Given, serve_gateway

KEY = "sk-of-the-gateway-0123456789"
OTHER = "sk-other-of-the-gateway-012345"


@asynccontextmanager
async def site(**config: Any) -> AsyncIterator[Site]:
    async with serve_gateway() as gateway:
        gateway.keys = {KEY: ["alpha", "beta"]}
        found = Site(gateway, **config)
        try:
            yield found
        finally:
            await found.checks.close()


def talk(what: Callable[[Site], Coroutine[Any, Any, None]], **config: Any) -> None:
    """Run ``what`` with a site whose gateway knows `KEY`."""

    async def begin(_: ClockLoop) -> None:
        async with site(**config) as found:
            await what(found)

    run(begin)


async def granted(here: Site, *headers: tuple[str, str]) -> tuple[str, ...]:
    """The ids that the sender of these headers sees."""
    principal = await here.principal(*headers)
    assert isinstance(principal, Principal)
    assert principal.grant is not None
    return principal.grant.models.ids


def test_a_key_sees_what_the_gateway_lists_to_it_for_a_minute_and_is_asked_about_then() -> None:
    async def what(here: Site) -> None:
        assert await here.ids(KEY) == ("alpha", "beta")
        here.gateway.keys[KEY] = ["alpha"]
        here.clock.now += 59.999
        assert await here.ids(KEY) == ("alpha", "beta")
        assert len(here.gateway.asked) == 1
        here.clock.now += 0.001
        assert await here.ids(KEY) == ("alpha",)
        assert here.counted == {"asked": 2}

    talk(what)


def test_a_key_that_is_revoked_is_out_within_a_minute() -> None:
    async def what(here: Site) -> None:
        assert await here.verdict(KEY) == "accepted"
        here.gateway.keys.clear()
        here.clock.now += 60
        assert await here.verdict(KEY) == "refused"
        here.gateway.answer = lambda _: Given(503)
        here.clock.now += 10
        assert await here.verdict(KEY) == "away", "what it saw before does not come back"

    talk(what)


def test_a_refusal_holds_for_ten_seconds() -> None:
    async def what(here: Site) -> None:
        assert await here.verdict(OTHER) == "refused"
        here.gateway.keys[OTHER] = ["gamma"]
        here.clock.now += 9.999
        assert await here.verdict(OTHER) == "refused"
        assert len(here.gateway.asked) == 2, "once in each form"
        here.clock.now += 0.001
        assert await here.ids(OTHER) == ("gamma",)

    talk(what)


@pytest.mark.parametrize("status", [400, 402, 403])
def test_other_words_for_a_refusal_are_one_too(status: int) -> None:
    async def what(here: Site) -> None:
        assert await here.verdict(KEY) == "accepted"
        here.gateway.answer = lambda _: Given(status)
        here.clock.now += 60
        assert await here.verdict(KEY) == "refused"

    talk(what)


def test_while_the_gateway_is_away_the_last_answer_serves_for_a_day_and_it_is_asked_every_ten_seconds() -> None:
    async def what(here: Site) -> None:
        assert await here.ids(KEY) == ("alpha", "beta")
        accepted_at = here.clock.now
        here.gateway.answer = lambda _: Given(500)
        here.clock.now += 60
        assert await here.ids(KEY) == ("alpha", "beta")
        assert len(here.gateway.asked) == 2
        here.clock.now += 9.999
        assert await here.ids(KEY) == ("alpha", "beta")
        assert len(here.gateway.asked) == 2
        here.clock.now = accepted_at + 86_399.999
        assert await here.ids(KEY) == ("alpha", "beta")
        await here.rest()
        answered = await here.ask(KEY)
        assert answered is not None
        assert answered.until == accepted_at + 86_400
        here.clock.now = accepted_at + 86_400
        assert await here.verdict(KEY) == "away"
        assert here.counted == {"asked": 1, "stale": 2, "away": 1}
        here.gateway.answer = None
        here.clock.now += 10
        assert await here.ids(KEY) == ("alpha", "beta")

    talk(what)


def test_nobody_who_was_accepted_before_waits_for_a_gateway_that_was_away_a_moment_ago() -> None:
    async def what(here: Site) -> None:
        assert await here.ids(KEY) == ("alpha", "beta")
        here.gateway.answer = lambda _: Given(500)
        here.clock.now += 60
        assert await here.ids(KEY) == ("alpha", "beta")
        here.gateway.gate.clear()
        here.clock.now += 10
        assert await here.ids(KEY) == ("alpha", "beta"), "although the question is still under way"
        here.gateway.answer = None
        here.gateway.keys[KEY] = ["gamma"]
        here.gateway.gate.set()
        await here.rest()
        assert await here.ids(KEY) == ("gamma",)

    talk(what)


def test_a_key_that_was_never_accepted_is_answered_529_while_the_gateway_is_away() -> None:
    async def what(here: Site) -> None:
        here.gateway.answer = lambda _: Given(503)
        error = await here.principal(("x-api-key", KEY))
        assert isinstance(error, OverloadedError)
        assert error.retry_after == 10
        here.clock.now += 7.5
        error = await here.principal(("x-api-key", KEY))
        assert isinstance(error, OverloadedError)
        assert error.retry_after == 2.5
        assert len(here.gateway.asked) == 1
        here.gateway.answer = None
        here.clock.now += 2.5
        assert isinstance(await here.principal(("x-api-key", KEY)), Principal)

    talk(what)


def test_a_wrong_key_is_refused_as_ever_and_the_message_is_about_its_header() -> None:
    async def what(here: Site) -> None:
        wrong = await here.principal(("x-api-key", OTHER))
        assert isinstance(wrong, AuthenticationError)
        assert str(wrong) == "invalid x-api-key"
        wrong = await here.principal(("authorization", f"Bearer {OTHER}"))
        assert str(wrong) == "Invalid bearer token"

    talk(what)


def test_the_credential_is_sent_as_it_came_and_in_the_other_form_only_if_it_is_refused() -> None:
    async def what(here: Site) -> None:
        await here.settle(("x-api-key", KEY))
        assert [each.headers.get("x-api-key") for each in here.gateway.asked] == [KEY]
        assert "authorization" not in here.gateway.asked[0].headers
        here.gateway.asked.clear()
        here.gateway.takes = ("authorization",)
        here.clock.now += 60
        assert await here.ids(KEY) == ("alpha", "beta")
        first, second = here.gateway.asked
        assert first.headers["x-api-key"] == KEY
        assert second.headers["authorization"] == f"Bearer {KEY}"
        assert "x-api-key" not in second.headers

    talk(what)


def test_a_bearer_token_goes_as_one_and_is_offered_to_anthropic_as_a_key() -> None:
    async def what(here: Site) -> None:
        here.gateway.takes = ("x-api-key",)
        principal = await here.principal(("authorization", f"Bearer {KEY}"))
        assert isinstance(principal, Principal)
        assert [each.headers.get("authorization") for each in here.gateway.asked] == [f"Bearer {KEY}", None]

    talk(what, kind="anthropic")


def test_what_the_keyring_has_is_never_sent_anywhere_and_a_valid_key_ends_all_asking() -> None:
    async def what(here: Site) -> None:
        for headers in (
            [("x-api-key", SECRET)],
            [("authorization", f"Bearer {SECRET}")],
            [("x-api-key", KEY), ("authorization", f"Bearer {SECRET}")],
            [("x-api-key", SECRET), ("authorization", f"Bearer {KEY}")],
        ):
            principal = await here.principal(*headers)
            assert isinstance(principal, Principal)
            assert principal.key_id == "apikey_test"
        assert not here.gateway.asked

    talk(what)


@pytest.mark.parametrize("around", ['"{}"', "'{}'", "{0},{0}", '"{}",', "x;{}"])
def test_a_secret_of_the_keyring_is_not_sent_either_with_what_a_settings_file_leaves_around_it(around: str) -> None:
    async def what(here: Site) -> None:
        for headers in (("x-api-key", around.format(SECRET)), ("authorization", f"Bearer {around.format(SECRET)}")):
            assert isinstance(await here.principal(headers), AuthenticationError)
        assert not here.gateway.asked
        here.gateway.keys[f'"{KEY}"'] = ["alpha"]
        assert await here.ids(f'"{KEY}"') == ("alpha",)

    talk(what)


def test_the_key_counts_before_the_bearer_token_which_is_asked_about_only_if_need_be() -> None:
    async def what(here: Site) -> None:
        here.gateway.keys[OTHER] = ["gamma"]
        both = ("x-api-key", KEY), ("authorization", f"Bearer {OTHER}")
        assert await granted(here, *both) == ("alpha", "beta")
        assert here.gateway.asked_keys == [KEY]
        del here.gateway.keys[KEY]
        here.clock.now += 60
        assert await granted(here, *both) == ("gamma",)

    talk(what)


@pytest.mark.parametrize("secret", ["k" * 4097, "with blank", "not-ascii-\xe9", "tab\there"])
def test_what_no_header_of_ours_carries_is_refused_without_asking(secret: str) -> None:
    async def what(here: Site) -> None:
        error = await here.principal(("x-api-key", secret))
        assert isinstance(error, AuthenticationError)
        assert not here.gateway.asked

    talk(what)


def test_the_longest_credential_is_asked_about() -> None:
    async def what(here: Site) -> None:
        key = "k" * 4096
        here.gateway.keys[key] = ["alpha"]
        assert await here.ids(key) == ("alpha",)

    talk(what)


def test_once_the_source_is_asked_otherwise_everything_is_forgotten() -> None:
    async def what(here: Site) -> None:
        assert await here.ids(KEY) == ("alpha", "beta")
        here.configure(every="10m")
        assert await here.ids(KEY) == ("alpha", "beta")
        assert len(here.gateway.asked) == 1, "how often it is run has nothing to do with keys"
        here.configure(keys_forgotten_at="2026-11-30T00:00:00Z")
        assert here.state.grants.find(KEY.encode(), here.clock.now) is None
        here.configure(keys_forgotten_at="2026-11-30T00:00:00Z", deny=["beta"])
        assert await here.ids(KEY) == ("alpha",)
        here.configure(asks_keys=False)
        assert not here.state.grants.is_active

    talk(what)
