"""Changes as people read them."""

from collections.abc import Mapping
from typing import Final

from callsheet.cli.output.tables import cell_text
from callsheet.domain.changes.change import ChangeRecord, Subject

#: Kinds of what has a name beside its id.
_NAMED: Final = (Subject.WORKSPACE, Subject.KEY, Subject.ADMIN_KEY, Subject.CALENDAR, Subject.WEBHOOK)

#: What people call a kind, where that is not its value.
_KINDS: Final = {Subject.ADMIN_KEY.value: "admin key"}


def what_changed(record: ChangeRecord, workspaces: Mapping[str, str]) -> str:
    """Return what a change record says, in one line; ``workspaces`` has their names by id."""
    if record.is_damaged:
        return f"{record.action} {_KINDS.get(record.kind, record.kind)} {record.subject}; the record is damaged"
    before, after = record.before or {}, record.after or {}
    if record.kind == Subject.ALIAS:
        reason = f"; reason: {record.reason}" if record.reason else ""
        return f"{record.action} {record.subject} → {(after or before).get('model_id')}{reason}"
    changes = [
        f"{name}: {_value(name, before.get(name), workspaces)} → {_value(name, value, workspaces)}"
        for name, value in after.items()
        if before and value != before.get(name)
    ]
    said = [f"reason: {record.reason}"] if record.reason else []
    return "; ".join(
        [f"{record.action} {_KINDS.get(record.kind, record.kind)} {_subject(record)}", *changes, *said]
    )


def _subject(record: ChangeRecord) -> str:
    """The name that it had, with its id; of a model the id alone."""
    fields = record.before or record.after or {}
    name = fields.get("name") if record.kind in _NAMED else None
    return f"{name} ({record.subject})" if name else record.subject


def _value(field: str, value: object, workspaces: Mapping[str, str]) -> str:
    if field == "workspace_id" and value in workspaces:
        return f"{workspaces[str(value)]} ({value})"
    return cell_text(value)
