"""What is counted of every answer, whichever way it went."""

import re

from tests.doors import AppDoor


def _figures(door: AppDoor) -> dict[str, float]:
    reply = door.ask("GET", "/metrics")
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    figures = {}
    for line in reply.body.decode().splitlines():
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            figures[name] = float(value)
    return figures


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


def test_the_format_is_prometheus(app_door: AppDoor) -> None:
    app_door.get("/v1/models")
    for line in app_door.ask("GET", "/metrics").body.decode().splitlines():
        assert re.fullmatch(r'# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-z]+="[^"]*",?)+\})? [0-9.e+-]+', line), line
