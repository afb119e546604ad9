"""Reading who is signed in at the console."""

from callsheet.domain.access.session import Session, SignInLink
from callsheet.storage import tables
from callsheet.storage.transactions import rows
from callsheet.storage.transactions.selecting import Selecting


class SessionsReading(Selecting):
    """What is read of sessions and sign-in links in one transaction."""

    def session_with(self, fingerprint: bytes) -> Session | None:
        """Return the session whose token has this SHA-256, over or not."""
        found = self._rows(tables.console_sessions, "fingerprint", [fingerprint])
        return next(map(rows.read_session, found), None)

    def sessions(self) -> list[Session]:
        """Return all sessions, those that are over too, oldest first."""
        found = map(rows.read_session, self._rows(tables.console_sessions, "id", None))
        return sorted(found, key=lambda session: (session.created_at, session.id))

    def sign_in_link_with(self, fingerprint: bytes) -> SignInLink | None:
        """Return the link whose token has this SHA-256, expired or not."""
        return next(map(rows.read_link, self._rows(tables.sign_in_links, "fingerprint", [fingerprint])), None)
