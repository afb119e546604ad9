"""Keys as people read them."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from callsheet.domain.access.admin_key import AdminKey
from callsheet.domain.access.key import APIKey, KeyStatus
from callsheet.domain.times import format_instant, format_minute

#: Shown in place of the workspace of a key of the organization.
ALL_WORKSPACES: Final = "(all)"


def expiry(key: APIKey | AdminKey) -> str:
    """Return when ``key`` expires, in UTC: the day, and the minute if it is not midnight; a dash if never."""
    return "-" if key.expires_at is None else format_minute(key.expires_at)


def name(key: APIKey, replaced: Collection[str], now: datetime) -> str:
    """Return the name of ``key``; of a replaced one, also until when it works on, as its successor has the name."""
    if key.id not in replaced or key.expires_at is None:
        return key.name
    today = format_instant(key.expires_at)[:10] == format_instant(now)[:10]
    return f"{key.name} (until {format_instant(key.expires_at)[11:16] if today else expiry(key)})"


def status(key: APIKey | AdminKey, now: datetime) -> str:
    """Return the status of ``key``; an active one may have expired."""
    return "expired" if key.status is KeyStatus.ACTIVE and key.is_expired(now) else str(key.status)


def workspace(key: APIKey, names: Mapping[str, str]) -> str:
    """Return the name of the workspace of ``key``; ``names`` has them by id."""
    return ALL_WORKSPACES if key.workspace_id is None else names.get(key.workspace_id, key.workspace_id)
