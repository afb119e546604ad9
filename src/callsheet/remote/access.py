"""Workspaces and keys over the administration API."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from callsheet.domain.access.key import EVERY_KEY, APIKey, KeyFilter
from callsheet.domain.access.visibility import SEES_ALL, Visibility
from callsheet.domain.access.workspace import Shape, Workspace
from callsheet.domain.changes.change import Action, Change
from callsheet.domain.changes.key_import import Entry, Imported
from callsheet.domain.changes.keys import KeyChange
from callsheet.domain.changes.workspaces import WorkspaceChange
from callsheet.domain.times import format_instant
from callsheet.remote.doing import Sender
from callsheet.remote.records import key_of, shown_allow, sight_of, workspace_of
from callsheet.service.access import ChangedWorkspace, NewKey
from callsheet.service.key_details import KeyDetails
from callsheet.service.sight import Sight

_WORKSPACES: Final = ("access", "workspaces")
_KEYS: Final = ("access", "keys")


class RemoteAccess:
    """The twin of `callsheet.service.access.AccessService`."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._connection = sender.connection

    def create_workspace(
        self,
        name: str,
        workspace_id: str | None = None,
        visibility: Visibility = SEES_ALL,
        shape: Shape | None = None,
        *,
        display_color: str | None = None,
    ) -> Workspace:
        more = {} if display_color is None else {"display_color": display_color}
        body = {"name": name, "id": workspace_id, "shape": shape, **_rules(visibility), **more}
        return workspace_of(self._sender.post(*_WORKSPACES, body=body))

    def list_workspaces(self) -> list[Workspace]:
        found = map(workspace_of, self._connection.pages(*_WORKSPACES))
        return sorted(found, key=lambda workspace: (workspace.created_at, workspace.id))

    def show_workspace(self, name: str) -> Workspace:
        return workspace_of(self._connection.get(*_WORKSPACES, name))

    def change_workspace(self, name: str, change: WorkspaceChange) -> ChangedWorkspace:
        body: dict[str, Any] = {**change}
        if "allow" in change:
            body["allow"] = shown_allow(Visibility(change["allow"], ()))
        if "deny" in change:
            body["deny"] = list(change["deny"])
        before = self.show_workspace(name)
        return ChangedWorkspace(workspace_of(self._sender.post(*_WORKSPACES, name, body=body)), before)

    def archive_workspace(self, name: str) -> Workspace:
        return workspace_of(self._sender.post(*_WORKSPACES, name, "archive"))

    def create_key(
        self,
        name: str,
        workspace: str | None = None,
        *,
        organization: bool = False,
        expires_at: datetime | None = None,
        secret: str | None = None,
    ) -> NewKey:
        body = {
            "name": name,
            "workspace": workspace,
            "organization": organization,
            "expires_at": _text(expires_at),
            "secret": secret,
        }
        made = self._sender.post(*_KEYS, body=body)
        return NewKey(key_of(made), made["secret"] or secret or "")

    def list_keys(self, wanted: KeyFilter = EVERY_KEY) -> list[APIKey]:
        pages = self._connection.pages(
            *_KEYS, status=wanted.condition, workspace=wanted.workspace, text=wanted.text
        )
        found = map(key_of, pages)
        return sorted(found, key=lambda key: (key.created_at, key.id))

    def replaced_keys(self) -> set[str]:
        return {each["id"] for each in self._connection.pages(*_KEYS) if each["replaced"]}

    def show_key(self, name: str, *, in_order: bool = False) -> KeyDetails:
        record = self._connection.get(*_KEYS, name, models=in_order)
        key = key_of(record)
        workspace = None if key.workspace_id is None else self.show_workspace(key.workspace_id)
        visible = tuple(record["models"] or ())
        return KeyDetails(
            key=key,
            workspace=workspace,
            created_by=record["created_by"],
            fault=record["fault"],
            replaced=record["replaced"],
            sight=Sight(visible, record["models_listed"], (), {}, record["models_visible"]),
        )

    def change_key(self, name: str, change: KeyChange) -> APIKey:
        body: dict[str, Any] = {**change}
        if "expires_at" in change:
            body["expires_at"] = _text(change["expires_at"])
        return key_of(self._sender.post(*_KEYS, name, body=body))

    def import_keys(self, entries: Sequence[Entry]) -> Imported:
        body = _entries(entries)
        return _imported(self._sender.post("access", "import", body=body))

    def check_import(self, entries: Sequence[Entry]) -> Imported:
        """Return what `import_keys` would return; nothing is changed."""
        return _imported(self._connection.post("access", "check_import", body=_entries(entries)))

    def sights(self, *rules: Visibility, in_order: bool = False) -> list[Sight]:
        body = {"rules": [_rules(each) for each in rules], "in_order": in_order}
        return [sight_of(each) for each in self._connection.post("access", "sights", body=body)["data"]]

    def disable_key(self, name: str) -> APIKey:
        return key_of(self._sender.post(*_KEYS, name, "disable"))

    def enable_key(self, name: str) -> APIKey:
        return key_of(self._sender.post(*_KEYS, name, "enable"))

    def archive_key(self, name: str) -> APIKey:
        return key_of(self._sender.post(*_KEYS, name, "archive"))

    def rotate_key(self, name: str, overlap: timedelta = timedelta()) -> NewKey:
        hours = overlap / timedelta(hours=1)
        made = self._sender.post(*_KEYS, name, "rotate", body={"overlap_hours": hours})
        return NewKey(key_of(made), made["secret"], key_of(made["replaced"]))


def _rules(visibility: Visibility) -> dict[str, list[str]]:
    return {"allow": shown_allow(visibility), "deny": list(visibility.deny)}


def _entries(entries: Sequence[Entry]) -> dict[str, Any]:
    return {
        "entries": [
            {
                "place": each.place,
                "name": each.name,
                "workspace": each.workspace,
                "sha256": each.fingerprint.hex(),
                "hint": each.hint,
                "expires_at": _text(each.expires_at),
            }
            for each in entries
        ]
    }


def _imported(record: Any) -> Imported:
    created = [Change(Action.CREATE, None, key_of(each)) for each in record["created"]]
    return Imported(created, [key_of(each) for each in record["present"]])


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else format_instant(instant)
