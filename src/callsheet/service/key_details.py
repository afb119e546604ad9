"""Key details: what may be known of one API key."""

from dataclasses import dataclass
from datetime import datetime

from callsheet.domain.access.key import APIKey, KeyStatus
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.catalog import Catalog
from callsheet.domain.changes.change import Action
from callsheet.domain.changes.lookup import find_key, replaced_keys
from callsheet.service.sight import Sight, look
from callsheet.storage.reading import Reading


@dataclass(frozen=True, slots=True)
class KeyDetails:
    """A key with all that is known about it.

    Parameters
    ----------
    key
        Its record.
    workspace
        Its workspace; None for a key of the organization.
    created_by
        The actor who created it; None if the record of changes does not say.
    fault
        Why the key does not work, or None.
    replaced
        Whether it was rotated, and works on only for the overlap.
    sight
        What it sees, of an organization key what it sees unless the request names a workspace.
    """

    key: APIKey
    workspace: Workspace | None
    created_by: str | None
    fault: str | None
    replaced: bool
    sight: Sight


def describe_key(
    reading: Reading,
    name: str,
    now: datetime,
    *,
    in_order: bool,
    limit: int | None = None,
    known: Catalog | None = None,
) -> KeyDetails:
    """Return the key with this id or name, and what is known about it; the rest as for `look` and `find_key`."""
    key = find_key(reading, name, now)
    installation = reading.installation()
    seen_from = key.workspace_id or (installation.default_workspace_id if installation else "")
    workspace = next(iter(reading.workspaces([seen_from])), None)
    fault = _fault(key, workspace, now)
    rule = None if workspace is None or fault else workspace.visibility
    created = [record.actor for record in reading.changes_of([key.id]) if record.action == Action.CREATE]
    return KeyDetails(
        key=key,
        workspace=None if key.workspace_id is None else workspace,
        created_by=created[0] if created else None,
        fault=fault,
        replaced=key.id in replaced_keys(reading, [key], now),
        sight=look(reading, [rule], in_order=in_order, limit=limit, known=known)[0],
    )


def _fault(key: APIKey, workspace: Workspace | None, now: datetime) -> str | None:
    """Why the key does not work, or None."""
    if key.status is not KeyStatus.ACTIVE:
        return f"it is {key.status}"
    if key.is_expired(now):
        return "it has expired"
    if workspace is None or workspace.archived_at is not None:
        return "its workspace is archived"
    return None
