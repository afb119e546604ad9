"""Rate limits: by key, by address, and of failures to authenticate; the same through every door."""

import subprocess
import sys

import pytest

from callsheet.http.app import CallsheetApp
from tests.doors import AppDoor, HTTPDoor, PlainHTTPDoor, Reply
from tests.http.clock import ManualClock
from tests.http.plain import (
    SECRET,
    ClockLoop,
    answered_at_once,
    answered_later,
    make_app,
    plain,
    run,
)
from tests.http.wire import Line
from tests.installation import Installation, make_model

WRONG = {"x-api-key": "sk-this-is-wrong-0123456789", "anthropic-version": "2023-06-01"}


def statuses(door: AppDoor, times: int, headers: dict[str, str] | None = None) -> list[int]:
    """What a request for the list is answered, time after time."""
    sent = dict(door.credentials()) if headers is None else headers
    return [door.ask("GET", "/v1/models?limit=1", sent).status for _ in range(times)]


def assert_refused(reply: Reply, message: str, at_most: int = 3600) -> None:
    """It is an error that clients retry, after as many seconds as it says."""
    seconds = int(reply.headers["retry-after"])
    assert at_most - 60 <= seconds <= at_most
    assert reply.error == (429, "rate_limit_error", f"{message}; try again in {seconds} s")
    assert "x-should-retry" not in reply.headers
    assert "etag" not in reply.headers


def test_there_is_no_limit_unless_it_is_set(app_door: AppDoor) -> None:
    assert app_door.app.rate_limits is None
    assert statuses(app_door, 30) == [200] * 30


def test_a_key_that_asks_too_often_is_told_when_to_come_back(app_door: AppDoor) -> None:
    app_door.set_up(rate_limit_key="3/hour")
    assert statuses(app_door, 5) == [200, 200, 200, 429, 429]
    assert_refused(app_door.get("/v1/models"), "Too many requests with this API key")
    other = app_door.installation.key(name="other")
    assert statuses(app_door, 1, {**WRONG, "x-api-key": other}) == [200]


def test_every_request_of_a_key_counts_whatever_becomes_of_it(app_door: AppDoor) -> None:
    app_door.set_up(rate_limit_key="4/hour")
    assert app_door.get("/v1/models/no-such-model").status == 404
    assert app_door.get("/v1/models?limit=0").status == 400
    assert app_door.ask("GET", "/v1/models", {"x-api-key": app_door.secret}).status == 400
    assert app_door.ask("HEAD", "/v1/models", app_door.credentials()).status == 200
    assert app_door.get("/v1/models").status == 429


def test_all_rates_of_a_setting_are_kept(app_door: AppDoor) -> None:
    app_door.set_up(rate_limit_key="100/minute;3/day")
    assert statuses(app_door, 4) == [200, 200, 200, 429]
    assert_refused(app_door.get("/v1/models"), "Too many requests with this API key", 86400)


def test_an_openai_client_is_refused_in_its_own_shape(app_door: AppDoor) -> None:
    app_door.set_up(rate_limit_key="1/hour")
    bearer = {"authorization": f"Bearer {app_door.secret}"}
    assert statuses(app_door, 2, bearer) == [200, 429]
    reply = app_door.ask("GET", "/v1/models", bearer)
    assert reply.json["error"]["type"] == "rate_limit_error"
    assert reply.json["error"]["code"] == "rate_limit_exceeded"
    assert int(reply.headers["retry-after"]) > 3500
    assert reply.headers["x-request-id"] == reply.headers["request-id"]


def test_a_long_list_for_an_openai_client_counts_once(app_door: AppDoor) -> None:
    app_door.installation.add_at_once(make_model(f"many-{number:04}") for number in range(1200))
    app_door.set_up(rate_limit_key="3/hour")
    bearer = {"authorization": f"Bearer {app_door.secret}"}
    replies = [app_door.ask("GET", "/v1/models", bearer) for _ in range(4)]
    assert [reply.status for reply in replies] == [200, 200, 200, 429]
    assert len(replies[0].body) > 64 * 1024


def test_head_is_refused_without_a_body(app_door: AppDoor) -> None:
    app_door.set_up(rate_limit_key="1/hour")
    assert statuses(app_door, 1) == [200]
    reply = app_door.ask("HEAD", "/v1/models", app_door.credentials())
    assert (reply.status, reply.body) == (429, b"")
    assert int(reply.headers["retry-after"]) > 3500


