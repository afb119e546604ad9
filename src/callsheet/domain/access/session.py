"""Sessions of the console: who is signed in, for how long; and links that sign in once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from callsheet.domain.access.admin_key import AdminKey, Scope
from callsheet.domain.access.administrator import Administrator
from callsheet.domain.access.secret import fingerprint
from callsheet.domain.times import format_instant

#: After so long without a request, and at last after so long, one has to sign in again.
MAX_IDLE: Final = timedelta(hours=2)
MAX_SESSION: Final = timedelta(hours=12)

#: Change records call someone who signed in by a link, or whom an authenticating proxy knows, this and a name.
USER_ACTOR: Final = "console:"

#: How long a link can be used.
MAX_LINK: Final = timedelta(minutes=5)


class Means(StrEnum):
    """By what someone signed in."""

    ADMIN_KEY = "admin_key"
    LINK = "link"
    PROXY = "proxy"

    @property
    def words(self) -> str:
        """It in words."""
        return self.value.replace("_", " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Someone who is signed in at the console.

    Parameters
    ----------
    id
        ``session_…``; names the session without giving its token away.
    fingerprint
        SHA-256 of the token, which only the browser has; `user_fingerprint` of someone whom a proxy names.
    name
        Who it is, for people.
    actor
        What change records call them.
    scopes
        What they may do.
    admin_key_id
        The admin key by which they signed in, and without which the session ends; None for another way.
    created_at, seen_at
        When they signed in, and when they last asked for a page, to some minutes (aware).
    """

    id: str
    fingerprint: bytes
    name: str
    actor: str
    scopes: tuple[Scope, ...]
    admin_key_id: str | None = None
    created_at: datetime
    seen_at: datetime

    def has_ended(self, now: datetime, admin_key: AdminKey | None) -> bool:
        """Return whether it is over at ``now``; ``admin_key`` is the one with `admin_key_id`, if there is one."""
        if now - self.seen_at >= MAX_IDLE or now - self.created_at >= MAX_SESSION:
            return True
        return self.admin_key_id is not None and (admin_key is None or admin_key.fault(now) is not None)

    @property
    def means(self) -> Means:
        """By what they signed in."""
        if self.admin_key_id is not None:
            return Means.ADMIN_KEY
        return Means.PROXY if self.actor == f"{USER_ACTOR}{self.name}" else Means.LINK

    @property
    def administrator(self) -> Administrator:
        """Who administers in it."""
        return Administrator(self.id, self.actor, self.scopes)

    @property
    def ends_at(self) -> datetime:
        """When it is over at the latest, and if nothing happens."""
        return min(self.seen_at + MAX_IDLE, self.created_at + MAX_SESSION)

    def record(self) -> dict[str, Any]:
        """Return it as people and programs see it, without its fingerprint."""
        return {
            "type": "session",
            "id": self.id,
            "name": self.name,
            "actor": self.actor,
            "signed_in_by": self.means.value,
            "admin_key_id": self.admin_key_id,
            "scopes": [str(each) for each in self.scopes],
            "created_at": format_instant(self.created_at),
            "last_used_at": format_instant(self.seen_at),
            "ends_at": format_instant(self.ends_at),
        }


def user_fingerprint(name: str, scopes: Sequence[Scope]) -> bytes:
    """Return by what the session is found of someone whom a proxy names, and who may do this.

    The fingerprint of a token never equals it: no token has a space.
    """
    return fingerprint(f"user {','.join(sorted(scopes))} {name}")


def link_name(person: str) -> str:
    """Return the name of a session that a link begins: never the one that a proxy would give ``person``."""
    return f"{person or 'someone on the host'} (link)"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInLink:
    """What the operator of the host opens the console with, once.

    Parameters
    ----------
    fingerprint
        SHA-256 of the token in the link.
    name, actor, scopes
        Of the session that it begins.
    expires_at
        When it can no longer be used (aware).
    """

    fingerprint: bytes
    name: str
    actor: str
    scopes: tuple[Scope, ...]
    expires_at: datetime
