"""Compressed bodies: those that are there, and those still to be made."""

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from callsheet.api.encoded_block import Body

if TYPE_CHECKING:
    from callsheet.api.view import View

_MOST_JOBS: Final = 64
_WORKED_OFF: Final = 4 * 2**20  # bytes compressed before whoever does it looks after something else
_MOST_ENCODED: Final = 32 * 2**20  # bytes, all views together


class Encoded:
    """Compressed bodies, by view, entity tag and coding; the oldest go when they are too many bytes together."""

    __slots__ = ("_bodies", "_bytes")

    def __init__(self) -> None:
        self._bodies: OrderedDict[tuple[int, bytes, bytes], bytes] = OrderedDict()
        self._bytes = 0

    def get(self, view: "View", body: Body, coding: bytes) -> bytes | None:
        """Return ``body`` of ``view`` in ``coding``, if it is there."""
        return self._bodies.get((view.number, body.etag, coding))

    def put(self, view: "View", body: Body, coding: bytes, content: bytes) -> None:
        """Keep ``body`` of ``view`` in ``coding``."""
        key = (view.number, body.etag, coding)
        self._bytes += len(content) - len(self._bodies.get(key, b""))
        self._bodies[key] = content
        while self._bytes > _MOST_ENCODED and self._bodies:
            try:
                _, dropped = self._bodies.popitem(last=False)
            except KeyError:  # another thread was quicker
                return
            self._bytes -= len(dropped)


class Backlog:
    """Bodies still to be compressed, a few at most; what finds no room is asked for again anyway."""

    __slots__ = ("_jobs",)

    def __init__(self) -> None:
        self._jobs: dict[tuple[int, bytes, bytes], tuple[View, Body, bytes]] = {}

    def add(self, view: "View", body: Body, coding: bytes) -> None:
        """Put a body on the list, once."""
        if len(self._jobs) < _MOST_JOBS:
            self._jobs[view.number, body.etag, coding] = (view, body, coding)

    def work_off(self, compress: "Callable[[View, Body, bytes], object]") -> None:
        """Call ``compress`` for some bodies; one is on the list until it is done."""
        size = 0
        for key, job in list(self._jobs.items()):
            compress(*job)
            self._jobs.pop(key, None)
            size += len(job[1].content)
            if size >= _WORKED_OFF:
                return
