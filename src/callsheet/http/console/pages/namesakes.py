"""Namesakes: a key and a workspace with the same name, of which a page says which one it took."""

from callsheet.http.admin.errors import AdminError, Code
from callsheet.http.console.visit import Visit


def namesakes(visit: Visit, name: str | None) -> list[dict[str, str]]:
    """Return the key and the workspace that are both named ``name``; empty unless there are both."""
    if not name:
        return []
    workspace = next((each for each in visit.calls.state.workspaces.values() if each.name == name), None)
    if workspace is None:
        return []
    try:
        key = visit.calls.read("getKeyRecord", {"key": name})
    except AdminError as error:
        if error.code in (Code.DOES_NOT_EXIST, Code.CONFLICT):
            return []
        raise
    return [
        {"kind": "key", "id": str(key["id"]), "name": name},
        {"kind": "workspace", "id": workspace.id, "name": name},
    ]
