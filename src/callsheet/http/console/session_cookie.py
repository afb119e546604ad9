"""The cookie that holds a browser's token, and the proof that a form comes from a page that it was shown."""

import hmac
import re
import secrets
from hashlib import sha256
from typing import Final

from callsheet.api.request import Header
from callsheet.domain.access.session import MAX_SESSION
from callsheet.http.console.asking import Asking

#: Browsers take a cookie of this prefix only over TLS, and only from the host itself.
_SECURE_NAME: Final = "__Host-callsheet"
_PLAIN_NAME: Final = "callsheet"

_TOKEN_BYTES: Final = 32
_TOKEN: Final = re.compile(r"[0-9A-Za-z_-]{43}")  # so many bytes, as tokens are written
_PORT: Final = re.compile(r":([0-9]{1,5})$")
_PROOF: Final = re.compile(r"[0-9a-f]{64}")


def token_in(asking: Asking) -> str | None:
    """Return the token that the browser sent; None if it sent none, or something else."""
    token = asking.cookie(_name(asking))
    return token if token and _TOKEN.fullmatch(token) else None


def new_token() -> str:
    """Return the token of a browser that a proxy speaks for, which no session has."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def token_of_user(token: str, session_id: str) -> str:
    """Return what proofs are made from in the session of someone whom a proxy names, at the browser with ``token``.

    A form that was open in another session, such as that of another person, then proves nothing; nor does one of
    somebody who could plant a cookie, as they do not know the session.
    """
    return proof(token, f"session {session_id}")


def keep_token(asking: Asking, token: str) -> Header:
    """Return the header that has the browser keep ``token``."""
    return _set_cookie(asking, token, int(MAX_SESSION.total_seconds()))


def forget_token(asking: Asking) -> Header:
    """Return the header that has the browser forget it."""
    return _set_cookie(asking, "", 0)


def proof(token: str, purpose: str = "form") -> str:
    """Return what only a page of the session with this token can hold."""
    return hmac.new(token.encode("latin-1"), purpose.encode(), sha256).hexdigest()


def may_be_proof(given: str) -> bool:
    """Return whether ``given`` looks like a `proof`, such as one of a session before this one."""
    return _PROOF.fullmatch(given) is not None


def is_proof(given: str | None, token: str, purpose: str = "form") -> bool:
    """Return whether ``given`` is the `proof`."""
    return hmac.compare_digest((given or "").encode(), proof(token, purpose).encode())


def _name(asking: Asking) -> str:
    """The name of the cookie; it has the port, as browsers share cookies among all ports of a host."""
    port = _PORT.search(asking.headers.get(b"host", b"").decode("latin-1"))
    name = _SECURE_NAME if asking.is_https else _PLAIN_NAME
    return name if port is None else f"{name}-{port[1]}"


def _set_cookie(asking: Asking, value: str, seconds: int) -> Header:
    secure = "; Secure" if asking.is_https else ""
    cookie = f"{_name(asking)}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
    return b"set-cookie", cookie.encode("latin-1")
