"""The access log: a line for every answer, written by a thread, so that a slow disk holds up nobody."""

import json
import logging
import os
import threading
import time
from collections import deque
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Final, TypeAlias

from callsheet.http.log_lines import hide_secrets, write_logfmt
from callsheet.settings import LogFormat

_log = logging.getLogger("callsheet")

#: A line but for what differs between equal answers to equal requests: who it was, and what was asked and given.
Template: TypeAlias = tuple[bytes, bytes]

NO_TEMPLATE: Final[Template] = (b"", b"")

_JSON: Final = b'{"time":"%b","request_id":"%b","duration_us":%d,"client":"%b",%b'
_LOGFMT: Final = b"time=%b request_id=%b duration_us=%d client=%b %b"

_EVERY: Final = 0.2  # seconds between looks whether there is something to write
_AGAIN: Final = 0.02  # the same when there just was: what has gathered keeps the thread that answers waiting
_PATIENCE: Final = 2.0  # seconds that a stop waits for whoever reads the log
_AT_ONCE: Final = 256  # lines put together; more would keep the thread that answers waiting
_MOST_BYTES: Final = 16 * 2**20  # waiting to be written; what exceeds it is dropped and counted


class AccessLog:
    """Collects lines, and writes them to a file descriptor a few times a second.

    Parameters
    ----------
    kind
        JSON lines, logfmt, or the common log format.
    descriptor
        Where they go; standard output unless said otherwise.
    """

    def __init__(self, kind: LogFormat, descriptor: int = 1) -> None:
        self._kind = kind
        self._is_common = kind is LogFormat.COMMON
        self._form = _JSON if kind is LogFormat.JSON else _LOGFMT
        self._time_format = "%d/%b/%Y:%H:%M:%S +0000" if self._is_common else "%Y-%m-%dT%H:%M:%SZ"
        self._descriptor = descriptor
        self._lines: deque[bytes] = deque()
        self._waiting = 0
        self._dropped = 0
        self._complained = False
        self._second = 0
        self._stamp = b""
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def template(
        self, method: str, path: bytes, query: bytes, status: int, length: int, key_id: str | None
    ) -> Template:
        """Return what `add` takes: all that equal answers to equal requests have in common.

        Parameters
        ----------
        method, path, query
            As sent.
        status, length
            Of the answer; the length of its body in bytes.
        key_id
            Of the key it was given to, or None.
        """
        target = hide_secrets((path + b"?" + query if query else path).decode("latin-1"))
        if self._kind is LogFormat.COMMON:
            line = json.dumps(f"{method} {target} HTTP/1.1")  # escapes what could forge a line
            return (key_id or "-").encode(), f"{line} {status} {length}\n".encode()
        if self._kind is LogFormat.LOGFMT:
            fields = {"method": method, "path": target, "status": status, "bytes": length, "key_id": key_id}
            return b"", f"{write_logfmt(fields)}\n".encode()
        asked = f'"method":{json.dumps(method)},"path":{json.dumps(target)}'  # one object takes thrice as long
        return b"", f'{asked},"status":{status},"bytes":{length},"key_id":{json.dumps(key_id)}}}\n'.encode()

    def add(self, template: Template, request_id: bytes, seconds: float, client: str) -> None:
        """Note an answer that took ``seconds`` to make and was given to ``client`` (an address, or empty)."""
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._stamp = time.strftime(self._time_format, time.gmtime(second)).encode()
        address = _address(client)
        if self._is_common:
            line = b"%b - %b [%b] %b" % (address, template[0], self._stamp, template[1])
        else:
            line = self._form % (self._stamp, request_id, seconds * 1e6, address, template[1])
        if self._waiting > _MOST_BYTES:
            self._dropped += 1
            return
        self._waiting += len(line)
        self._lines.append(line)

    def start(self) -> None:
        """Begin to write."""
        if self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._run, name="callsheet-access-log", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Write what is left, and end."""
        if self._thread is not None:
            self._stop.set()
            self._thread.join(_PATIENCE)
            self._thread = None

    def _run(self) -> None:
        pause = _EVERY
        while not self._stop.wait(pause):
            pause = _AGAIN if self._flush() else _EVERY
        self._flush()

    def _flush(self) -> bool:
        """Write the lines that are there; return whether there were any."""
        count = len(self._lines)  # others may join them meanwhile: they wait
        for _ in range(0, count, _AT_ONCE):
            content = b"".join([self._lines.popleft() for _ in range(min(_AT_ONCE, len(self._lines)))])
            self._write(content)
            self._waiting -= len(content)
        if self._dropped:
            _log.error("%d lines of the access log were dropped: it is written too slowly.", self._dropped)
            self._dropped = 0
        return count > 0

    def _write(self, content: bytes) -> None:
        left = memoryview(content)
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError as error:  # a reader that went away, or a full disk: answering goes on
            if not self._complained:
                _log.error("The access log cannot be written: %s.", error.strerror)
            self._complained = True
        else:
            self._complained = False


@lru_cache(maxsize=4096)
def _address(client: str) -> bytes:
    """The address of a client; a proxy may have given something else, which has no place in a log."""
    try:
        address = ip_address(client)
    except ValueError:
        return b"-"
    if isinstance(address, IPv6Address) and address.scope_id is not None:  # that may be any text
        address = IPv6Address(int(address))
    return str(address).encode()
