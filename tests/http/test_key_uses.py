"""Every door notes which keys are used, once an hour, although answers come from caches."""

from collections.abc import Iterator

import pytest

from tests.doors import AppDoor, HTTPDoor
from tests.http.clock import ManualClock
from tests.installation import Installation


@pytest.fixture(params=[AppDoor, HTTPDoor])
def door(request: pytest.FixtureRequest, installation: Installation) -> Iterator[AppDoor]:
    opened = request.param(installation)
    yield opened
    opened.close()


def test_a_key_is_noted_once_an_hour_and_again_in_the_next_one(door: AppDoor) -> None:
    uses = door.app.uses
    clock = ManualClock()
    uses._clock = clock.clock
    uses.turn()  # or the sweep of a server does, after the first request
    key_id = door.installation.access.list_keys()[0].id
    for _ in range(4):
        assert door.get("/v1/models").status == 200
    assert list(uses._hour.keys) == [key_id]
    clock.now += 3600
    uses.turn()
    if isinstance(door, HTTPDoor):
        door.server.config.fast_path.forget_answers()  # type: ignore[attr-defined]  # as the sweep does
    assert door.get("/v1/models").status == 200
    assert list(uses._hour.keys) == [key_id]


def test_a_wrong_key_is_not_noted(door: AppDoor) -> None:
    assert door.ask("GET", "/v1/models", {"x-api-key": "wrong", "anthropic-version": "2023-06-01"}).status == 401
    assert door.app.uses._hour.keys == {}
