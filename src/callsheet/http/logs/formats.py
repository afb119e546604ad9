"""The forms of the access log's lines: named fields in JSON or logfmt, or the common log format.

A line is made of parts, most of which are those of the line before: to format it anew takes several times as long.
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

#: A line but for what differs between equal answers to equal requests: who it was, and what was asked and given.
Template: TypeAlias = tuple[bytes, bytes]

NO_TEMPLATE: Final[Template] = (b"", b"")

_SHORT: Final = 1024  # microseconds; shorter times are written beforehand


class Answered(NamedTuple):
    """What equal answers to equal requests have in common.

    Parameters
    ----------
    method, path, query
        As sent.
    status, length
        Of the answer; the length of its body in bytes.
    key_id
        Of the key it was given to, or None.
    """

    method: str
    path: bytes
    query: bytes
    status: int
    length: int
    key_id: str | None

    @property
    def target(self) -> str:
        """Path and query as they may be shown: people put secrets into them."""
        target = self.path + b"?" + self.query if self.query else self.path
        return hide_secrets(target.decode("latin-1"))


class LogFormatter(ABC):
    """How a line is written."""

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
    def template(self, answered: Answered) -> Template:
        """Return what `parts` takes of ``answered``."""

    @abstractmethod
    def parts(self, template: Template, request_id: bytes, seconds: float, client: str) -> tuple[bytes, ...]:
        """Return the line for an answer that took ``seconds`` to make and was given to ``client``, in parts.

        The last one is the template's.
        """

    def _stamp_of(self, now: float) -> bytes:
        """The part that says the time, which another second has begun."""
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
        self._durations = [self.duration_format % microseconds for microseconds in range(_SHORT)]

    def parts(self, template: Template, request_id: bytes, seconds: float, client: str) -> tuple[bytes, ...]:
        """Return the line."""
        now = self._time()
        microseconds = int(seconds * 1e6)
        return (
            self._stamp if 0 <= now - self._second < 1 else self._stamp_of(now),
            request_id,
            self._durations[microseconds] if microseconds < _SHORT else self.duration_format % microseconds,
            self._client(client),
            template[1],
        )


class _JSON(_Fields):
    """An object a line."""

    time_format = '{"time":"%Y-%m-%dT%H:%M:%SZ","request_id":"'
    duration_format = b'","duration_us":%d'
    client_format = b',"client":"%b",'

    def template(self, answered: Answered) -> Template:
        """Return the rest of the object, put together by hand: one call of `json` for all takes thrice as long."""
        method, _, _, status, length, key_id = answered
        asked = f'"method":{json.dumps(method)},"path":{json.dumps(answered.target)}'
        return b"", f'{asked},"status":{status},"bytes":{length},"key_id":{json.dumps(key_id)}}}\n'.encode()


class _Logfmt(_Fields):
    """Pairs of name and value."""

    time_format = "time=%Y-%m-%dT%H:%M:%SZ request_id="
    duration_format = b" duration_us=%d"
    client_format = b" client=%b "

    def template(self, answered: Answered) -> Template:
        """Return the other pairs."""
        method, _, _, status, length, key_id = answered
        pairs = {"method": method, "path": answered.target, "status": status, "bytes": length, "key_id": key_id}
        return b"", f"{write_logfmt(pairs)}\n".encode()


class _Common(LogFormatter):
    """The common log format, which has no place for request id and duration; the user is the key's id."""

    time_format = " [%d/%b/%Y:%H:%M:%S +0000] "
    client_format = b"%b - "
    size = 4

    def template(self, answered: Answered) -> Template:
        """Return who it was, and what was asked and given."""
        method, _, _, status, length, key_id = answered
        line = json.dumps(f"{method} {answered.target} HTTP/1.1")  # escapes what could forge a line
        return (key_id or "-").encode(), f"{line} {status} {length}\n".encode()

    def parts(self, template: Template, _request_id: bytes, _seconds: float, client: str) -> tuple[bytes, ...]:
        """Return the line."""
        now = self._time()
        stamp = self._stamp if 0 <= now - self._second < 1 else self._stamp_of(now)
        return self._client(client), template[0], stamp, template[1]


_FORMS: Final[dict[LogFormat, type[LogFormatter]]] = {
    LogFormat.JSON: _JSON,
    LogFormat.LOGFMT: _Logfmt,
    LogFormat.COMMON: _Common,
}


def form_of(kind: LogFormat, clock: Clock = SYSTEM_CLOCK) -> LogFormatter:
    """Return the form that ``kind`` names; there is none for no log."""
    return _FORMS[kind](clock)


def _address(client: str) -> bytes:
    """The address of a client; a proxy may have given something else, which has no place in a log."""
    try:
        address = ip_address(client)
    except ValueError:
        return b"-"
    if isinstance(address, IPv6Address) and address.scope_id is not None:  # that may be any text
        address = IPv6Address(int(address))
    return str(address).encode()
