"""Keys stop in the very second that they are to, however warm the response cache is."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from callsheet.http.app import CallsheetApp
from tests.http.clock import ManualClock
from tests.http.plain import SECRET, ClockLoop, make_app, replies, run
from tests.http.wire import Line
from tests.installation import Installation
from tests.program import Server

SHORT = "sk-expires-soon-0123456789"

DRIVERS = pytest.mark.parametrize("fast", [True, False], ids=["fast", "plain"])
DIALECTS = pytest.mark.parametrize(
    "lines",
    [
        (f"x-api-key: {SHORT}", "anthropic-version: 2023-06-01"),
        (f"authorization: Bearer {SHORT}", "anthropic-version: 2026-10-21"),
        (f"authorization: Bearer {SHORT}",),
    ],
    ids=["x-api-key", "bearer", "openai"],
)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def app(installation: Installation, clock: ManualClock) -> CallsheetApp:
    return make_app(installation, clock)


async def statuses(line: Line, *lines: str, times: int = 4) -> list[int]:
    """What a request is answered, time after time; each has a trace of its own every second time."""
    before = len(line.wire.sent)
    for number in range(times):
        trace = f"traceparent: {number // 2}"
        await line.feed(["\r\n".join(["GET /v1/models HTTP/1.1", "host: x", *lines, trace, "", ""]).encode()])
    return [reply.status for reply in replies(line.wire.sent[before:])]


@DRIVERS
@DIALECTS
def test_a_key_expires_on_the_second_in_both_dialects(
    installation: Installation,
    app: CallsheetApp,
    clock: ManualClock,
    lines: tuple[str, ...],
    fast: bool,
) -> None:
    expiry = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
    installation.key(name="short", secret=SHORT, expires_at=expiry)
    app.live.refresh()
    clock.now = expiry.timestamp() - 60

    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=fast)
        assert await statuses(line, *lines) == [200] * 4
        assert "openai" in str(app.observer.metrics.figures()) or app.observer.metrics.cache_hits
        clock.now = expiry.timestamp() - 0.001
        assert await statuses(line, *lines) == [200] * 4
        clock.now = expiry.timestamp()
        assert await statuses(line, *lines) == [401] * 4
        clock.now = expiry.timestamp() + 1e6
        assert await statuses(Line(app, fast=fast), *lines) == [401] * 4

    run(talk)


@DRIVERS
def test_after_a_rotation_both_keys_are_good_until_the_overlap_ends_and_then_the_new_one(
    installation: Installation, app: CallsheetApp, clock: ManualClock, fast: bool
) -> None:
    installation.key(name="short", secret=SHORT)
    app.live.refresh()
    version = "anthropic-version: 2023-06-01"

    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=fast)
        assert await statuses(line, f"x-api-key: {SHORT}", version) == [200] * 4
        new = installation.access.rotate_key("short", timedelta(hours=1))
        app.live.refresh()
        (old,) = (key for key in installation.access.list_keys() if key.expires_at is not None)
        assert old.expires_at is not None
        clock.now = old.expires_at.timestamp() - 0.001
        for secret in (SHORT, new.secret):
            assert await statuses(line, f"x-api-key: {secret}", version) == [200] * 4
        clock.now += 0.001
        assert await statuses(line, f"x-api-key: {SHORT}", version) == [401] * 4
        assert await statuses(line, f"x-api-key: {new.secret}", version) == [200] * 4

    run(talk)


@pytest.mark.parametrize("driver", ["--fast", "--no-fast"])
def test_a_real_clock_ends_a_real_key_in_time(installation: Installation, driver: str) -> None:
    installation.key(secret=SECRET)
    database = Path(installation.url.removeprefix("sqlite:///"))
    with Server(database, driver) as server:
        expiry = datetime.now(UTC) + timedelta(seconds=1.5)
        installation.key(name="short", secret=SHORT, expires_at=expiry)
        connection = server.connect()
        seen: list[tuple[float, float, int]] = []
        while not seen or seen[-1][2] != 401 or seen[-1][0] < expiry.timestamp():
            begun = time.time()
            connection.request("GET", "/v1/models", headers={"x-api-key": SHORT, "anthropic-version": "2023-06-01"})
            response = connection.getresponse()
            response.read()
            seen.append((begun, time.time(), response.status))
            assert begun < expiry.timestamp() + 5
        good = [times for times in seen if times[2] == 200]
        assert len(good) > 10
        assert all(begun < expiry.timestamp() for begun, _, _ in good)
        after = [ended for _, ended, status in seen[seen.index(good[-1]) + 1 :] if status == 401]
        assert all(ended >= expiry.timestamp() for ended in after)
        connection.close()
