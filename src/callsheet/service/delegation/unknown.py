"""Which credentials of a request have to be asked about, in which order. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from callsheet.api.authentication import authenticate
from callsheet.api.client_kind import ANY_CLIENT, client_of
from callsheet.api.grants import Verdict
from callsheet.api.request import Request, bearer, find_names, read_headers
from callsheet.api.state import State
from callsheet.domain.access.secret import ADMIN_PREFIX
from callsheet.domain.errors import APIError
from callsheet.service.delegation.forms import Form, can_be_sent

#: What files of settings leave around credentials, and proxies put between two of them.
_AROUND: Final = re.compile(rb"[\"',;`]+")
_MAX_CUTS: Final = 4
_ADMIN_PREFIX: Final = ADMIN_PREFIX.encode("ascii")


class Credential(NamedTuple):
    """A credential, and the header that it came in. ``repr`` does not show it."""

    secret: bytes
    form: Form
    client: bytes

    def __repr__(self) -> str:
        return f"<Credential: {self.form.value}>"


def must_be_asked(state: State, request: Request) -> bool:
    """Return whether ``request`` has a credential that must be asked about before it can be answered.

    It has not if its method or its path is refused whatever the credential is.
    """
    if state.delegation is None or not state.grants.is_active or state.options.any_key:
        return False
    if request.method not in ("GET", "HEAD"):
        return False
    try:
        find_names(request.path)
    except APIError:
        return False
    return any(True for _ in unknown_credentials(state, read_headers(request.headers), request.now))


def unknown_credentials(state: State, headers: Mapping[bytes, bytes], now: float) -> Iterator[Credential]:
    """Yield the credentials that must be asked about, as long as none before them is accepted.

    What the keyring has is never asked about; nothing is, where it has a key that is valid. So whether the second
    credential is asked about depends on what was found out of the first in the meantime.

    Parameters
    ----------
    state, headers
        The installation, and the headers of the request as `read_headers` gives them.
    now
        Seconds since the epoch.
    """
    if _is_local(state, headers, now):
        return
    client = ANY_CLIENT
    if state.delegation is not None and state.delegation.by_client:
        client = client_of(headers)
    sent = ((headers.get(b"x-api-key"), Form.X_API_KEY), (bearer(headers.get(b"authorization")), Form.BEARER))
    for secret, form in sent:
        if not secret or not can_be_sent(secret) or _holds_local(state, secret):
            continue
        if state.grants.find(secret, now, client) is None:
            yield Credential(secret, form, client)
        answered = state.grants.find(secret, now, client)
        if answered is not None and answered.verdict is Verdict.ACCEPTED:
            return


def _holds_local(state: State, secret: bytes) -> bool:
    """Whether the keyring has ``secret``, or a part of it that quotes or commas set off; or it is an admin key."""
    parts = [each for each in (secret, *_AROUND.split(secret, _MAX_CUTS)) if each]
    return any(each.startswith(_ADMIN_PREFIX) or state.keyring.find(each) is not None for each in parts)


def _is_local(state: State, headers: Mapping[bytes, bytes], now: float) -> bool:
    """Whether the request has a valid key of this installation."""
    try:
        return authenticate(state, headers, now).grant is None
    except APIError:
        return False
