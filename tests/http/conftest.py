"""Fixtures of the tests of HTTP."""

from collections.abc import Iterator

import pytest

from tests.doors import AppDoor, HTTPDoor, PlainHTTPDoor
from tests.installation import Installation


@pytest.fixture(params=[AppDoor, HTTPDoor, PlainHTTPDoor])
def app_door(request: pytest.FixtureRequest, installation: Installation) -> Iterator[AppDoor]:
    """The whole app, in process and over HTTP by both protocols."""
    door: AppDoor = request.param(installation)
    yield door
    door.close()
