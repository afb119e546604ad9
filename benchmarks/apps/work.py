"""The work that the bare apps do for a request: who asks, what for, and a slice of prepared bytes."""

import os
import secrets
from hashlib import sha256
from pathlib import Path
from typing import Final
from zlib import crc32

from benchmarks.start import SECRET

_KEYS: Final = {sha256(SECRET.encode()).digest(): b"wrkspc_01"}
_VERSIONS: Final = frozenset({b"2023-01-01", b"2023-06-01", b"2026-10-21"})
_MOST: Final = 1000


class Refusal(Exception):  # noqa: N818  # it is no error of ours
    """What is answered with another status than 200."""

    def __init__(self, status: int, kind: str) -> None:
        super().__init__(status)
        self.status = status
        self.body = b'{"type":"error","error":{"type":"%b","message":"%b"}}' % (kind.encode(), kind.encode())


class Models:
    """The list as one string of bytes, newest first, with the place of each model in it."""

    def __init__(self, path: Path) -> None:
        lines = path.read_bytes().splitlines()
        self._blob = b",".join(lines)
        self._ids = [_id(line) for line in lines]
        self._places = {model_id: place for place, model_id in enumerate(self._ids)}
        self._ends: list[int] = []
        end = -1
        for line in lines:
            end += 1 + len(line)
            self._ends.append(end)

    def one(self, model_id: str) -> bytes:
        """Return one model."""
        place = self._places.get(model_id)
        if place is None:
            raise Refusal(404, "not_found_error")
        return self._slice(place, place + 1)

    def page(self, query: bytes) -> bytes:
        """Return the page that a query string asks for."""
        limit, start = 20, 0
        for part in query.split(b"&"):
            name, _, value = part.partition(b"=")
            if name == b"limit":
                limit = _limit(value)
            elif name == b"after_id":
                place = self._places.get(value.decode())
                if place is None:
                    raise Refusal(400, "invalid_request_error")
                start = place + 1
        stop = min(start + limit, len(self._ids))
        more = b"true" if stop < len(self._ids) else b"false"
        return b'{"data":[%b],"has_more":%b,"first_id":"%b","last_id":"%b"}' % (
            self._slice(start, stop),
            more,
            self._ids[start].encode(),
            self._ids[stop - 1].encode(),
        )

    def _slice(self, start: int, stop: int) -> bytes:
        return self._blob[self._ends[start - 1] + 1 if start else 0 : self._ends[stop - 1]]


def _limit(value: bytes) -> int:
    if not value.isdigit() or not 1 <= int(value) <= _MOST:
        raise Refusal(400, "invalid_request_error")
    return int(value)


def _id(line: bytes) -> str:
    return line.partition(b'"id":"')[2].partition(b'"')[0].decode()


def load() -> Models:
    """Return the models of the file that the environment names."""
    return Models(Path(os.environ["BENCHMARK_MODELS"]))


def authenticate(authorization: bytes | None, api_key: bytes | None, version: bytes | None) -> bytes:
    """Return the workspace of who asks."""
    secret = api_key
    if secret is None and authorization is not None:
        scheme, _, secret = authorization.partition(b" ")
        if scheme.lower() != b"bearer":
            raise Refusal(401, "authentication_error")
    workspace = None if secret is None else _KEYS.get(sha256(secret).digest())
    if workspace is None:
        raise Refusal(401, "authentication_error")
    if version not in _VERSIONS:
        raise Refusal(400, "invalid_request_error")
    return workspace


def make_etag(body: bytes) -> bytes:
    """Return what names ``body``."""
    return b'"%08x"' % crc32(body)


def make_request_id() -> str:
    """Return a new request id."""
    return f"req_01{secrets.token_hex(11)}"