def test_a_web_page_can_read_when_to_come_back(app_door: AppDoor) -> None:
    app_door.set_up(rate_limit_address="1/hour", cors_origins=["https://app.example"])
    assert statuses(app_door, 1) == [200]
    reply = app_door.get("/v1/models", {"origin": "https://app.example"})
    assert reply.status == 429
    assert reply.headers["access-control-allow-origin"] == "https://app.example"
    assert "retry-after" in reply.headers["access-control-expose-headers"]


def test_an_address_is_counted_over_all_its_keys_and_without_any(app_door: AppDoor) -> None:
    app_door.set_up(rate_limit_address="4/hour")
    other = app_door.installation.key(name="other")
    assert statuses(app_door, 1) == [200]
    assert statuses(app_door, 1, {**WRONG, "x-api-key": other}) == [200]
    assert app_door.ask("GET", "/v1/nothing").status == 404
    assert app_door.ask("POST", "/v1/models").status == 405
    assert_refused(app_door.get("/v1/models"), "Too many requests from this address")
    assert_refused(app_door.ask("GET", "/v1/nothing"), "Too many requests from this address")


def test_what_asks_whether_the_server_is_well_is_never_refused(app_door: AppDoor) -> None:
    app_door.set_up(rate_limit_address="1/hour", rate_limit_key="1/hour", rate_limit_failures="1/hour")
    assert statuses(app_door, 2) == [200, 429]
    for path in ("/healthz", "/readyz", "/metrics", "/openapi.json"):
        assert app_door.ask("GET", path, WRONG).status == 200


def test_failures_to_authenticate_are_counted_by_address_and_charged_to_no_key(app_door: AppDoor) -> None:
    app_door.set_up(rate_limit_failures="3/hour", rate_limit_key="2/hour")
    app_door.installation.access.disable_key(app_door.installation.access.list_keys()[0].id)
    assert statuses(app_door, 1) == [401]
    assert statuses(app_door, 2, WRONG) == [401, 401]
    app_door.installation.access.enable_key(app_door.installation.access.list_keys()[0].id)
    message = "Too many failed attempts to authenticate from this address"
    assert_refused(app_door.ask("GET", "/v1/models", WRONG), message)
    assert_refused(app_door.get("/v1/models"), message)  # whoever guesses must not learn from this which are right


def test_a_key_in_good_standing_is_no_failure_beside_a_wrong_one(app_door: AppDoor) -> None:
    app_door.set_up(rate_limit_failures="1/hour")
    both = {**WRONG, "authorization": f"Bearer {app_door.secret}"}
    assert statuses(app_door, 4, both) == [200] * 4


def test_who_shows_no_secret_has_not_tried_to_authenticate(app_door: AppDoor) -> None:
    app_door.set_up(rate_limit_failures="1/hour")
    assert statuses(app_door, 3, {"anthropic-version": "2023-06-01"}) == [401] * 3
    assert statuses(app_door, 3, {"authorization": "Basic abc"}) == [401] * 3
    assert statuses(app_door, 2) == [200] * 2


@pytest.mark.parametrize("kind", [HTTPDoor, PlainHTTPDoor])
def test_behind_a_trusted_proxy_the_address_is_that_of_its_client(
    installation: Installation, kind: type[HTTPDoor]
) -> None:
    door = kind(installation)
    door.set_up(rate_limit_address="2/hour", memo_bytes=0)

    def ask(address: str) -> list[int]:
        return statuses(door, 3, {**dict(door.credentials()), "x-forwarded-for": address})

    try:
        assert ask("203.0.113.1") == ask("203.0.113.2, 127.0.0.1") == [200, 200, 429]
        assert ask("2001:db8:1:2::1") == [200, 200, 429]
        assert ask("2001:db8:1:2:ffff::1") == [429] * 3  # the same subscriber
        assert ask("2001:db8:1:3::1") == [200, 200, 429]
        assert ask("::ffff:203.0.113.1") == [429] * 3
        assert statuses(door, 3) == [200, 200, 429]
        door.set_up(rate_limit_address="2/hour", trusted_proxies=["203.0.113.0/24"])
        assert ask("203.0.113.5") == [200, 200, 429]
        assert ask("203.0.113.6") == [429] * 3  # anybody can claim to be anybody
    finally:
        door.close()


