"""However often a request was answered, the next answer is that of the present."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from callsheet.service.access import AccessService
from tests.doors import Door
from tests.installation import Installation, make_model

CHANGES: dict[str, Callable[[Installation], object]] = {
    "rename": lambda here: here.catalog.change("c", {"display_name": "Sea"}),
    "remove": lambda here: here.catalog.remove("c"),
    "add": lambda here: here.add(make_model("f", "2026-03-01")),
    "alias": lambda here: here.catalog.alias("latest", "a"),
    "disable": lambda here: here.access.disable_key("door"),
    "archive": lambda here: here.access.archive_key("door"),
}
TARGETS = ("/v1/models", "/v1/models?limit=3", "/v1/models/c", "/v1/models/latest", "/v1/models?after_id=latest")


@pytest.mark.parametrize("change", CHANGES)
def test_a_repeated_request_follows_every_change(door: Door, letters: Installation, change: str) -> None:
    for _ in range(4):
        before = {target: door.get(target).status for target in TARGETS}
    assert list(before.values()) == [200, 200, 200, 404, 400]
    CHANGES[change](letters)
    after = {target: door.get(target) for target in TARGETS}
    door.set_up()
    for target, reply in after.items():
        fresh = door.get(target)
        assert (reply.status, reply.headers.get("etag")) == (fresh.status, fresh.headers.get("etag")), target


def test_repeated_requests_have_ids_of_their_own(door: Door) -> None:
    replies = [door.get("/v1/models") for _ in range(5)]
    assert len({reply.headers["request-id"] for reply in replies}) == 5
    assert len({reply.body for reply in replies}) == 1


def test_requests_that_differ_by_one_header_are_not_mixed_up(door: Door, letters: Installation) -> None:
    few = letters.workspace("Few", allow=("a",))
    theirs = [("x-api-key", letters.key(workspace=few)), ("anthropic-version", "2023-06-01")]
    bearer = [("authorization", f"Bearer {door.secret}")]
    for _ in range(4):
        assert door.get("/v1/models").ids == ["a", "b", "c", "d", "e"]
        assert door.ask("GET", "/v1/models", theirs).ids == ["a"]
        assert door.ask("GET", "/v1/models", bearer).json["object"] == "list"
        assert door.ask("HEAD", "/v1/models", door.credentials()).body == b""
        assert door.ask("GET", "/v1/models", door.credentials()[:1]).status == 400


def test_a_key_that_expires_between_two_requests_is_refused(door: Door, installation: Installation) -> None:
    then = datetime.now(UTC) - timedelta(days=1)
    past = AccessService(installation.store, "test", lambda: then)
    end = datetime.now(UTC) + timedelta(seconds=1)
    secret = past.create_key("brief", expires_at=end).secret
    headers = [("x-api-key", secret), ("anthropic-version", "2023-06-01")]
    while datetime.now(UTC) <= end:
        door.ask("GET", "/v1/models?limit=1", headers)
    assert door.ask("GET", "/v1/models?limit=1", headers).error[2] == "API key has expired."
