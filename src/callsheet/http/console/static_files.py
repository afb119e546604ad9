"""Static files: the style sheet and scripts, under addresses that change with their content."""

import gzip
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final, NamedTuple

from callsheet.http.console.asking import Asking
from callsheet.http.console.response import Response

_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_YEAR: Final = "public, max-age=31536000, immutable"
_DIGEST_CHARACTERS: Final = 12


class _File(NamedTuple):
    digest: str
    content_type: str
    plain: bytes
    compressed: bytes


@cache
def _files() -> dict[str, _File]:
    found = {}
    for each in files("callsheet.http.console").joinpath("static").iterdir():
        content_type = _TYPES.get(each.name.rpartition(".")[2])
        if content_type is not None:
            content = each.read_bytes()
            digest = sha256(content).hexdigest()[:_DIGEST_CHARACTERS]
            found[each.name] = _File(digest, content_type, content, gzip.compress(content, 9, mtime=0))
    return found


def static_path(name: str) -> tuple[str, str, str]:
    """Return the segments of the address of a file."""
    return "static", _files()[name].digest, name


def serve_static(asking: Asking) -> Response | None:
    """Return a file, by the address that `static_path` gives; None if there is none there."""
    match asking.path.decode("latin-1").split("/"):
        case ["", "static", digest, name] if name in _files() and _files()[name].digest == digest:
            file = _files()[name]
        case _:
            return None
    if asking.accepts_gzip:
        coding = ((b"content-encoding", b"gzip"),)
        return Response(200, file.compressed, file.content_type, coding, _YEAR)
    return Response(200, file.plain, file.content_type, (), _YEAR)
