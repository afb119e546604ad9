"""Writing who is signed in at the console; none of it raises the revision."""

from datetime import datetime

from sqlalchemy import delete, update

from callsheet.domain.access.session import Session, SignInLink
from callsheet.domain.times import format_instant
from callsheet.storage import tables
from callsheet.storage.transactions.put import add_rows
from callsheet.storage.transactions.read_sessions import SessionsReading
from callsheet.storage.transactions.rows import link_row, session_row

_SESSIONS = tables.console_sessions
_LINKS = tables.sign_in_links


class SessionsWriting(SessionsReading):
    """What is written of sessions and sign-in links in one transaction."""

    def add_session(self, session: Session) -> None:
        """Add a session."""
        add_rows(self._connection, _SESSIONS, [session_row(session)])

    def note_session_seen(self, session_id: str, at: datetime) -> None:
        """Note when someone asked for a page, unless a later time is noted already."""
        seen = format_instant(at.replace(microsecond=0))
        statement = update(_SESSIONS).where(_SESSIONS.c.id == session_id, _SESSIONS.c.seen_at < seen)
        self._connection.execute(statement.values(seen_at=seen))

    def drop_session(self, fingerprint: bytes) -> bool:
        """Drop the session whose token has this SHA-256; return whether there was one."""
        return (
            self._connection.execute(delete(_SESSIONS).where(_SESSIONS.c.fingerprint == fingerprint)).rowcount > 0
        )

    def drop_sessions_of(self, actor: str) -> None:
        """Drop every session of who is put down as ``actor``."""
        self._connection.execute(delete(_SESSIONS).where(_SESSIONS.c.actor == actor))

    def drop_every_session(self) -> None:
        """Drop all sessions, and the links that would begin others."""
        for table in (_SESSIONS, _LINKS):
            self._connection.execute(delete(table))

    def drop_old_sessions(self, before: datetime) -> None:
        """Drop the sessions that began before."""
        moment = format_instant(before.replace(microsecond=0))
        self._connection.execute(delete(_SESSIONS).where(_SESSIONS.c.created_at < moment))

    def add_sign_in_link(self, link: SignInLink) -> None:
        """Add a link."""
        add_rows(self._connection, _LINKS, [link_row(link)])

    def take_sign_in_link(self, fingerprint: bytes) -> bool:
        """Drop the link whose token has this SHA-256; return whether it was there: only one caller gets it."""
        return self._connection.execute(delete(_LINKS).where(_LINKS.c.fingerprint == fingerprint)).rowcount > 0

    def drop_old_sign_in_links(self, before: datetime) -> None:
        """Drop the links that expired before."""
        moment = format_instant(before.replace(microsecond=0))
        self._connection.execute(delete(_LINKS).where(_LINKS.c.expires_at < moment))
