"""Whatever a gateway does, a key that was never accepted is answered 529, and it is said once why."""

import gzip
import json
import logging
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import parse_qs, urlsplit

import pytest

from callsheet.domain.errors import OverloadedError
from callsheet.service.delegation.limits import LIMITS
from tests.http.plain import ClockLoop, run
from tests.service.delegation.asking import UNPACED, Site, said
from tests.service.delegation.gateway import Asked, Given, page, serve_gateway
from tests.service.delegation.test_verdicts import KEY, OTHER, talk
from tests.tiers import first

SMALL: Final = LIMITS._replace(max_bytes=4_096, max_rows=20)


def more(asked: Asked) -> Given:
    """A page after which there is always another."""
    after = parse_qs(urlsplit(asked.target).query).get("after", ["0"])[0]
    return page_with([f"{int(after) + 1}"], has_more=True)


def page_with(ids: list[str], **around: object) -> Given:
    """A page whose object has these members, too."""
    return Given(200, json.dumps({"object": "list", "data": [{"id": each} for each in ids], **around}).encode())


#: What a gateway does, and a part of the sentence that it is worth.
FAULTS: Final[Mapping[str, tuple[Callable[[Asked], Given | None], str]]] = {
    "html": (lambda _: Given(200, b"<html><body>Sign in</body></html>"), "not JSON"),
    "wrong shape": (lambda _: Given(200, b'{"models": []}'), 'no list "data"'),
    "bare": (lambda _: Given(200, b"17"), 'no list "data"'),
    "empty body": (lambda _: Given(200), "not JSON"),
    "huge": (lambda _: page(["m" * 100] * 50), "more than 0 MiB"),
    "huge, packed": (
        lambda _: Given(200, gzip.compress(b" " * 5_000), {"content-encoding": "gzip"}),
        "more than 0 MiB",
    ),
    "too many rows": (lambda _: page_with([f"{number}" for number in range(21)]), "more than 20 rows"),
    "too many members": (lambda _: Given(200, b'{"data": [' + b"{}," * 900 + b"{}]}"), "more than 20 rows"),
    "endless pages": (more, "more than 0 MiB"),
    "a cursor that leads to itself": (
        lambda _: page_with(["alpha"], has_more=True, last_id="alpha"),
        "pages of the list do not end",
    ),
    "more, but not after what": (lambda _: page_with([], has_more=True), "does not name the model"),
    "redirect": (lambda _: Given(302, headers={"location": "https://elsewhere.example/v1/models"}), "redirects to"),
    "no list there": (lambda _: Given(404), "with 404"),
    "too many requests": (lambda _: Given(429), "with 429"),
    "fails": (lambda _: Given(503, b"try later"), "with 503"),
    "hangs up": (lambda _: None, "closed the connection without an answer in HTTP"),
    "wrong coding": (lambda _: Given(200, b"{}", {"content-encoding": "gzip"}), "content-encoding"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_gateway_that_does_not_list_is_away(fault: str, caplog: pytest.LogCaptureFixture) -> None:
    does, sentence = FAULTS[fault]

    async def what(here: Site) -> None:
        with caplog.at_level(logging.INFO, "callsheet"):
            here.gateway.answer = does
            assert await here.verdict(KEY) == "away"
            assert await here.verdict(OTHER) == "away"
        (message,) = said(caplog)
        assert sentence in message
        assert "others get 529" in message
        assert "elsewhere.example" not in str(here.gateway.asked)

    async def begin(_: ClockLoop) -> None:
        async with serve_gateway() as gateway:
            here = Site(gateway, SMALL)
            await what(here)
            await here.checks.close()

    run(begin)


def test_an_empty_list_is_a_list() -> None:
    async def what(here: Site) -> None:
        here.gateway.keys[KEY] = []
        assert await here.ids(KEY) == ()

    talk(what)


def test_a_gateway_that_is_slow_is_away_after_ten_seconds() -> None:
    async def begin(loop: ClockLoop) -> None:
        async with serve_gateway() as gateway:
            here = Site(gateway, UNPACED._replace(caller_seconds=1e6))
            gateway.gate.clear()
            asking = loop.create_task(here.verdict(KEY))
            while not gateway.under_way:
                await loop.pass_(0)
            await loop.pass_(9.9)
            assert not asking.done()
            await loop.pass_(0.2)
            assert await asking == "away"
            await here.checks.close()

    run(begin)


def test_a_caller_waits_less_than_claude_code_does_and_a_retry_finds_the_answer() -> None:
    async def begin(loop: ClockLoop) -> None:
        async with serve_gateway() as gateway:
            here = Site(gateway)
            gateway.keys = {KEY: ["alpha"]}
            gateway.gate.clear()
            asking = loop.create_task(here.ids(KEY))
            while not gateway.under_way:
                await loop.pass_(0)
            await loop.pass_(2.4)
            assert not asking.done()
            await loop.pass_(0.2)
            with pytest.raises(OverloadedError) as refused:
                await asking
            assert refused.value.retry_after == 2
            assert here.checks.counts.overloaded == 0
            gateway.gate.set()
            await here.rest()
            assert await here.ids(KEY) == ("alpha",)
            assert len(gateway.asked) == 1
            await here.checks.close()

    run(begin)


def test_a_caller_who_was_accepted_before_is_answered_from_memory_after_the_same_time() -> None:
    async def begin(loop: ClockLoop) -> None:
        async with serve_gateway() as gateway:
            here = Site(gateway)
            gateway.keys = {KEY: ["alpha"]}
            assert await here.ids(KEY) == ("alpha",)
            here.clock.now += 60
            gateway.keys = {KEY: ["beta"]}
            gateway.gate.clear()
            asking = loop.create_task(here.ids(KEY))
            while not gateway.under_way:
                await loop.pass_(0)
            await loop.pass_(2.6)
            assert await asking == ("alpha",)
            gateway.gate.set()
            await here.rest()
            assert await here.ids(KEY) == ("beta",)
            await here.checks.close()

    run(begin)


def test_a_gateway_that_is_not_there_is_away() -> None:
    async def begin(_: ClockLoop) -> None:
        async with serve_gateway() as gateway:
            here = Site(gateway)
        assert await here.verdict(KEY) == "away"
        await here.checks.close()

    run(begin)


def test_a_kept_connection_that_has_ended_is_replaced_without_anybody_noticing() -> None:
    async def begin(_: ClockLoop) -> None:
        async with serve_gateway() as gateway:
            gateway.keys = {KEY: ["alpha"]}
            here = Site(gateway)
            assert await here.ids(KEY) == ("alpha",)
            hung_up: list[Asked] = []

            def hang_up_once(asked: Asked) -> Given | None:
                if not hung_up:
                    hung_up.append(asked)
                    return None
                return page(["beta"])

            gateway.answer = hang_up_once
            here.clock.now += 60
            assert await here.ids(KEY) == ("beta",)
            await here.checks.close()

    run(begin)


def test_connections_are_kept() -> None:
    async def what(here: Site) -> None:
        for _ in range(5):
            assert await here.ids(KEY) is not None
            assert await here.verdict(OTHER) == "refused"
            here.clock.now += 60
        assert here.gateway.opened == 1

    talk(what)


def test_cookies_of_one_credential_never_go_along_with_another() -> None:
    async def what(here: Site) -> None:
        here.gateway.answer = lambda _: page(["alpha"])._replace(headers={"set-cookie": "session=secret; Path=/"})
        for key in (KEY, OTHER):
            assert await here.ids(key) == ("alpha",)
        assert not any("cookie" in each.headers for each in here.gateway.asked)

    talk(what)


def test_a_flapping_gateway_does_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def what(here: Site) -> None:
        with caplog.at_level(logging.INFO, "callsheet"):
            for number in range(20):
                here.gateway.answer = (lambda _: Given(500)) if number % 2 else None
                await here.verdict(f"sk-number-{number}")
                here.clock.now += 0.5
        assert [each.split(" ")[0] for each in said(caplog)] == ["ERROR", "INFO"]

    talk(what)


def test_it_is_logged_once_that_the_gateway_is_away_and_once_that_it_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def what(here: Site) -> None:
        with caplog.at_level(logging.INFO, "callsheet"):
            for _ in range(2):
                here.gateway.answer = lambda _: Given(500)
                for number in range(5):
                    await here.verdict(f"sk-number-{number}")
                here.gateway.answer = None
                here.clock.now += 60
                await here.verdict(KEY)
                await here.rest()
        assert [each.split(" ")[0] for each in said(caplog)] == ["ERROR", "INFO"] * 2

    talk(what)


PAGES: Final = {
    "openai": ({"object": "list"}, "after"),
    "litellm": ({"object": "list"}, "after"),
    "vllm": ({}, "after_id"),
    "anthropic": ({}, "after_id"),
    "callsheet": ({}, "after_id"),
}


@pytest.mark.parametrize("kind", first(PAGES, 4))
def test_the_pages_of_a_list_are_followed(kind: str) -> None:
    around, parameter = PAGES[kind]
    lists = {None: (["a", "b"], "b"), "b": (["c/d é"], "c/d é"), "c/d é": (["e"], None)}

    def answer(asked: Asked) -> Given:
        after = parse_qs(urlsplit(asked.target).query).get(parameter, [None])[0]
        ids, last = lists[after]
        pages = {**around, "data": [{"id": each} for each in ids], "has_more": last is not None, "last_id": ids[-1]}
        return Given(200, json.dumps(pages).encode())

    async def what(here: Site) -> None:
        here.gateway.answer = answer
        assert await here.ids(KEY) == ("a", "b", "c/d é", "e")
        assert len(here.gateway.asked) == 3

    talk(what, kind=kind)


def test_only_the_list_is_asked_for() -> None:
    async def begin(_: ClockLoop) -> None:
        for kind in ("openai", "litellm", "vllm", "sglang", "llamacpp"):
            async with serve_gateway() as gateway:
                gateway.keys = {KEY: ["alpha"]}
                here = Site(gateway, kind=kind)
                assert await here.ids(KEY) == ("alpha",), kind
                assert [each.target for each in gateway.asked] == ["/v1/models"], kind
                await here.checks.close()

    run(begin)


def test_openrouter_is_asked_what_the_account_may_use() -> None:
    async def what(here: Site) -> None:
        assert await here.ids(KEY) == ("alpha", "beta")
        assert here.gateway.asked[0].target.startswith("/v1/models/user?")

    talk(what, kind="openrouter")


def test_each_name_of_a_model_is_one_that_the_key_may_call() -> None:
    async def what(here: Site) -> None:
        here.gateway.more = {"root": "/models/one", "max_model_len": 4096}
        assert await here.ids(KEY) == ("alpha", "beta")

    talk(what, kind="vllm")
