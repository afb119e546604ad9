"""The access log: a line for every answer, written by a thread, so that a slow disk holds up nobody."""

import json
import logging
import os
import threading
import time
from collections import deque
from typing import Final

from callsheet.api.answer import Response
from callsheet.api.request import Request
from callsheet.settings import LogFormat

_log = logging.getLogger("callsheet")

_EVERY: Final = 0.2  # seconds between writes
_MOST_BYTES: Final = 16 * 2**20  # waiting to be written; what exceeds it is dropped and counted


class AccessLog:
    """Collects lines, and writes them to a file descriptor a few times a second.

    Parameters
    ----------
    kind
        JSON lines, or the common log format.
    descriptor
        Where they go; standard output unless said otherwise.
    """

    def __init__(self, kind: LogFormat, descriptor: int = 1) -> None:
        self._template = _json_template if kind is LogFormat.JSON else _common_template
        self._time_format = "%Y-%m-%dT%H:%M:%SZ" if kind is LogFormat.JSON else "%d/%b/%Y:%H:%M:%S +0000"
        self._descriptor = descriptor
        self._lines: deque[bytes] = deque()
        self._waiting = 0
        self._dropped = 0
        self._second = 0
        self._stamp = b""
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def template(self, request: Request, response: Response) -> bytes:
        """Return a line but for what differs between equal answers to equal requests; see `add`."""
        return self._template(request, response)

    def add(self, template: bytes, request_id: bytes, seconds: float, client: str) -> None:
        """Note an answer that took ``seconds`` to make and was given to ``client`` (an address, or empty)."""
        line = template % {
            b"time": self._now(),
            b"request_id": request_id,
            b"duration": seconds * 1e6,
            b"client": client.encode("ascii", "replace") or b"-",
        }
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
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while not self._stop.wait(_EVERY):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        lines = [self._lines.popleft() for _ in range(len(self._lines))]  # others may join them meanwhile
        content = b"".join(lines)
        left = memoryview(content)
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError as error:  # a reader that went away, or a full disk: answering goes on
            _log.error("The access log cannot be written: %s.", error.strerror)
        self._waiting -= len(content)
        if self._dropped:
            _log.error("%d lines of the access log were dropped: it is written too slowly.", self._dropped)
            self._dropped = 0

    def _now(self) -> bytes:
        """The time, formatted once a second."""
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._stamp = time.strftime(self._time_format, time.gmtime(second)).encode()
        return self._stamp


def _json_template(request: Request, response: Response) -> bytes:
    fields = {
        "method": request.method,
        "path": _path(request),
        "status": response.status,
        "bytes": len(response.body),
        "key_id": response.key_id,
    }
    rest = _escape(json.dumps(fields, separators=(",", ":"))[1:])
    return (
        b'{"time":"%(time)b","request_id":"%(request_id)b","duration_us":%(duration)d,"client":"%(client)b",'
        + rest
        + b"\n"
    )


def _common_template(request: Request, response: Response) -> bytes:
    line = json.dumps(f"{request.method} {_path(request)} HTTP/1.1")  # escapes what could forge a line
    user = _escape(response.key_id or "-")
    rest = _escape(f"{line} {response.status} {len(response.body)}\n")
    return b"%(client)b - " + user + b" [%(time)b] " + rest


def _path(request: Request) -> str:
    query = b"?" + request.query if request.query else b""
    return (request.path + query).decode("latin-1")


def _escape(text: str) -> bytes:
    return text.encode().replace(b"%", b"%%")
