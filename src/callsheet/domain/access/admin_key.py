"""Admin keys: who may administer by program, and what; they list no models."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from callsheet.domain.access.key import KeyStatus, is_past
from callsheet.domain.access.names import check_name
from callsheet.domain.errors import InvalidError
from callsheet.domain.times import format_instant


class Scope(StrEnum):
    """What an admin key may do. The values are what databases hold; none may ever change.

    ``read``: everything but secrets. ``catalog``: change models, aliases, sources, plans, webhooks and calendars.
    ``keys``: change workspaces and keys. ``all``: everything, admin keys too. Whatever may be changed may be read.
    """

    READ = "read"
    CATALOG = "catalog"
    KEYS = "keys"
    ALL = "all"


def allows(scopes: Iterable[Scope], needed: Scope) -> bool:
    """Return whether a key with ``scopes`` may do what needs ``needed``; without scopes it may do nothing."""
    held = frozenset(scopes)
    return bool(held) if needed is Scope.READ else needed in held or Scope.ALL in held


#: The order in which scopes are written.
_ORDER: Final = tuple(Scope)


def parse_scopes(names: Iterable[str], of: str = "an admin key") -> tuple[Scope, ...]:
    """Return the scopes with these names, each once, in a fixed order; ``of`` says whose they are in a message.

    Raises
    ------
    InvalidError
        There is none, or one of them is not a scope.
    """
    wanted = tuple(names)
    unknown = next((name for name in wanted if name not in _ORDER), None)
    if unknown is not None or not wanted:
        wrong = "none" if unknown is None else repr(unknown[:60])
        raise InvalidError(
            f"The scopes of {of} are {', '.join(_ORDER)}: name at least one, not {wrong}.", field="scopes"
        )
    return tuple(scope for scope in _ORDER if scope in wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminKey:
    """The record of an admin key; the secret itself is nowhere.

    Parameters
    ----------
    id
        ``adminkey_…``; names the key without giving it away.
    name
        For people; unique among admin keys that are not archived.
    fingerprint
        SHA-256 of the secret.
    hint
        The last four characters of the secret.
    scopes
        What it may do, at least one.
    status, expires_at, created_at
        As of an `APIKey`.
    """

    id: str
    name: str
    fingerprint: bytes
    hint: str
    scopes: tuple[Scope, ...]
    status: KeyStatus = KeyStatus.ACTIVE
    expires_at: datetime | None = None
    created_at: datetime

    def __post_init__(self) -> None:
        check_name(self.name, "The name of an admin key")
        if not self.scopes:
            raise InvalidError("An admin key must have a scope.")

    def is_expired(self, now: datetime) -> bool:
        """Return whether it has expired at ``now`` (aware)."""
        return is_past(self.expires_at, now)

    def fault(self, now: datetime) -> str | None:
        """Return why it does not work at ``now``, or None if it does."""
        if self.status is not KeyStatus.ACTIVE:
            return f"it is {self.status}"
        return "it has expired" if self.is_expired(now) else None

    def record(self) -> dict[str, object]:
        """Return what may be shown and recorded: everything but the fingerprint."""
        return {
            "id": self.id,
            "name": self.name,
            "scopes": [str(scope) for scope in self.scopes],
            "partial_key_hint": f"...{self.hint}",
            "status": self.status,
            "expires_at": None if self.expires_at is None else format_instant(self.expires_at),
            "created_at": format_instant(self.created_at),
        }
