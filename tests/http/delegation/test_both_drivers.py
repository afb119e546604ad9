"""A key that only the gateway knows gets its list through both drivers and in both dialects."""

import pytest

from tests.http.delegation.site import VERSION, Site, ask, talk
from tests.http.plain import SECRET
from tests.installation import Installation, make_model
from tests.service.delegation.gateway import Given

KEY = "sk-of-the-gateway-0123456789"
OTHER = "sk-other-of-the-gateway-012345"

DRIVERS = pytest.mark.parametrize("fast", [True, False], ids=["fast", "plain"])

FORMS = {
    "x-api-key": ("x-api-key: {}", VERSION),
    "bearer": ("authorization: Bearer {}", VERSION),
    "openai": ("authorization: Bearer {}",),
}


def lines(form: str, key: str = KEY) -> list[str]:
    """Those of a request with ``key`` in this form."""
    return [line.format(key) for line in FORMS[form]]


@DRIVERS
@pytest.mark.parametrize("form", FORMS)
def test_a_key_that_the_gateway_accepts_lists_its_models(empty: Installation, fast: bool, form: str) -> None:
    empty.add(make_model("alpha", display_name="Alpha"), make_model("not-for-this-key"))

    async def what(here: Site) -> None:
        here.gateway.keys = {KEY: ["alpha", "beta"]}
        line = here.line(fast=fast)
        for _ in range(4):
            reply = await ask(line, *lines(form))
            assert reply.status == 200
            assert sorted(each["id"] for each in reply.json["data"]) == ["alpha", "beta"]
        assert len(here.gateway.asked) == 1
        assert (await ask(line, *lines(form), target="/v1/models/beta")).json["id"] == "beta"
        assert (await ask(line, *lines(form), target="/v1/models/not-for-this-key")).status == 404
        assert (await ask(line, *lines(form), method="HEAD")).status == 200
        assert here.checks() == {"asked": 1, "memory": 6}

    talk(empty, what)


@DRIVERS
@pytest.mark.parametrize("form", FORMS)
def test_a_key_that_is_revoked_is_out_on_the_second_however_warm_the_caches(
    empty: Installation, fast: bool, form: str
) -> None:
    async def what(here: Site) -> None:
        here.gateway.keys = {KEY: ["alpha"]}
        line = here.line(fast=fast)
        asked_at = here.clock.now
        assert [(await ask(line, *lines(form))).status for _ in range(4)] == [200] * 4
        here.gateway.keys = {}
        here.clock.now = asked_at + 59.999
        assert [(await ask(line, *lines(form))).status for _ in range(4)] == [200] * 4
        here.clock.now = asked_at + 60
        assert [(await ask(line, *lines(form))).status for _ in range(4)] == [401] * 4
        assert (await ask(here.line(fast=not fast), *lines(form))).status == 401

    talk(empty, what)


def test_a_known_key_is_answered_where_it_arrives(empty: Installation) -> None:
    """Without a task, as any key."""

    async def what(here: Site) -> None:
        here.gateway.keys = {KEY: ["alpha"]}
        line = here.line()
        await ask(line, *lines("x-api-key"))
        hits = here.app.observer.metrics.cache_hits
        for _ in range(4):
            before = len(line.wire.sent)
            request = ["GET /v1/models HTTP/1.1", "host: x", *lines("bearer"), "", ""]
            line.protocol.data_received("\r\n".join(request).encode())
            assert not line.state.tasks
            assert line.wire.sent[before:].startswith(b"HTTP/1.1 200")
        assert here.app.observer.metrics.cache_hits > hits

    talk(empty, what)


@DRIVERS
def test_while_the_gateway_is_away_unknown_keys_get_529_and_known_ones_their_last_list(
    empty: Installation, fast: bool
) -> None:
    async def what(here: Site) -> None:
        here.gateway.keys = {KEY: ["alpha"]}
        line = here.line(fast=fast)
        first = await ask(line, *lines("x-api-key"))
        here.gateway.answer = lambda _: Given(502)
        here.clock.now += 3600
        assert (await ask(line, *lines("x-api-key"))).body == first.body
        for form in FORMS:
            unknown = await ask(line, *lines(form, OTHER))
            assert unknown.status == 529
            assert unknown.headers["retry-after"] == "10"
        assert here.checks()["stale"] == 1
        assert here.checks()["away"] == 1
        assert here.figures["callsheet_key_gateway_up"] == 0
        assert here.app.readiness.describe()["keys"] == {
            "source": "gateway",
            "mode": "fill",
            "gateway": "away",
            "for_seconds": 0,
        }
        assert here.app.readiness.is_ready

    talk(empty, what)


