"""A line of the access log: which fields it has, as JSON or logfmt, or in the common log format.

What equal answers to equal requests share is written once, as a template. The rest is put in by the thread that
writes the lines, not where requests are answered.
"""

import json
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Final, NamedTuple, TypeAlias

from callsheet.http.logs.redact import hide_secrets, write_logfmt
from callsheet.settings import LogFormat

#: The fields of a line in JSON and logfmt, in their order: all formats are made from this.
FIELDS: Final = ("time", "request_id", "duration_us", "client", "method", "path", "status", "bytes", "key_id")

_TIME, _REQUEST_ID, _DURATION, _CLIENT, *_SHARED = FIELDS

#: The characters of a path that are written in JSON as they are.
_PLAIN: Final = bytes(byte for byte in range(0x20, 0x7F) if byte not in b'"\\')

_GET: Final = b'"method":"GET","path":"'

_PREPARED_DURATIONS: Final = 1024  # microseconds; shorter ones are formatted in advance


class LoggedResponse(NamedTuple):
    """What is logged of a response, and is the same for equal responses to equal requests.

    Parameters
    ----------
    method, path, query
        As sent.
    status, length
        Of the response; the length of its body in bytes.
    key_id
        Of the caller's key, or None.
    """

    method: str
    path: bytes
    query: bytes
    status: int
    length: int
    key_id: str | None

    @property
    def target(self) -> str:
        """Path and query without the secrets that people put into them."""
        target = self.path + b"?" + self.query if self.query else self.path
        return hide_secrets(target.decode("latin-1"))


#: What is logged of a response, as it is, or written already because it comes again; the common log format has the
#: user apart from the rest.
Template: TypeAlias = LoggedResponse | tuple[bytes, bytes]

NO_TEMPLATE: Final[Template] = (b"", b"")

#: One line as it waits to be written: when the answer was given, in seconds since the epoch; the request id; the
#: time it took to make it, in seconds; the client's address; and the template.
Entry: TypeAlias = tuple[float, bytes, float, str, Template]


class LogFormatter(ABC):
    """Writes the lines of one format."""

    time_format: str
    client_format: bytes

    def __init__(self) -> None:
        self._second = 0
        self._stamp = b""
        self._client = lru_cache(maxsize=8192)(self._write_client)

    @abstractmethod
    def template(self, response: LoggedResponse) -> tuple[bytes, bytes]:
        """Return what lines about ``response`` share."""

    @abstractmethod
    def lines(self, entries: Iterable[Entry]) -> bytes:
        """Return a line for each of ``entries``."""

    def _stamp_of(self, now: float) -> bytes:
        """Return the part with the time, made for the second that has begun."""
        if not 0 <= now - self._second < 1:
            self._second = int(now)
            self._stamp = time.strftime(self.time_format, time.gmtime(self._second)).encode()
        return self._stamp

    def _write_client(self, client: str) -> bytes:
        return self.client_format % _address(client)


class _Fields(LogFormatter):
    """Named fields."""

    duration_format: bytes

    def __init__(self) -> None:
        super().__init__()
        self._durations = [self.duration_format % microseconds for microseconds in range(_PREPARED_DURATIONS)]

    def lines(self, entries: Iterable[Entry]) -> bytes:
        """Return the lines."""
        parts: list[bytes] = []
        durations, stamp_of, client_of = self._durations, self._stamp_of, self._client
        for now, request_id, seconds, client, template in entries:
            microseconds = int(seconds * 1e6)
            parts += (
                stamp_of(now),
                request_id,
                durations[microseconds]
                if microseconds < _PREPARED_DURATIONS
                else self.duration_format % microseconds,
                client_of(client),
            )
            if isinstance(template, LoggedResponse):
                parts += self._parts(template)
            else:
                parts.append(template[1])
        return b"".join(parts)

    def _parts(self, response: LoggedResponse) -> tuple[bytes, ...]:
        """Return the rest of a line that no other one shares."""
        return self.template(response)[1:]


