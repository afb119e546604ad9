"""A key that is changed while it is in use: what it may see, and until when, is as the change says, at once."""

from datetime import UTC, datetime, timedelta

from callsheet.domain.changes.keys import KeyChange
from callsheet.service.access import AccessService
from tests.doors import Door
from tests.installation import make_model


def test_a_key_that_moves_to_another_workspace_sees_what_that_sees(door: Door) -> None:
    installation = door.installation
    installation.add(make_model("team-model"), make_model("other-model"))
    installation.workspace("team", allow=("team-*",))
    secret = installation.key(name="mover")
    headers = {"x-api-key": secret, "anthropic-version": "2023-06-01"}
    assert {"team-model", "other-model"} <= set(door.ask("GET", "/v1/models?limit=1000", headers).ids)
    installation.access.change_key("mover", KeyChange(workspace="team"))
    assert door.ask("GET", "/v1/models?limit=1000", headers).ids == ["team-model"]
    assert door.ask("GET", "/v1/models/other-model", headers).status == 404
    installation.access.change_key("mover", KeyChange(workspace=None))
    assert door.ask("GET", "/v1/models/other-model", headers).status == 200


def test_a_key_that_has_expired_works_again_when_its_expiry_is_moved_or_taken_away(door: Door) -> None:
    past = AccessService(door.installation.store, "test", lambda: datetime(2026, 1, 1, tzinfo=UTC))
    secret = past.create_key("brief", expires_at=datetime(2026, 1, 2, tzinfo=UTC)).secret
    headers = {"x-api-key": secret, "anthropic-version": "2023-06-01"}
    assert door.ask("GET", "/v1/models", headers).error[2] == "API key has expired."
    later = datetime.now(UTC) + timedelta(days=1)
    door.installation.access.change_key("brief", KeyChange(expires_at=later))
    assert door.ask("GET", "/v1/models", headers).status == 200
    past.change_key("brief", KeyChange(expires_at=datetime(2026, 1, 3, tzinfo=UTC)))
    assert door.ask("GET", "/v1/models", headers).status == 401
    door.installation.access.change_key("brief", KeyChange(expires_at=None))
    assert door.ask("GET", "/v1/models", headers).status == 200
