"""Anthropic's own client administers Callsheet, unchanged: every call, every list to its end, typed errors."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.changes.change import Action, Change
from callsheet.service.admin.admin_keys import AdminKeyService
from callsheet.service.setup import open_store
from tests.clients.programs import ask_driver, python_driver
from tests.installation import Installation, now
from tests.program import Server
from tests.tiers import first


@pytest.fixture
def job(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """What the driver is asked to do, of a server that runs."""
    path = tmp_path / "callsheet.db"
    open_store(f"sqlite:///{path}", now)
    installation = Installation(f"sqlite:///{path}")
    access, admin = installation.access, AdminKeyService(installation.store, "test", now)
    workspaces = [access.create_workspace(f"w{number}") for number in range(5)]
    new = [access.create_key(f"k{number}", workspaces[number % 2].id) for number in range(7)]
    access.disable_key(new[1].key.id)
    access.archive_key(new[2].key.id)
    old = expired_key(installation, "k-old")
    organization = access.create_key("org", organization=True)
    with Server(path) as server:
        yield {
            "base_url": server.url,
            "admin_key": admin.create("root", [Scope.ALL]).secret,
            "read_key": admin.create("reader", [Scope.READ]).secret,
            "api_key": organization.secret,
            "workspace_ids": [each.id for each in workspaces],
            "workspace_name": "w0",
            "first_key_id": new[0].key.id,
            "key_ids": [organization.key.id, old, *(each.key.id for each in reversed(new))],
            "ended": {"inactive": [new[1].key.id], "archived": [new[2].key.id], "expired": [old]},
        }


def expired_key(installation: Installation, name: str) -> str:
    """The id of a key that has expired since it was made."""
    key = installation.access.create_key(name, expires_at=now() + timedelta(hours=1)).key
    gone = replace(key, expires_at=now() - timedelta(seconds=1))
    with installation.store.write("test", now()) as writing:
        writing.apply([Change(Action.CHANGE, key, gone)])
    return key.id


@pytest.mark.parametrize(
    "client_and_mode",
    first([("anthropic-2", "sync"), ("anthropic-2", "async"), ("anthropic-1.17", "sync")], 2),
    ids=" ".join,
)
def test_the_official_client_does_everything_that_it_can(
    job: dict[str, Any], client_and_mode: tuple[str, str], tmp_path: Path
) -> None:
    client, mode = client_and_mode
    report = ask_driver(python_driver(client, "drive_admin.py", mode), tmp_path, job)
    assert report["me"] == report["bearer"]
    assert report["me"]["type"] == "organization"
    created, archived = report["created"], report["archived"]
    assert report["retrieved"] == created
    assert created["display_color"] == "#6C5BB9"
    assert created["tags"] == {"team": "a", "gone": "b"}
    assert created["allow"] == ["*"]
    assert report["updated"]["tags"] == {"team": "a", "more": "c"}
    assert (archived["name"], archived["archived_at"] is None) == ("renamed", False)
    newest_first = job["workspace_ids"][::-1]
    assert report["workspaces"] == newest_first
    assert report["every_workspace"][:-1] == [created["id"], *newest_first]
    assert report["some_workspaces"] in (None, newest_first)
    _check_keys(report, job)
    assert report["errors"] == {
        "unknown": {"class": "NotFoundError", "status": 404, "code": "does_not_exist"},
        "taken": {"class": "ConflictError", "status": 409, "code": "conflict"},
        "invalid": {"class": "BadRequestError", "status": 400, "code": "invalid"},
        "client_key": {"class": "AuthenticationError", "status": 401, "code": "client_key"},
        "scope": {"class": "PermissionDeniedError", "status": 403, "code": "scope_missing"},
        "cursor": {"class": "BadRequestError", "status": 400, "code": "invalid_cursor"},
        "models": {"class": "AuthenticationError", "status": 401, "code": None},
    }


def _check_keys(report: dict[str, Any], job: dict[str, Any]) -> None:
    assert report["keys"] == job["key_ids"]
    assert sorted(report["keys_backward"]) == sorted(job["key_ids"][:-1])
    assert set(report["of_workspace"]) <= set(job["key_ids"])
    assert len(report["of_workspace"]) == 4
    ended = [each for ids in job["ended"].values() for each in ids]
    assert {status: report["by_status"][status] for status in job["ended"]} == job["ended"]
    assert report["by_status"]["active"] == [each for each in job["key_ids"] if each not in ended]
    assert [change["name"] for change in report["changed"]] == ["other"] * 3
    assert [change["status"] for change in report["changed"]] == ["active", "inactive", "active"]
    assert report["key"]["scope"] == {"type": "workspace", "workspace_id": job["workspace_ids"][0]}