class _JSON(_Fields):
    """An object a line."""

    time_format = f'{{"{_TIME}":"%Y-%m-%dT%H:%M:%SZ","{_REQUEST_ID}":"'
    duration_format = f'","{_DURATION}":%d'.encode()
    client_format = f',"{_CLIENT}":"%b",'.encode()
    shared_format = ",".join(f'"{name}":%s' for name in _SHARED) + "}\n"

    def __init__(self) -> None:
        super().__init__()
        self._end = lru_cache(maxsize=1024)(self._write_end)

    def _parts(self, response: LoggedResponse) -> tuple[bytes, ...]:
        """Return the rest of the object, most of it as in an earlier line, if its path needs no escapes."""
        method, path, query, status, length, key_id = response
        target = b"%b?%b" % (path, query) if query else path
        if method != "GET" or target.translate(None, _PLAIN) or b"sk" in target:  # perhaps a secret
            return super()._parts(response)
        return _GET, target, self._end(status, length, key_id)

    def _write_end(self, status: int, length: int, key_id: str | None) -> bytes:
        return self.template(LoggedResponse("GET", b"", b"", status, length, key_id))[1].removeprefix(_GET)

    def template(self, response: LoggedResponse) -> tuple[bytes, bytes]:
        """Return the rest of the object, joined by hand: `json` takes several times as long."""
        method, _, _, status, length, key_id = response
        key = "null" if key_id is None else _quote(key_id)
        values = _quote(method), _quote(response.target), status, length, key
        return b"", (self.shared_format % values).encode()


class _Logfmt(_Fields):
    """Pairs of name and value."""

    time_format = f"{_TIME}=%Y-%m-%dT%H:%M:%SZ {_REQUEST_ID}="
    duration_format = f" {_DURATION}=%d".encode()
    client_format = f" {_CLIENT}=%b ".encode()

    def template(self, response: LoggedResponse) -> tuple[bytes, bytes]:
        """Return the other pairs."""
        method, _, _, status, length, key_id = response
        values = method, response.target, status, length, key_id
        return b"", f"{write_logfmt(dict(zip(_SHARED, values, strict=True)))}\n".encode()


class _Common(LogFormatter):
    """The common log format, which has no fields for request id and duration; the user is the key's id."""

    time_format = " [%d/%b/%Y:%H:%M:%S +0000] "
    client_format = b"%b - "

    def template(self, response: LoggedResponse) -> tuple[bytes, bytes]:
        """Return the user, and the request line with status and size."""
        method, _, _, status, length, key_id = response
        line = _quote(f"{method} {response.target} HTTP/1.1")  # escapes what could forge a line
        return (key_id or "-").encode(), f"{line} {status} {length}\n".encode()

    def lines(self, entries: Iterable[Entry]) -> bytes:
        """Return the lines."""
        parts: list[bytes] = []
        for now, _request_id, _seconds, client, template in entries:
            user, rest = self.template(template) if isinstance(template, LoggedResponse) else template
            parts += (self._client(client), user, self._stamp_of(now), rest)
        return b"".join(parts)


_FORMATTERS: Final[dict[LogFormat, type[LogFormatter]]] = {
    LogFormat.JSON: _JSON,
    LogFormat.LOGFMT: _Logfmt,
    LogFormat.COMMON: _Common,
}


def formatter_for(kind: LogFormat) -> LogFormatter:
    """Return what writes lines of ``kind``, which must not be `LogFormat.OFF`."""
    return _FORMATTERS[kind]()


def _quote(text: str) -> str:
    """Return ``text`` as a JSON string."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return json.dumps(text)


def _address(client: str) -> bytes:
    """Return how the address of a client is logged: as a dash if a proxy sent text that is not an address."""
    try:
        plain = socket.inet_ntop(socket.AF_INET, socket.inet_pton(socket.AF_INET, client))
        if plain == client:  # written as everybody does; `ipaddress` takes ten times as long
            return client.encode()
    except (OSError, ValueError):
        pass
    try:
        address = ip_address(client)
    except ValueError:
        return b"-"
    if isinstance(address, IPv6Address) and address.scope_id is not None:  # a scope may be any text
        address = IPv6Address(int(address))
    return str(address).encode()
