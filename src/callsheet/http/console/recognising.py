"""Recognising: who sends a request, by the session of its cookie, or by an authenticating proxy."""

from typing import NamedTuple

from callsheet.api.request import Header
from callsheet.domain.access.session import Session
from callsheet.http.console.asking import Asking
from callsheet.http.console.proxy_users import ProxyUsers
from callsheet.http.console.session_cookie import keep_token, new_token, token_in, token_of_user
from callsheet.service.admin.sessions import SessionService


class Recognised(NamedTuple):
    """Who sends a request.

    Parameters
    ----------
    session
        Theirs.
    token
        What proofs are made from.
    kept
        The header that has the browser keep a token, if it had none; else None.
    """

    session: Session
    token: str
    kept: Header | None = None


class Stranger(NamedTuple):
    """Someone who is not signed in.

    Parameters
    ----------
    has_guessed
        Whether they sent a token that no session has, rather than none, or one whose session is over.
    """

    has_guessed: bool


def recognise(sessions: SessionService, users: ProxyUsers | None, asking: Asking) -> Recognised | Stranger:
    """Return who sends a request.

    Someone whom a proxy names needs no cookie: all their browsers share a session, which is found by their name. Of
    each browser, the cookie only serves to prove that a form comes from a page that it was shown.
    """
    token = token_in(asking)
    session = None if token is None else sessions.find(token)
    if token is not None and session is not None:
        return Recognised(session, token)
    if users is None or asking.user is None:
        return Stranger(has_guessed=token is not None and not sessions.is_over(token))
    session = sessions.of_user(asking.user, users.scopes)
    if token is not None:
        return Recognised(session, token_of_user(token, session.id))
    token = new_token()
    return Recognised(session, token_of_user(token, session.id), keep_token(asking, token))
