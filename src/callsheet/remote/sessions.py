"""Sessions of the console over the administration API."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.access.session import Session
from callsheet.domain.times import parse_instant
from callsheet.remote.connection import Connection

_SESSIONS: Final = "sessions"


class RemoteSessions:
    """The twin of what `callsheet.service.admin.sessions.SessionService` has for those who administer."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self) -> Sequence[Session]:
        found = map(_session, self._connection.pages(_SESSIONS))
        return sorted(found, key=lambda session: (session.created_at, session.id))

    def end(self, session_id: str) -> Session:
        return _session(self._connection.post(_SESSIONS, session_id, "end"))

    def end_all(self) -> Sequence[Session]:
        return [_session(each) for each in self._connection.post(_SESSIONS, "end")["data"]]


def _session(record: Mapping[str, Any]) -> Session:
    """The session of a record; its fingerprint is empty."""
    return Session(
        id=record["id"],
        fingerprint=b"",
        name=record["name"],
        actor=record["actor"],
        scopes=tuple(map(Scope, record["scopes"])),
        admin_key_id=record["admin_key_id"],
        created_at=parse_instant(record["created_at"]),
        seen_at=parse_instant(record["last_used_at"]),
    )
