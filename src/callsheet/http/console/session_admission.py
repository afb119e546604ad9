"""SessionAdmission: lets in who is signed in, as long as that lasts."""

from datetime import datetime

from callsheet.api.state import State
from callsheet.domain.access.admin_key import Scope, allows
from callsheet.domain.access.administrator import Administrator
from callsheet.http.admin.admitting import scope_missing
from callsheet.http.admin.errors import AdminError, Code
from callsheet.service.admin.sessions import find_session
from callsheet.storage.transactions.read import ReadTransaction


class SessionAdmission:
    """An `Admission` by the session of a browser.

    Parameters
    ----------
    digest
        SHA-256 of the token.
    """

    def __init__(self, digest: bytes) -> None:
        self.digest = digest

    def check_form(self, state: State) -> None:
        """Refuse nothing: a digest has no form."""

    def admit(self, reading: ReadTransaction, scope: Scope, now: datetime, state: State) -> Administrator:  # noqa: ARG002  # as any admission
        """Return who is signed in; AdminError if that is over, or ``scope`` is missing."""
        session = find_session(reading, self.digest, now)
        if session is None:
            raise AdminError(Code.INVALID_CREDENTIAL, "You are signed out; sign in again.")
        if not allows(session.scopes, scope):
            raise scope_missing(scope, session.scopes, "you are signed in with one that")
        return session.administrator
