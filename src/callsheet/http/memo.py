"""Memo: what was worked out for requests of these very bytes, good until the State moves.

A request whose bytes were seen before has the same credential, version, query and everything else, so what was
made for one can never reach another principal. Whatever stops being true (a change of catalogue, keys or
workspaces; the expiry of a key) ends it: the first by emptying the memo, the second by a time on each entry.
"""

from typing import Final, NamedTuple

from callsheet.api.caller import Caller
from callsheet.api.state import State
from callsheet.http.observer import Kind

#: Longer requests, and longer heads of callers, are not remembered.
_LONGEST: Final = 2048
#: What an entry takes beside request and answer, in bytes; this bounds how many there can be.
_ENTRY: Final = 512
_MOST_CALLERS: Final = 4096
_MOST_SEEN: Final = 8192


class Remembered(NamedTuple):
    """A successful answer but for date and request id.

    Parameters
    ----------
    rest
        What follows the request id: the other headers and the body.
    expires
        When the caller's key does, in seconds since the epoch.
    kind
        What is told of it.
    """

    rest: bytes
    expires: float
    kind: Kind


class KnownCaller(NamedTuple):
    """A caller, with the headers of its successful answers as they go over the wire."""

    caller: Caller
    lines: bytes
    varying_lines: bytes


class Memo:
    """Answers by whole request, and callers by the header lines that answers depend on.

    Bounded in entries and bytes. An answer is only kept when its request comes a second time, so that a scan
    of all pages, or a tracing header that is new every time, pushes nothing out.

    Parameters
    ----------
    max_bytes
        Of requests and answers together; 0 keeps none.
    """

    def __init__(self, max_bytes: int) -> None:
        self.answers: dict[bytes, Remembered] = {}
        self.callers: dict[tuple[bytes, ...], KnownCaller] = {}
        self.state: State | None = None
        self._max_bytes = max_bytes
        self._bytes = 0
        self._seen: set[int] = set()

    def follow(self, state: State) -> None:
        """Forget everything: the State has moved."""
        self.state = state
        self.answers.clear()
        self.callers.clear()
        self._bytes = 0

    def keep_answer(self, request: bytes, answer: Remembered) -> None:
        """Remember ``answer`` if ``request`` has been seen before."""
        if len(request) > _LONGEST or not self._max_bytes or not self._is_second(request):
            return
        if request in self.answers:  # its key has expired, and another of its credentials is good
            self._drop(request)
        size = _size(request, answer)
        if size > self._max_bytes:
            return
        while self._bytes + size > self._max_bytes:
            self._drop(next(iter(self.answers)))
        self._bytes += size
        self.answers[request] = answer

    def keep_caller(self, lines: tuple[bytes, ...], caller: KnownCaller) -> None:
        """Remember who sends these header lines."""
        if sum(map(len, lines)) > _LONGEST:
            return
        if len(self.callers) >= _MOST_CALLERS:
            del self.callers[next(iter(self.callers))]
        self.callers[lines] = caller

    def _drop(self, request: bytes) -> None:
        self._bytes -= _size(request, self.answers.pop(request))

    def _is_second(self, request: bytes) -> bool:
        number = hash(request)
        if number in self._seen:
            return True
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
        self._seen.add(number)
        return False


def _size(request: bytes, answer: Remembered) -> int:
    return len(request) + len(answer.rest) + _ENTRY
