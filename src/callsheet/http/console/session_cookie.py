"""The cookie that holds the token of a session, and the proof that a form comes from a page of that session."""

import hmac
import re
from hashlib import sha256
from typing import Final

from callsheet.api.request import Header
from callsheet.domain.access.session import MAX_SESSION
from callsheet.http.console.asking import Asking

#: Browsers take a cookie of this prefix only over TLS, and only from the host itself.
_SECURE_NAME: Final = "__Host-callsheet"
_PLAIN_NAME: Final = "callsheet"

_MAX_TOKEN_CHARACTERS: Final = 100
_PROOF: Final = re.compile(r"[0-9a-f]{64}")


def token_in(asking: Asking) -> str | None:
    """Return the token that the browser sent, if it sent one."""
    token = asking.cookie(_name(asking))
    return token if token and len(token) <= _MAX_TOKEN_CHARACTERS else None


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
    return _SECURE_NAME if asking.is_https else _PLAIN_NAME


def _set_cookie(asking: Asking, value: str, seconds: int) -> Header:
    secure = "; Secure" if asking.is_https else ""
    cookie = f"{_name(asking)}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
    return b"set-cookie", cookie.encode("latin-1")
