"""Behind a proxy, with a log and rate limits: everybody gets their own answer, at once, and is put down for it."""

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import cycle

import pytest

from callsheet.http.app import CallsheetApp
from callsheet.http.metrics.counters import Ordinary
from tests.http.clock import ManualClock
from tests.http.connection.kept_log import KeptLog
from tests.http.plain import ClockLoop, answered_at_once, answered_later, make_app, run
from tests.http.wire import Line
from tests.installation import Installation, make_model

ADDED = ("X-Forwarded-Proto: https", "anthropic-version: 2023-06-01", "accept-encoding: gzip, deflate")


def passed_on(secret: str, number: int, client: str, target: str = "/v1/models?limit=2") -> bytes:
    """A request as a proxy passes it on; ``number`` makes it differ from any other."""
    lines = [
        *(
            "host: models",
            f"X-Forwarded-For: {client}",
            ADDED[0],
            f"X-Real-IP: {client}",
            f"X-Request-ID: {number}",
        ),
        *(f"x-api-key: {secret}", *ADDED[1:], f"traceparent: 00-{number}-01"),
    ]
    return "\r\n".join([f"GET {target} HTTP/1.1", *lines, "", ""]).encode()


class Proxy(Line):
    """A trusted proxy with three connections to one server, which it uses in turns."""

    def __init__(self, app: CallsheetApp) -> None:
        super().__init__(app, fast=True, forwarded_allow_ips="*")
        self._connections = cycle([self.protocol, self._connect(self.wire), self._connect(self.wire)])

    def turn(self) -> "Proxy":
        """Go on with the next connection."""
        self.protocol = next(self._connections)
        return self


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def deployed(installation: Installation, clock: ManualClock) -> tuple[CallsheetApp, KeptLog]:
    """An app with a log and a limit for each key and each address."""
    app = make_app(installation, clock, rate_limit_key="40/minute", rate_limit_address="100/minute")
    log = app.observer.log = KeptLog()
    return app, log


def test_keys_of_different_workspaces_share_connections_and_nothing_else(
    installation: Installation, clock: ManualClock
) -> None:
    first, second = "model-one", "model-two"
    installation.add(make_model(first), make_model(second))
    secrets = {}
    for seen, name in ((first, "one"), (second, "two")):
        workspace = installation.workspace(name, allow=(seen,))
        secrets[seen] = installation.key(name=name, workspace=workspace)
    app, log = deployed(installation, clock)
    app.live.refresh()
    ids = {key.name: key.id for key in installation.access.list_keys()}

    async def talk(_: ClockLoop) -> None:
        proxy = Proxy(app)
        for number in range(60):
            seen = (first, second)[number * 7 % 5 % 2]
            client = f"203.0.113.{number % 5}"
            reply = answered_at_once(proxy.turn(), passed_on(secrets[seen], number, client))
            assert [model["id"] for model in reply.json["data"]] == [seen]
            assert log.kept[-1]["client"] == client
            assert log.kept[-1]["key_id"] == ids["one" if seen == first else "two"]
        assert app.observer.metrics.cache_hits == 56

    run(talk)
    assert sum(app.observer.metrics.ordinary.values()) == 0


def test_each_key_has_its_own_count_over_all_connections_and_clients(
    installation: Installation, clock: ManualClock
) -> None:
    secrets = [installation.key(name=name) for name in ("one", "two")]
    app, _ = deployed(installation, clock)
    app.live.refresh()

    async def talk(_: ClockLoop) -> None:
        proxy = Proxy(app)
        for number in range(80):
            request = passed_on(secrets[number % 2], number, f"203.0.113.{number % 9}")
            assert answered_at_once(proxy.turn(), request).status == 200
        for number in range(2):
            (refused,) = await answered_later(proxy.turn(), passed_on(secrets[number], number, "203.0.113.77"))
            assert refused.status == 429
        clock.now += 60
        assert answered_at_once(proxy.turn(), passed_on(secrets[0], 0, "203.0.113.77")).status == 200

    run(talk)
    assert app.observer.metrics.ordinary[Ordinary.LIMITED] == 2


def test_an_address_that_a_proxy_names_is_counted_for_itself(
    installation: Installation, clock: ManualClock
) -> None:
    secrets = [installation.key(name=f"key {number}") for number in range(6)]
    app, log = deployed(installation, clock)
    app.live.refresh()

    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=True, forwarded_allow_ips="*")
        for number in range(100):
            request = passed_on(secrets[number % 6], number, "203.0.113.1")
            assert answered_at_once(line, request).status == 200
        (refused,) = await answered_later(line, passed_on(secrets[0], 0, "203.0.113.1"))
        assert refused.status == 429
        assert answered_at_once(line, passed_on(secrets[0], 1, "203.0.113.2")).status == 200

    run(talk)
    assert Counter(entry["client"] for entry in log.kept) == {"203.0.113.1": 101, "203.0.113.2": 1}


@pytest.mark.parametrize("trusted", ["127.0.0.1", "10.0.0.1"])
def test_only_a_trusted_proxy_says_who_the_client_is(
    installation: Installation, clock: ManualClock, trusted: str
) -> None:
    secret = installation.key(name="one")
    app, log = deployed(installation, clock)
    app.live.refresh()

    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=True, forwarded_allow_ips=trusted, peer=("127.0.0.1", 50_000))
        for number in range(6):  # new, known by its head, known by its bytes if these name no client that counts
            answered_at_once(line, passed_on(secret, number // 3, "203.0.113.1"))

    run(talk)
    assert {entry["client"] for entry in log.kept} == {"203.0.113.1" if trusted == "127.0.0.1" else "127.0.0.1"}


def test_a_key_expires_on_the_second(installation: Installation, clock: ManualClock) -> None:
    expiry = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
    secret = installation.key(name="short", expires_at=expiry)
    app, log = deployed(installation, clock)
    app.live.refresh()

    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=True, forwarded_allow_ips="*")
        for seconds, status in ((-60, 200), (-0.001, 200), (0, 401), (1e6, 401)):
            clock.now = expiry.timestamp() + seconds
            for number in range(4):
                before = len(log.kept)
                await line.feed([passed_on(secret, number, "203.0.113.1")])
                assert [entry["status"] for entry in log.kept[before:]] == [status]

    run(talk)


def test_a_proxy_that_opens_a_connection_for_each_request_gets_its_answers_at_once(
    installation: Installation, clock: ManualClock
) -> None:
    secret = installation.key(name="one")
    app, log = deployed(installation, clock)
    app.live.refresh()

    async def talk(_: ClockLoop) -> None:
        for number in range(6):
            line = Line(app, fast=True, forwarded_allow_ips="*")
            request = passed_on(secret, number, "203.0.113.1").replace(
                b"HTTP/1.1\r\n", b"HTTP/1.0\r\nConnection: close\r\n"
            )
            assert answered_at_once(line, request).headers["connection"] == "close"
            assert line.wire.closed
            line.protocol.connection_lost(None)
        await asyncio.sleep(0)

    run(talk)
    assert len(log.kept) == 6
    assert json.dumps(log.kept).count("203.0.113.1") == 6
