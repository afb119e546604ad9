"""Asking: a request of a browser, as far as the console reads it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl

from callsheet.api.request import Header
from callsheet.http.paths import CONSOLE

#: What a browser sends of a form: the values of each field.
Fields: TypeAlias = Mapping[str, Sequence[str]]

MAX_FIELDS: Final = 2000

#: Where one signs in, below ``/console``.
SIGN_IN: Final = b"/sign-in"

_SAME_ORIGIN: Final = (b"same-origin", b"none")  # none: the person did it without a page, such as by reloading


@dataclass(frozen=True, kw_only=True)
class Asking:
    """A request.

    Parameters
    ----------
    method, path
        As sent; the path below ``/console``, percent-encoded.
    query_string
        As sent.
    headers
        By name.
    is_https
        Whether the browser came over TLS.
    body
        Of a form.
    user
        Whom an authenticating proxy names; None if none that is believed names anyone.
    """

    method: str
    path: bytes
    query_string: bytes
    headers: Mapping[bytes, bytes]
    is_https: bool
    body: bytes = b""
    user: str | None = None

    @cached_property
    def query(self) -> Mapping[str, str]:
        """The last value of each parameter."""
        return dict(parse_qsl(self.query_string.decode("latin-1"), keep_blank_values=True))

    @cached_property
    def fields(self) -> Fields:
        """The fields of the form; ValueError if the body is not one."""
        return read_fields(self.body)

    @property
    def place(self) -> bytes:
        """The path without a slash at its end."""
        return self.path.rstrip(b"/")

    @property
    def is_signing_in(self) -> bool:
        """Whether it sends what someone would sign in by."""
        return self.is_sent and self.place == SIGN_IN

    @property
    def is_sent(self) -> bool:
        """Whether it sends a form."""
        return self.method == "POST"

    @property
    def is_own(self) -> bool:
        """Whether a page of this origin sent it, rather than one elsewhere.

        Browsers say so themselves in ``sec-fetch-site`` where the connection can be trusted; else ``origin`` must
        be what ``host`` says.
        """
        site = self.headers.get(b"sec-fetch-site")
        if site is not None:
            return site in _SAME_ORIGIN
        return bool(self.origin) and self.headers.get(b"origin", b"").decode("latin-1") == self.origin

    @property
    def origin(self) -> str:
        """Scheme, host and port of the address that the browser uses; empty if it does not send them."""
        host = self.headers.get(b"host", b"").decode("latin-1")
        return f"{'https' if self.is_https else 'http'}://{host}" if host else ""

    @property
    def accepts_gzip(self) -> bool:
        """Whether the browser takes gzip."""
        return b"gzip" in self.headers.get(b"accept-encoding", b"")

    def cookie(self, name: str) -> str | None:
        """Return the value of a cookie."""
        for part in self.headers.get(b"cookie", b"").decode("latin-1").split(";"):
            found, _, value = part.strip().partition("=")
            if found == name:
                return value
        return None


def read_asking(scope: Mapping[str, Any], body: bytes = b"") -> Asking:
    """Return what an ASGI request whose ``raw_path`` is a `local_path` asks."""
    headers: Sequence[Header] = scope["headers"]
    return Asking(
        method=scope["method"],
        path=scope["raw_path"].removeprefix(CONSOLE.encode("ascii")),
        query_string=scope["query_string"],
        headers=dict(headers),
        is_https=scope.get("scheme") == "https",
        body=body,
    )


def read_fields(body: bytes) -> dict[str, list[str]]:
    """Return the fields of a body as browsers send it; ValueError if it is not one."""
    fields: dict[str, list[str]] = {}
    for name, value in parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MAX_FIELDS):
        fields.setdefault(name, []).append(value)
    return fields
