"""Content codings: which one the caller takes, and a body in it, compressed once (contract, section 6).

What is asked for once goes out as it is: to compress a page takes several times longer than to answer with it.
Small bodies are compressed when they are asked for again. Large ones would hold up everybody else: they are put on
a backlog that a thread works off, and go out as they are until that is done. As the same thread follows the
database, huge ones always go out as they are.
"""

import gzip
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from importlib import import_module
from typing import Final

from callsheet.api.encoded import Backlog
from callsheet.api.encoded_block import Body
from callsheet.api.view import View

#: Smaller bodies fit a packet or two anyway.
WORTH_IT: Final = 1024

#: Larger bodies are never compressed while somebody waits.
AT_ONCE: Final = 64 * 1024

#: Larger bodies are never compressed; this takes brotli 0.2 s.
LARGEST: Final = 16 * 2**20


def _gzip(content: bytes) -> bytes:
    return gzip.compress(content, compresslevel=6, mtime=0)


@lru_cache(maxsize=1)
def codecs() -> dict[bytes, Callable[[bytes], bytes]]:
    """Return the codings this installation can write, best first; zstd and br come with `compression`."""
    found: dict[bytes, Callable[[bytes], bytes]] = {}
    with suppress(ImportError):
        found[b"zstd"] = import_module("zstandard").compress
    with suppress(ImportError):
        brotli = import_module("brotli")
        found[b"br"] = lambda content: bytes(brotli.compress(content, quality=5))
    found[b"gzip"] = _gzip
    return found


@lru_cache(maxsize=256)
def choose(accepted: bytes) -> bytes | None:
    """Return the best coding that ``accept-encoding`` allows, or None to send the body as it is."""
    weights: dict[bytes, float] = {}
    for part in accepted.lower().split(b","):
        name, _, parameter = part.partition(b";")
        weights[name.strip()] = _weight(parameter)
    best, best_weight = None, 0.0
    for name in codecs():
        weight = weights.get(name, weights.get(b"*", 0.0))
        if weight > best_weight:
            best, best_weight = name, weight
    return best if best_weight >= weights.get(b"identity", 0.0) else None


def _weight(parameter: bytes) -> float:
    key, _, value = parameter.strip().partition(b"=")
    if key.strip() != b"q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def tag(body: Body, coding: bytes) -> bytes:
    """Return the entity tag of ``body`` in ``coding``: each representation has one of its own."""
    return body.etag[:-1] + b"-" + coding + b'"'


def encode(view: View, body: Body, coding: bytes, *, again: bool = True) -> Body | None:
    """Return ``body`` in ``coding``, with its entity tag; None if it is not ready.

    Parameters
    ----------
    view, body
        What is shown, and the view it is from.
    coding
        One of `codecs`.
    again
        Whether it has been asked for before, so that it is worth compressing.
    """
    content = view.views.encoded.get(view, body, coding)
    if content is None:
        if not again or len(body.content) > LARGEST:
            return None
        if len(body.content) > AT_ONCE:
            view.views.backlog.add(view, body, coding)
            return None
        content = _compress(view, body, coding)
    return Body(content, tag(body, coding))


def work_off(backlog: Backlog) -> None:
    """Compress some of what is on the backlog; for a thread that answers nobody."""
    backlog.work_off(_compress)


def _compress(view: View, body: Body, coding: bytes) -> bytes:
    content = codecs()[coding](bytes(body.content))
    view.views.encoded.put(view, body, coding, content)
    return content
