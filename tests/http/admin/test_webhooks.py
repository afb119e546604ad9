"""Webhooks and calendars in the Admin API: the records of the command line, and secrets that are shown once."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final

import pytest

from callsheet.domain.access.admin_key import Scope
from callsheet.http.admin.app import AdminAPI
from callsheet.http.admin.endpoints import ENDPOINTS
from tests.http.admin.asking import Admin
from tests.http.admin.test_catalog import fits
from tests.installation import on_both

_URL: Final = "https://hooks.example.com/x"


def _texts(admin: Admin) -> Iterator[str]:
    """Everything that the database holds, as text, but for the webhooks, which need their secrets."""
    with admin.installation.store.database.transaction(writes=False) as connection:
        for table in ("repeated_requests", "changes", "calendars"):
            yield from (str(row) for row in connection.exec_driver_sql(f"SELECT * FROM {table}"))


@on_both
def test_a_webhook_is_created_changed_rotated_disabled_enabled_and_archived(admin: Admin) -> None:
    made = fits("/webhooks", "POST", admin.post("/webhooks", {"name": "ops", "url": _URL, "events": ["model.*"]}))
    assert made["secret"].startswith("whsec_")
    shown = fits("/webhooks/{webhook}", "GET", admin.get("/webhooks/ops"))
    assert (shown["id"], shown["condition"], shown["waiting"]) == (made["id"], "ok", 0)
    assert made["secret"] not in json.dumps(shown)
    changed = fits("/webhooks/{webhook}", "POST", admin.post("/webhooks/ops", {"name": "crew"}))
    assert (changed["name"], changed["url"], changed["events"]) == ("crew", _URL, ["model.*"])
    admin.post("/catalog/hide", {"models": ["claude-fable-5"]})
    (waits,) = fits("/deliveries", "GET", admin.get("/deliveries?webhook=crew"))["data"]
    assert (waits["status"], waits["type"]) == ("waiting", "model.changed")
    assert admin.get("/deliveries?status=sent").json["data"] == []
    rotated = fits("/webhooks/{webhook}/rotate", "POST", admin.post("/webhooks/crew/rotate", {"overlap_hours": 1}))
    assert rotated["secret"] not in (made["secret"], None)
    assert len(rotated["secrets"]) == 2
    for verb, status in (("disable", "disabled"), ("enable", "active")):
        assert (
            fits(f"/webhooks/{{webhook}}/{verb}", "POST", admin.post(f"/webhooks/crew/{verb}"))["status"] == status
        )
    would = fits("/webhooks/{webhook}/check_retry", "POST", admin.post("/webhooks/crew/check_retry"))["data"]
    assert [(each["id"], each["status"]) for each in would] == [(waits["id"], "given_up")]
    again = fits("/webhooks/{webhook}/retry", "POST", admin.post("/webhooks/crew/retry", {"events": [waits["id"]]}))
    assert [each["id"] for each in again["data"]] == [waits["id"]]
    assert admin.get("/deliveries").json["data"][0]["status"] == "waiting"
    assert admin.post("/webhooks/crew/archive").json["secrets"] == []
    assert admin.post(f"/webhooks/{made['id']}/archive").status == 409
    assert [each["status"] for each in fits("/webhooks", "GET", admin.get("/webhooks"))["data"]] == ["archived"]


def test_secrets_and_tokens_are_shown_once_and_kept_nowhere(admin: Admin) -> None:
    secrets = []
    for number, (path, body, names) in enumerate(
        (
            ("/webhooks", {"name": "ops", "url": _URL}, ("secret",)),
            ("/webhooks/ops/rotate", {}, ("secret",)),
            ("/calendars", {"name": "all"}, ("token", "path")),
        )
    ):
        first, second = (admin.post(path, body, idempotency_key=f"k{number}") for _ in range(2))
        assert (first.status, second.status) == (200, 200)
        assert second.headers["idempotency-replayed"] == "true"
        found = [first.json[name] for name in names]
        assert all(found)
        assert [second.json[name] for name in names] == [None] * len(names)
        assert "shown once" in second.json["note"]
        secrets += found
    held = "\n".join(_texts(admin))
    assert not [secret for secret in secrets if secret in held]


def test_a_secret_that_is_brought_along_is_not_sent_back(admin: Admin) -> None:
    secret = "whsec_" + "QUJDREVGR0g" * 3 + "QUJDREVGR0hJ"[:11]
    refused = admin.post("/webhooks", {"name": "ops", "url": _URL, "secret": "whsec_short"})
    assert (refused.status, "whsec_short" in refused.message) == (400, False)
    made = admin.post("/webhooks", {"name": "ops", "url": _URL, "secret": secret})
    assert (made.status, made.json["secret"]) == (200, None), made.content
    assert secret.encode() not in made.content


def test_a_calendar_is_created_listed_and_revoked(admin: Admin) -> None:
    admin.post("/access/workspaces", {"name": "team"})
    made = fits("/calendars", "POST", admin.post("/calendars", {"name": "ours", "workspace": "team"}))
    assert made["path"] == f"/calendars/{made['token']}.ics"
    (listed,) = fits("/calendars", "GET", admin.get("/calendars"))["data"]
    assert listed == {name: made[name] for name in listed}
    assert admin.post("/calendars", {"name": "ours"}).status == 409
    assert admin.post("/calendars", {"name": "lost", "workspace": "nothing"}).status == 404
    revoked = fits("/calendars/{calendar}/revoke", "POST", admin.post("/calendars/ours/revoke"))
    assert revoked["revoked_at"] is not None
    assert admin.post(f"/calendars/{made['id']}/revoke").status == 409


def test_private_addresses_need_the_setting(admin: Admin) -> None:
    before = admin.revision
    with closing(socket.socket()) as bound:  # it does not listen, so that nothing answers there
        bound.bind(("127.0.0.1", 0))
        body = {"name": "ops", "url": f"http://127.0.0.1:{bound.getsockname()[1]}/"}
        assert "webhooks_private" in admin.post("/webhooks", body).message
        assert admin.revision == before
        admin.api = AdminAPI(admin.live, ENDPOINTS, private=("127.0.0.0/8",))
        assert admin.post("/webhooks", body).status == 200
        tried = fits("/webhooks/{webhook}/test", "POST", admin.post("/webhooks/ops/test"))
        assert (tried["sent"], tried["status"]) == (False, None)
        assert "not public" not in tried["error"]
    admin.api = AdminAPI(admin.live, ENDPOINTS)
    assert "not public" in admin.post("/webhooks/ops/test").json["error"]


@pytest.mark.parametrize(
    ("path", "body"), [("/webhooks", {"name": "w", "url": _URL}), ("/calendars", {"name": "c"})]
)
def test_they_are_changed_by_keys_of_the_scope_catalog_alone(admin: Admin, path: str, body: Any) -> None:
    before = admin.revision
    for number, scope in enumerate((Scope.READ, Scope.KEYS)):
        key = admin.make_key(f"k{number}", scope)
        assert admin.post(path, body, x_api_key=key).code == "scope_missing"
        assert admin.get(path, x_api_key=key).status == 200
    dry = admin.post(f"{path}?dry_run=true", body).json
    assert (dry["type"], len(dry["steps"])) == ("plan", 1)
    assert admin.revision == before + 2  # the admin keys
    assert admin.post(path, body, x_api_key=admin.make_key("c", Scope.CATALOG)).status == 200
