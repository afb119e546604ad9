"""What is counted of every answer, whichever way it went."""

import re
import socket
import sys
import time
from pathlib import Path

from callsheet._version import __version__
from callsheet.http.metrics.counters import Label
from tests.doors import AppDoor, HTTPDoor
from tests.installation import Installation, make_model
from tests.program import wait_for


def _figures(door: AppDoor) -> dict[str, float]:
    status, headers, body = door.send("GET", "/metrics", [])
    assert status == 200
    assert dict(headers)["content-type"].startswith("text/plain; version=0.0.4")
    lines = (line.rsplit(" ", 1) for line in body.decode().splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in lines}


def _answers(door: AppDoor) -> dict[str, float]:
    return {name: value for name, value in _figures(door).items() if name.startswith("callsheet_requests_total")}


def test_every_answer_is_counted_by_route_status_and_dialect(app_door: AppDoor) -> None:
    for _ in range(4):
        app_door.get("/v1/models")
    app_door.get("/v1/models/claude-opus-5")
    app_door.get("/v1/models/nothing")
    app_door.ask("GET", "/v1/models")
    app_door.ask("GET", "/elsewhere")
    app_door.ask("GET", "/v1/models", {"authorization": f"Bearer {app_door.secret}"})
    assert _answers(app_door) == {
        'callsheet_requests_total{route="list",status="200",dialect="anthropic"}': 4,
        'callsheet_requests_total{route="list",status="200",dialect="openai"}': 1,
        'callsheet_requests_total{route="list",status="401",dialect="anthropic"}': 1,
        'callsheet_requests_total{route="retrieve",status="200",dialect="anthropic"}': 1,
        'callsheet_requests_total{route="retrieve",status="404",dialect="anthropic"}': 1,
        'callsheet_requests_total{route="other",status="404",dialect="anthropic"}': 1,
    }


def test_the_histogram_holds_every_answer_and_never_falls(app_door: AppDoor) -> None:
    for _ in range(5):
        app_door.get("/v1/models")
    figures = _figures(app_door)
    buckets = [value for name, value in figures.items() if name.startswith("callsheet_request_seconds_bucket")]
    assert buckets == sorted(buckets)
    assert buckets[-1] == figures["callsheet_request_seconds_count"] == 5
    assert figures["callsheet_request_seconds_sum"] > 0


def test_the_state_is_described(app_door: AppDoor) -> None:
    figures = _figures(app_door)
    assert figures["callsheet_models"] == 34
    assert figures["callsheet_keys"] == 1
    assert figures["callsheet_state_revision"] == app_door.live.current.revision
    assert 0 <= figures["callsheet_state_age_seconds"] < 60


def test_following_the_database_is_counted(app_door: AppDoor) -> None:
    before = _figures(app_door)
    app_door.installation.add(make_model("new"))
    wait_for(lambda: _figures(app_door)["callsheet_models"] == 35, "the change to be seen")
    after = _figures(app_door)
    assert after["callsheet_refresh_seconds_count"] > before["callsheet_refresh_seconds_count"] > 0
    assert after["callsheet_refresh_seconds_sum"] > before["callsheet_refresh_seconds_sum"] > 0
    assert after["callsheet_polls_total"] >= before["callsheet_polls_total"]
    assert after["callsheet_database_up"] == 1
    assert after["callsheet_refresh_failures_total"] == 0


def test_a_database_that_is_away_is_told(installation: Installation) -> None:
    door = AppDoor(installation)
    door.get("/v1/models")
    file = Path(installation.url.removeprefix("sqlite:///"))
    file.rename(file.with_name("away.db"))

    def is_away() -> bool:
        figures = _figures(door)
        return figures["callsheet_database_up"] == 0 and figures["callsheet_refresh_failures_total"] > 0

    wait_for(is_away, "the database to be missed")
    file.with_name("away.db").rename(file)
    wait_for(lambda: _figures(door)["callsheet_database_up"] == 1, "the database to be seen again")
    door.close()


def test_requests_that_are_too_many_are_counted(installation: Installation) -> None:
    door = HTTPDoor(installation)
    door.set_up(rate_limit_key="2/hour")
    statuses = [door.get("/v1/models").status for _ in range(5)]
    assert statuses == [200, 200, 429, 429, 429]
    assert _figures(door)["callsheet_rate_limited_total"] == 3
    door.close()


def test_open_connections_are_counted(installation: Installation) -> None:
    door = HTTPDoor(installation)
    with socket.create_connection(("127.0.0.1", door.port)), socket.create_connection(("127.0.0.1", door.port)):
        wait_for(lambda: _figures(door)["callsheet_connections"] == 3, "two connections, and the one that asks")
    wait_for(lambda: _figures(door)["callsheet_connections"] == 1, "them to be gone")
    door.close()


def test_the_process_is_described(app_door: AppDoor) -> None:
    figures = _figures(app_door)
    assert figures[f'callsheet_build_info{{version="{__version__}"}}'] == figures["callsheet_workers"] == 1
    assert abs(figures["process_start_time_seconds"] - time.time()) < 600
    assert figures["process_cpu_seconds_total"] > 0
    if sys.platform == "linux":
        assert figures["process_resident_memory_bytes"] > 10_000_000
        assert 3 <= figures["process_open_fds"] <= figures["process_max_fds"]


def test_large_counts_lose_no_digit(app_door: AppDoor) -> None:
    app_door.app.observer.metrics.tally(Label("list", 200, "anthropic")).count = 12_345_678_901
    assert " 12345678901\n" in app_door.ask("GET", "/metrics").body.decode()


def test_the_format_is_prometheus(app_door: AppDoor) -> None:
    app_door.get("/v1/models")
    for line in app_door.ask("GET", "/metrics").body.decode().splitlines():
        assert re.fullmatch(r'# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-z]+="[^"]*",?)+\})? [0-9.e+-]+', line), line
