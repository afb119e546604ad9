"""API keys: the record of each, and when it is expired; a request asks the same of a `KeyRecord` (keyring)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from callsheet.domain.access.names import check_name
from callsheet.domain.times import format_instant


def is_past(expires_at: datetime | None, now: datetime) -> bool:
    """Return whether what expires at this time has expired at ``now`` (both aware); None is never."""
    return expires_at is not None and expires_at <= now


class KeyStatus(StrEnum):
    """Whether a key may be used; an archived one never again."""

    ACTIVE = "active"
    DISABLED = "disabled"
    ARCHIVED = "archived"


class KeyCondition(StrEnum):
    """What a list of keys shows of them: the status, but that an active key may have expired."""

    ACTIVE = "active"
    DISABLED = "disabled"
    ARCHIVED = "archived"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class APIKey:
    """The record of a key; the secret itself is nowhere.

    Parameters
    ----------
    id
        ``apikey_…``; names the key without giving it away.
    name
        For people; unique among keys in use (see `callsheet.domain.access.key_names`).
    workspace_id
        The workspace it belongs to; None for a key of the whole organization.
    fingerprint
        SHA-256 of the secret. Secrets are long and random, so a slow hash would add nothing.
    hint
        The last four characters of the secret; empty if only its fingerprint was known.
    status, expires_at, created_at
        An expired key is active with a past ``expires_at``.
    """

    id: str
    name: str
    workspace_id: str | None
    fingerprint: bytes
    hint: str
    status: KeyStatus = KeyStatus.ACTIVE
    expires_at: datetime | None = None
    created_at: datetime

    def __post_init__(self) -> None:
        check_name(self.name, "A key name")

    def is_expired(self, now: datetime) -> bool:
        """Return whether it has expired at ``now`` (aware)."""
        return is_past(self.expires_at, now)

    def condition(self, now: datetime) -> KeyCondition:
        """Return what it is at ``now`` (aware)."""
        if self.status is KeyStatus.ACTIVE and self.is_expired(now):
            return KeyCondition.EXPIRED
        return KeyCondition(self.status.value)

    def is_found_by(self, text: str) -> bool:
        """Return whether ``text`` is its id, or is in its name or its hint, whatever the case of the letters."""
        folded = text.casefold()
        ending = folded.removeprefix("...")
        is_in_hint = bool(ending) and ending in self.hint.casefold()
        return self.id == text or folded in self.name.casefold() or is_in_hint

    def record(self) -> dict[str, object]:
        """Return what may be shown and recorded: everything but the fingerprint."""
        return {
            "id": self.id,
            "name": self.name,
            "workspace_id": self.workspace_id,
            "partial_key_hint": f"...{self.hint}" if self.hint else None,
            "status": self.status,
            "expires_at": None if self.expires_at is None else format_instant(self.expires_at),
            "created_at": format_instant(self.created_at),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFilter:
    """Which keys a list shows: those that fit all that is given.

    Parameters
    ----------
    condition
        What they are; None for any.
    workspace
        Id or name of the workspace that they belong to; None for any, and for keys of the organization too.
    text
        What `APIKey.is_found_by` finds them by; None for anything.
    """

    condition: KeyCondition | None = None
    workspace: str | None = None
    text: str | None = None

    def takes(self, key: APIKey, workspace_id: str | None, now: datetime) -> bool:
        """Return whether ``key`` fits at ``now`` (aware); ``workspace_id`` is the id of `workspace`, if given."""
        return (
            self.condition in (None, key.condition(now))
            and (self.workspace is None or key.workspace_id == workspace_id)
            and (self.text is None or key.is_found_by(self.text))
        )


#: All of them.
EVERY_KEY: Final = KeyFilter()
