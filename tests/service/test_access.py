"""Each change an operator can make to workspaces and keys: what it does, and the record it leaves."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from callsheet.domain.access.key import APIKey, KeyStatus
from callsheet.domain.access.secret import check_secret, fingerprint
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.access.workspace import Shape
from callsheet.domain.changes.workspaces import WorkspaceChange
from callsheet.domain.errors import InvalidError
from callsheet.service.access import AccessService, NewKey
from tests.installation import Installation, again_on_postgresql, now
from tests.put import put_workspace
from tests.service.content import content, recorded, unchanged

pytestmark = again_on_postgresql

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)

WORKSPACE_ID = re.compile(r"wrkspc_01[1-9A-HJ-NP-Za-km-z]{22}")
KEY_ID = re.compile(r"apikey_01[1-9A-HJ-NP-Za-km-z]{22}")


@pytest.fixture
def access(installation: Installation) -> AccessService:
    """The service at a fixed time."""
    return AccessService(installation.store, "test", lambda: NOW)


def default_workspace(installation: Installation) -> str:
    with installation.store.read() as reading:
        found = reading.installation()
    assert found is not None
    return found.default_workspace_id


def sides(record: dict[str, Any]) -> list[Any]:
    """Before and after, of a change record as it is stored."""
    return [None if record[side] is None else json.loads(record[side]) for side in ("before", "after")]


def test_creating_a_workspace(installation: Installation, access: AccessService) -> None:
    before = content(installation)
    workspace = access.create_workspace("research", None, Visibility(("claude-*",), ("*-opus-*",)), Shape.CLASSIC)
    record = content(installation)["changes"][-1]
    assert WORKSPACE_ID.fullmatch(workspace.id)
    assert (record["action"], record["kind"], record["subject"]) == ("create", "workspace", workspace.id)
    assert sides(record) == [None, workspace.record()]
    assert content(installation)["installation"][0]["revision"] == before["installation"][0]["revision"] + 1
    assert access.show_workspace("research") == access.show_workspace(workspace.id) == workspace


def test_a_workspace_may_bring_its_own_id(installation: Installation, access: AccessService) -> None:
    with recorded(installation, ("create", "workspace", "wrkspc_Mine1")):
        assert access.create_workspace("research", "wrkspc_Mine1").id == "wrkspc_Mine1"


def test_changing_a_workspace(installation: Installation, access: AccessService) -> None:
    workspace = access.create_workspace("research", "wrkspc_1")
    with recorded(installation, ("change", "workspace", "wrkspc_1")) as records:
        changed, before = access.change_workspace("research", WorkspaceChange(name="lab", allow=("a*",)))
    assert before == workspace
    assert changed == replace(workspace, name="lab", visibility=Visibility(("a*",)))
    assert sides(records[0]) == [workspace.record(), changed.record()]
    assert access.show_workspace("lab") == changed


def test_changing_nothing_of_a_workspace_leaves_no_record(
    installation: Installation, access: AccessService
) -> None:
    access.create_workspace("research", "wrkspc_1")
    with unchanged(installation):
        access.change_workspace("research", WorkspaceChange(name="research"))


def test_archiving_a_workspace_frees_its_name(installation: Installation, access: AccessService) -> None:
    workspace = access.create_workspace("research", "wrkspc_1")
    with recorded(installation, ("archive", "workspace", "wrkspc_1")) as records:
        archived = access.archive_workspace("research")
    assert archived == replace(workspace, archived_at=NOW)
    assert sides(records[0]) == [workspace.record(), archived.record()]
    again = access.create_workspace("research", "wrkspc_2")
    assert access.show_workspace("research") == again
    assert access.show_workspace("wrkspc_1") == archived


def test_all_workspaces_are_listed_oldest_first(installation: Installation) -> None:
    for day, name in enumerate(["third", "fourth"]):
        service = AccessService(installation.store, "test", lambda day=day: NOW + timedelta(days=400 + day))  # type: ignore[misc]
        service.create_workspace(name)
    installation.access.archive_workspace("third")
    assert [workspace.name for workspace in installation.access.list_workspaces()] == ["default", "third", "fourth"]


def test_creating_a_key_of_the_default_workspace(installation: Installation, access: AccessService) -> None:
    before = content(installation)
    made = access.create_key("ci")
    record = content(installation)["changes"][-1]
    assert KEY_ID.fullmatch(made.key.id)
    assert made.secret.startswith("sk-cs-")
    assert made.key == APIKey(
        id=made.key.id,
        name="ci",
        workspace_id=default_workspace(installation),
        fingerprint=fingerprint(made.secret),
        hint=made.secret[-4:],
        created_at=NOW,
    )
    assert (record["action"], record["kind"], record["subject"]) == ("create", "key", made.key.id)
    assert sides(record) == [None, made.key.record()]
    assert content(installation)["installation"][0]["revision"] == before["installation"][0]["revision"] + 1
    assert access.list_keys() == [made.key]


def test_a_key_may_belong_to_a_workspace_or_to_the_organization(
    installation: Installation, access: AccessService
) -> None:
    access.create_workspace("research", "wrkspc_1")
    assert access.create_key("a", "research").key.workspace_id == "wrkspc_1"
    assert access.create_key("b", "wrkspc_1").key.workspace_id == "wrkspc_1"
    assert access.create_key("c", organization=True).key.workspace_id is None


def test_a_key_may_expire(access: AccessService) -> None:
    assert access.create_key("ci", expires_at=NOW + timedelta(days=1)).key.expires_at == NOW + timedelta(days=1)


def test_a_secret_may_be_brought_along(access: AccessService) -> None:
    made = access.create_key("ci", secret="sk-ant-api03-brought-along")
    assert made.secret == "sk-ant-api03-brought-along"
    assert made.key.fingerprint == fingerprint("sk-ant-api03-brought-along")


def test_no_two_secrets_are_alike(access: AccessService) -> None:
    made = [access.create_key(f"ci {number}") for number in range(10)]
    assert len({each.secret for each in made}) == len({each.key.id for each in made}) == 10
    assert all(check_secret(each.secret) for each in made)


def test_keys_are_listed_oldest_first_archived_ones_too(installation: Installation) -> None:
    ids = []
    for day in (2, 1, 3):
        service = AccessService(installation.store, "test", lambda day=day: NOW + timedelta(days=day))  # type: ignore[misc]
        ids.append(service.create_key(f"key {day}").key.id)
    installation.access.archive_key("key 1")
    assert [key.name for key in installation.access.list_keys()] == ["key 1", "key 2", "key 3"]


@pytest.mark.parametrize("by", ["name", "id"])
def test_disabling_enabling_and_archiving_a_key(installation: Installation, access: AccessService, by: str) -> None:
    key = access.create_key("ci").key
    name = key.name if by == "name" else key.id
    steps = [
        ("disable", access.disable_key, KeyStatus.DISABLED),
        ("enable", access.enable_key, KeyStatus.ACTIVE),
        ("disable", access.disable_key, KeyStatus.DISABLED),
        ("archive", access.archive_key, KeyStatus.ARCHIVED),
    ]
    for action, act, status in steps:
        before = access.list_keys()[0]
        with recorded(installation, (action, "key", key.id)) as records:
            after = act(name)
        assert after == replace(key, status=status)
        assert access.list_keys() == [after]
        assert sides(records[0]) == [before.record(), after.record()]


def test_disabling_a_disabled_key_or_enabling_an_active_one_leaves_no_record(
    installation: Installation, access: AccessService
) -> None:
    access.create_key("on")
    access.create_key("off")
    access.disable_key("off")
    with unchanged(installation):
        access.enable_key("on")
        access.disable_key("off")


def test_an_archived_key_frees_its_name(access: AccessService) -> None:
    old = access.create_key("ci").key
    access.archive_key("ci")
    new = access.create_key("ci").key
    assert access.disable_key("ci").id == new.id
    assert [key.status for key in sorted(access.list_keys(), key=lambda key: key.id == new.id)] == [
        KeyStatus.ARCHIVED,
        KeyStatus.DISABLED,
    ]
    assert old.id != new.id


def test_a_first_key_is_made_where_there_is_none_but_archived_ones(
    installation: Installation, access: AccessService
) -> None:
    made = access.ensure_key("first")
    assert isinstance(made, NewKey)
    assert made.key.workspace_id == default_workspace(installation)
    with unchanged(installation):
        assert access.ensure_key("second") is None
    access.disable_key("first")
    with unchanged(installation):
        assert access.ensure_key("third") is None
    access.archive_key("first")
    assert isinstance(access.ensure_key("fourth"), NewKey)


def test_too_many_patterns_are_refused_and_those_of_an_old_database_stay(installation: Installation) -> None:
    absurd = Visibility(deny=tuple(f"*{'x' * 250}{number:03}" for number in range(100)))
    refusal = r"^The patterns of a workspace may have 16,384 characters together"
    with pytest.raises(InvalidError, match=refusal):
        installation.access.create_workspace("many", visibility=absurd)
    with pytest.raises(InvalidError, match=refusal):
        installation.access.change_workspace("default", WorkspaceChange(deny=absurd.deny))
    old = replace(installation.access.show_workspace("default"), visibility=absurd)
    with installation.store.write("test", now()) as writing:
        put_workspace(writing, old)
        writing.record("change", "workspace", old.id, None, old.record())
    live = installation.live()
    assert live.current.workspaces[old.id].visibility == absurd
    renamed = installation.access.change_workspace("default", WorkspaceChange(name="other"))
    assert renamed.workspace.visibility == absurd
