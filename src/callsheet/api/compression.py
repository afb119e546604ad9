"""Content codings: which one the caller accepts, and bodies in it, each compressed once (contract, section 6).

Compressing a page takes several times longer than answering with it. So a body is compressed only when it is asked
for again, and while a caller waits only if that takes no more than some 50 µs. A larger one is queued for a
background thread, and goes out as it is until that thread has compressed it. Huge ones always go out as they are,
as the same thread follows the database.
"""

import gzip
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from importlib import import_module
from typing import Final

from callsheet.api.body import Body, compressed_etag

#: Smaller bodies fit a packet or two anyway, and are never compressed.
MIN_COMPRESSED_BYTES: Final = 1024

#: Larger bodies are never compressed while a caller waits: so much of a page of models takes about 50 µs.
MAX_INLINE_BYTES: Final[dict[bytes, int]] = {b"zstd": 16 * 1024, b"br": 4 * 1024, b"gzip": 8 * 1024}

#: Larger bodies are never compressed; this takes brotli 0.2 s.
MAX_COMPRESSED_BYTES: Final = 16 * 2**20

_MAX_CACHE_BYTES: Final = 32 * 2**20  # of all views together
_MAX_QUEUED_BODIES: Final = 64
_QUEUE_BATCH_BYTES: Final = 4 * 2**20  # compressed before the thread turns to its other work


def _gzip(content: bytes) -> bytes:
    return gzip.compress(content, compresslevel=6, mtime=0)


@lru_cache(maxsize=1)
def codecs() -> dict[bytes, Callable[[bytes], bytes]]:
    """Return the codings this installation can write, best first; zstd and br come with the extra `compression`."""
    found: dict[bytes, Callable[[bytes], bytes]] = {}
    with suppress(ImportError):
        found[b"zstd"] = import_module("zstandard").compress
    with suppress(ImportError):
        brotli = import_module("brotli")
        found[b"br"] = lambda content: bytes(brotli.compress(content, quality=5))
    found[b"gzip"] = _gzip
    return found


@lru_cache(maxsize=256)
def choose_coding(accepted: bytes) -> bytes | None:
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


class CompressedBodies:
    """A bounded cache of compressed bodies, and a bounded queue of those to compress; all views share them.

    A body is identified by the number of its view, its entity tag and the coding.
    """

    __slots__ = ("_bodies", "_bytes", "_queue")

    def __init__(self) -> None:
        self._bodies: OrderedDict[tuple[int, bytes, bytes], bytes] = OrderedDict()
        self._bytes = 0
        self._queue: dict[tuple[int, bytes, bytes], Body] = {}

    def get_or_enqueue(self, view_number: int, body: Body, coding: bytes, *, again: bool = True) -> Body | None:
        """Return ``body`` in ``coding`` with its entity tag; None if it must go out as it is.

        A small body (`MAX_INLINE_BYTES`) is compressed at once. A larger one is queued; when the queue is full, it
        is dropped, and the next request for it queues it again.

        Parameters
        ----------
        view_number, body
            What is shown, and the number of the view that shows it.
        coding
            One of `codecs`.
        again
            Whether an equal request came before, so that the body is worth compressing.
        """
        key = (view_number, body.etag, coding)
        content = self._bodies.get(key)
        if content is None:
            if not again or len(body.content) > MAX_COMPRESSED_BYTES:
                return None
            if len(body.content) > MAX_INLINE_BYTES[coding]:
                self._enqueue(key, body)
                return None
            content = self._compress(key, body)
        return Body(content, compressed_etag(body.etag, coding))

    def enqueue(self, view_number: int, body: Body, coding: bytes) -> None:
        """Queue ``body`` for `run_queue`, however small, unless it is compressed; parameters as above."""
        key = (view_number, body.etag, coding)
        if key not in self._bodies and len(body.content) <= MAX_COMPRESSED_BYTES:
            self._enqueue(key, body)

    def _enqueue(self, key: tuple[int, bytes, bytes], body: Body) -> None:
        if len(self._queue) < _MAX_QUEUED_BODIES:
            self._queue[key] = body

    def run_queue(self) -> bool:
        """Compress some of the queued bodies, in a thread that answers no caller; return whether any are left."""
        size = 0
        for key, body in list(self._queue.items()):
            self._compress(key, body)
            self._queue.pop(key, None)  # only now, so that it is not queued again meanwhile
            size += len(body.content)
            if size >= _QUEUE_BATCH_BYTES:
                break
        return bool(self._queue)

    def _compress(self, key: tuple[int, bytes, bytes], body: Body) -> bytes:
        content = codecs()[key[2]](bytes(body.content))
        self._bytes += len(content) - len(self._bodies.get(key, b""))
        self._bodies[key] = content
        while self._bytes > _MAX_CACHE_BYTES and self._bodies:
            try:
                _, dropped = self._bodies.popitem(last=False)
            except KeyError:  # another thread emptied it
                break
            self._bytes -= len(dropped)
        return content
