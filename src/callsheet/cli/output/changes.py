"""Changes as people read them."""

from collections.abc import Mapping
from typing import Any, Final

from callsheet.cli.output.tables import cell_text

#: Kinds of what has a name beside its id.
_NAMED: Final = ("workspace", "key")


def what_changed(row: Mapping[str, Any], workspaces: Mapping[str, str]) -> str:
    """Return what a change record says, in one line; ``workspaces`` has their names by id."""
    before, after = row["before"] or {}, row["after"] or {}
    if row["kind"] == "alias":
        return f"{row['action']} {row['subject']} → {(after or before).get('model_id')}"
    changes = [
        f"{name}: {_value(name, before.get(name), workspaces)} → {_value(name, value, workspaces)}"
        for name, value in after.items()
        if before and value != before.get(name)
    ]
    return "; ".join([f"{row['action']} {row['kind']} {_subject(row, before or after)}", *changes])


def _subject(row: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    """The name that it had, with its id; of a model the id alone."""
    name = record.get("name") if row["kind"] in _NAMED else None
    return f"{name} ({row['subject']})" if name else str(row["subject"])


def _value(field: str, value: object, workspaces: Mapping[str, str]) -> str:
    if field == "workspace_id" and value in workspaces:
        return f"{workspaces[str(value)]} ({value})"
    return cell_text(value)