@DRIVERS
def test_what_is_refused_whatever_the_key_is_is_not_asked_about(empty: Installation, fast: bool) -> None:
    async def what(here: Site) -> None:
        here.gateway.keys = {KEY: ["alpha"]}
        line = here.line(fast=fast)
        for method, target, status in (
            ("POST", "/v1/models", 405),
            ("GET", "/v1/messages", 404),
            ("GET", "/v1/models/%ff", 400),
            ("GET", "/v1/modelss", 404),
        ):
            assert (await ask(line, *lines("x-api-key"), target=target, method=method)).status == status
        assert (await ask(line, f"x-api-key: {SECRET}", VERSION)).status == 200
        assert (await ask(line, VERSION)).status == 401
        assert not here.gateway.asked

    talk(empty, what)


@DRIVERS
def test_a_source_that_is_no_longer_asked_forgets_everything_at_once(empty: Installation, fast: bool) -> None:
    async def what(here: Site) -> None:
        here.gateway.keys = {KEY: ["alpha"]}
        line = here.line(fast=fast)
        assert [(await ask(line, *lines("bearer"))).status for _ in range(4)] == [200] * 4
        here.sources.change("gateway", {"asks_keys": False})
        here.app.live.refresh()
        assert [(await ask(line, *lines("bearer"))).status for _ in range(4)] == [401] * 4
        assert len(here.gateway.asked) == 1
        here.sources.change("gateway", {"asks_keys": True})
        here.app.live.refresh()
        assert (await ask(line, *lines("bearer"))).status == 200
        here.sources.forget("gateway")
        here.app.live.refresh()
        here.gateway.keys = {}
        assert (await ask(line, *lines("bearer"))).status == 401

    talk(empty, what)


def test_another_change_forgets_nothing(empty: Installation) -> None:
    async def what(here: Site) -> None:
        here.gateway.keys = {KEY: ["alpha"]}
        line = here.line()
        assert (await ask(line, *lines("bearer"))).status == 200
        empty.add(make_model("beta"))
        here.sources.change("gateway", {"every": "10m"})
        here.app.live.refresh()
        assert (await ask(line, *lines("bearer"))).status == 200
        assert len(here.gateway.asked) == 1

    talk(empty, what)


@DRIVERS
def test_an_address_that_guesses_keys_is_stopped_before_the_gateway_is_asked(
    empty: Installation, fast: bool
) -> None:
    async def what(here: Site) -> None:
        here.gateway.keys = {KEY: ["alpha"]}
        line = here.line(fast=fast)
        line.protocol.client = ("203.0.113.7", 1)
        wrong = [(await ask(line, *lines("bearer", f"sk-guess-{number}"))).status for number in range(5)]
        assert wrong == [401, 401, 401, 429, 429]
        assert len(here.gateway.asked) == 3
        assert (await ask(line, *lines("bearer"))).status == 429

    talk(empty, what, {"rate_limit_failures": "3/minute"})


@DRIVERS
def test_a_key_that_turns_out_to_be_good_is_no_failure_and_counts_towards_its_own_rate(
    empty: Installation, fast: bool
) -> None:
    async def what(here: Site) -> None:
        here.gateway.keys = {f"sk-good-{number}": ["alpha"] for number in range(5)}
        line = here.line(fast=fast)
        line.protocol.client = ("203.0.113.7", 1)
        for key in here.gateway.keys:
            assert [(await ask(line, *lines("bearer", key))).status for _ in range(3)] == [200, 200, 429]

    talk(empty, what, {"rate_limit_failures": "1/minute", "rate_limit_key": "2/minute"})


@DRIVERS
def test_requests_are_counted_towards_their_address_once(empty: Installation, fast: bool) -> None:
    async def what(here: Site) -> None:
        line = here.line(fast=fast)
        line.protocol.client = ("203.0.113.7", 1)
        wrong = [(await ask(line, *lines("bearer", f"sk-guess-{number}"))).status for number in range(5)]
        assert wrong == [401, 401, 401, 429, 429]

    talk(empty, what, {"rate_limit_address": "3/minute"})
