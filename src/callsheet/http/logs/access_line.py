"""A line of the access log: which fields it has, as JSON or logfmt, or in the common log format.

A line is joined from parts, most of which are reused from the line before: formatting each line would take several
times as long.
"""

import json
import time
from abc import ABC, abstractmethod
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Final, NamedTuple, TypeAlias

from callsheet.http.logs.redact import hide_secrets, write_logfmt
from callsheet.service.clock import SYSTEM_CLOCK, Clock
from callsheet.settings import LogFormat

#: The fields of a line in JSON and logfmt, in their order: all formats are made from this.
FIELDS: Final = ("time", "request_id", "duration_us", "client", "method", "path", "status", "bytes", "key_id")

_TIME, _REQUEST_ID, _DURATION, _CLIENT, *_SHARED = FIELDS

#: The fields of a line that equal answers to equal requests share; the common log format has the user apart.
Template: TypeAlias = tuple[bytes, bytes]

NO_TEMPLATE: Final[Template] = (b"", b"")

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


class LogFormatter(ABC):
    """Writes the lines of one format."""

    time_format: str
    client_format: bytes

    size: int
    """How many parts a line has."""

    def __init__(self, clock: Clock) -> None:
        self._time = clock.time
        self._second = 0
        self._stamp = b""
        self._client = lru_cache(maxsize=4096)(self._write_client)

    @abstractmethod
    def template(self, response: LoggedResponse) -> Template:
        """Return what `parts` needs to know of ``response``."""

    @abstractmethod
    def parts(self, template: Template, request_id: bytes, seconds: float, client: str) -> tuple[bytes, ...]:
        """Return the line for an answer that took ``seconds`` to make and was given to ``client``, in parts.

        The last one is the template's.
        """

    def _stamp_of(self, now: float) -> bytes:
        """Return the part with the time, made for the second that has begun."""
        self._second = int(now)
        self._stamp = time.strftime(self.time_format, time.gmtime(self._second)).encode()
        return self._stamp

    def _write_client(self, client: str) -> bytes:
        return self.client_format % _address(client)


class _Fields(LogFormatter):
    """Named fields."""

    duration_format: bytes
    size = 5

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._durations = [self.duration_format % microseconds for microseconds in range(_PREPARED_DURATIONS)]

    def parts(self, template: Template, request_id: bytes, seconds: float, client: str) -> tuple[bytes, ...]:
        """Return the line."""
        now = self._time()
        microseconds = int(seconds * 1e6)
        return (
            self._stamp if 0 <= now - self._second < 1 else self._stamp_of(now),
            request_id,
            self._durations[microseconds]
            if microseconds < _PREPARED_DURATIONS
            else self.duration_format % microseconds,
            self._client(client),
            template[1],
        )


class _JSON(_Fields):
    """An object a line."""

    time_format = f'{{"{_TIME}":"%Y-%m-%dT%H:%M:%SZ","{_REQUEST_ID}":"'
    duration_format = f'","{_DURATION}":%d'.encode()
    client_format = f',"{_CLIENT}":"%b",'.encode()
    shared_format = ",".join(f'"{name}":%s' for name in _SHARED) + "}\n"

    def template(self, response: LoggedResponse) -> Template:
        """Return the rest of the object, joined by hand: one call of `json` for all takes three times as long."""
        method, _, _, status, length, key_id = response
        values = json.dumps(method), json.dumps(response.target), status, length, json.dumps(key_id)
        return b"", (self.shared_format % values).encode()


class _Logfmt(_Fields):
    """Pairs of name and value."""

    time_format = f"{_TIME}=%Y-%m-%dT%H:%M:%SZ {_REQUEST_ID}="
    duration_format = f" {_DURATION}=%d".encode()
    client_format = f" {_CLIENT}=%b ".encode()

    def template(self, response: LoggedResponse) -> Template:
        """Return the other pairs."""
        method, _, _, status, length, key_id = response
        values = method, response.target, status, length, key_id
        return b"", f"{write_logfmt(dict(zip(_SHARED, values, strict=True)))}\n".encode()


class _Common(LogFormatter):
    """The common log format, which has no fields for request id and duration; the user is the key's id."""

    time_format = " [%d/%b/%Y:%H:%M:%S +0000] "
    client_format = b"%b - "
    size = 4

    def template(self, response: LoggedResponse) -> Template:
        """Return the user, and the request line with status and size."""
        method, _, _, status, length, key_id = response
        line = json.dumps(f"{method} {response.target} HTTP/1.1")  # escapes what could forge a line
        return (key_id or "-").encode(), f"{line} {status} {length}\n".encode()

    def parts(self, template: Template, _request_id: bytes, _seconds: float, client: str) -> tuple[bytes, ...]:
        """Return the line."""
        now = self._time()
        stamp = self._stamp if 0 <= now - self._second < 1 else self._stamp_of(now)
        return self._client(client), template[0], stamp, template[1]


_FORMATTERS: Final[dict[LogFormat, type[LogFormatter]]] = {
    LogFormat.JSON: _JSON,
    LogFormat.LOGFMT: _Logfmt,
    LogFormat.COMMON: _Common,
}


def formatter_for(kind: LogFormat, clock: Clock = SYSTEM_CLOCK) -> LogFormatter:
    """Return what writes lines of ``kind``, which must not be `LogFormat.OFF`."""
    return _FORMATTERS[kind](clock)


def _address(client: str) -> bytes:
    """Return how the address of a client is logged: as a dash if a proxy sent text that is not an address."""
    try:
        address = ip_address(client)
    except ValueError:
        return b"-"
    if isinstance(address, IPv6Address) and address.scope_id is not None:  # a scope may be any text
        address = IPv6Address(int(address))
    return str(address).encode()