@pytest.fixture
def limited(installation: Installation) -> CallsheetApp:
    return make_app(installation, rate_limit_key="3/minute")


@pytest.mark.parametrize("fast", [True, False])
def test_the_rate_is_kept_to_the_millisecond_and_the_header_is_exact(
    installation: Installation, fast: bool
) -> None:
    clock = ManualClock(1_800_000_000.0)
    limited = make_app(installation, clock, rate_limit_key="3/minute")

    async def talk(_: ClockLoop) -> None:
        line = Line(limited, fast=fast)

        async def told() -> str:
            (reply,) = await answered_later(line, plain())
            assert reply.status == 429
            return reply.headers["retry-after"]

        async def let_in() -> bool:
            await line.feed([plain()])
            return line.wire.sent.rsplit(b"HTTP/1.1 ", 1)[1].startswith(b"200")

        assert [await let_in() for _ in range(3)] == [True] * 3
        assert await told() == "60"
        clock.now += 0.5
        assert await told() == "60"
        clock.now += 58.6
        assert await told() == "1"
        clock.now = 1_800_000_059.999
        assert await told() == "1"
        clock.now = 1_800_000_060.0
        assert [await let_in() for _ in range(3)] == [True] * 3
        assert await told() == "60"

    run(talk)


def test_plain_requests_are_answered_at_once_as_long_as_they_are_let_in(limited: CallsheetApp) -> None:
    async def talk(_: ClockLoop) -> None:
        line = Line(limited, fast=True)
        for _time in range(3):
            assert answered_at_once(line, plain()).status == 200
        for _time in range(3):
            (reply,) = await answered_later(line, plain())
            assert reply.status == 429

    run(talk)


@pytest.mark.parametrize("trace", [False, True], ids=["by its bytes", "by its head"])
def test_an_answer_from_the_memo_counts_like_any_other(installation: Installation, trace: bool) -> None:
    app = make_app(installation, rate_limit_key="10/minute")

    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=True)
        requests = [plain("/v1/models?limit=2", f"traceparent: {number if trace else 0}") for number in range(12)]
        assert [answered_at_once(line, request).status for request in requests[:10]] == [200] * 10
        assert app.observer.metrics.cache_hits == 8
        for request in requests[10:]:
            (reply,) = await answered_later(line, request)
            assert reply.status == 429
        assert app.observer.metrics.cache_hits == 8

    run(talk)


def test_an_address_that_has_failed_too_often_gets_no_answer_from_the_memo(app_door: AppDoor) -> None:
    app_door.set_up(rate_limit_failures="2/hour")
    assert statuses(app_door, 5) == [200] * 5
    assert statuses(app_door, 2, WRONG) == [401] * 2
    assert statuses(app_door, 2) == [429] * 2


def test_connections_are_counted_together(limited: CallsheetApp) -> None:
    async def talk(_: ClockLoop) -> None:
        for _time in range(3):
            assert answered_at_once(Line(limited, fast=True), plain()).status == 200
        (reply,) = await answered_later(Line(limited, fast=True), plain())
        assert reply.status == 429

    run(talk)


def test_a_refusal_names_the_key_in_no_way_that_gives_it_away(limited: CallsheetApp) -> None:
    async def talk(_: ClockLoop) -> None:
        line = Line(limited, fast=True)
        await line.feed([plain()] * 6)
        assert SECRET.encode() not in line.wire.sent

    run(talk)


@pytest.mark.parametrize("setting", ["rate_limit_key", "rate_limit_address", "rate_limit_failures"])
def test_each_limit_is_set_by_itself(app_door: AppDoor, setting: str) -> None:
    app_door.set_up(**{setting: "2/hour"})
    good, bad = statuses(app_door, 4), statuses(app_door, 4, WRONG)
    assert (good, bad) == {
        "rate_limit_key": ([200, 200, 429, 429], [401] * 4),
        "rate_limit_address": ([200, 200, 429, 429], [429] * 4),
        "rate_limit_failures": ([200] * 4, [401, 401, 429, 429]),
    }[setting]


def test_without_limits_nothing_of_them_is_loaded() -> None:
    program = "import sys, callsheet.http.serve.run; print([name for name in sys.modules if name[:6] == 'limits'])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
