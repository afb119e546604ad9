"""Recognising: who sends a request, by the session of its cookie, or by an authenticating proxy."""

from typing import NamedTuple

from callsheet.api.request import Header
from callsheet.domain.access.session import Session
from callsheet.http.console.asking import Asking
from callsheet.http.console.proxy_users import ProxyUsers
from callsheet.http.console.session_cookie import keep_token, token_in
from callsheet.service.admin.sessions import SessionService


class Recognised(NamedTuple):
    """Who sends a request.

    Parameters
    ----------
    session, token
        Theirs.
    kept
        The header that has the browser keep the token, if the session has just begun; else None.
    """

    session: Session
    token: str
    kept: Header | None = None


def recognise(sessions: SessionService, users: ProxyUsers | None, asking: Asking) -> Recognised | None:
    """Return who sends a request; None if they are not signed in.

    A session that a proxy has begun ends when the proxy names another person or none, and when the settings have
    given such people other scopes since.
    """
    token = token_in(asking)
    session = None if token is None else sessions.find(token)
    if token is not None and session is not None:
        if session.user is None or (
            users is not None and session.user == asking.user and session.scopes == users.scopes
        ):
            return Recognised(session, token)
        sessions.sign_out(token)
    if users is None or asking.user is None:
        return None
    new = sessions.admit_user(asking.user, users.scopes)
    return Recognised(new.session, new.token, keep_token(asking, new.token))
