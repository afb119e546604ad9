"""Memo: answers that were worked out before, good until the State moves.

A request is known by everything its answer depends on, its credential included, so what was made for one can
never reach another principal. Whatever stops being true (a change of catalogue, keys or workspaces; the expiry
of a key) ends it: the first by emptying the memo, the second by a time on each entry.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

from callsheet.api.caller import Caller, identify
from callsheet.api.request import Header, read_headers
from callsheet.api.state import State
from callsheet.http.public.seen import SeenFilter

#: Longer requests, and longer heads of callers, are not remembered.
LONGEST: Final = 2048
#: What an entry takes beside request and answer, in bytes; this bounds how many there can be.
ENTRY: Final = 512
_MOST_CALLERS: Final = 4096


class Remembered(Protocol):
    """An answer as its driver gives it."""

    @property
    def expires(self) -> float:
        """When it stops being one, in seconds since the epoch."""

    @property
    def size(self) -> int:
        """Bytes that it takes, together with its request."""


Answer = TypeVar("Answer", bound=Remembered)


class KnownCaller(NamedTuple):
    """A caller, with the headers of its successful answers as they go over the wire."""

    caller: Caller
    lines: bytes
    varying_lines: bytes


class ResponseCache(Generic[Answer]):
    """Answers by request, and callers by the headers that answers depend on.

    Bounded in entries and bytes. An answer is only worth keeping when its request `seen_before`, so that a scan
    of all pages, or a tracing header that is new every time, pushes nothing out.

    Parameters
    ----------
    max_bytes
        Of requests and answers together; 0 keeps none.
    """

    def __init__(self, max_bytes: int) -> None:
        # Ordered: of a plain dict, the first entry is hard to find once many before it are gone.
        self.answers: OrderedDict[Hashable, Answer] = OrderedDict()
        self.callers: dict[Hashable, KnownCaller] = {}
        self.state: State | None = None
        self._max_bytes = max_bytes
        self._bytes = 0
        recent = SeenFilter()
        self.has_come = recent.came
        """Return whether a request has been seen before, so that its answer may be asked for once more."""
        self.seen_before = recent.again
        """The same, and note that it has been seen."""

    def follow(self, state: State) -> None:
        """Forget everything: the State has moved."""
        self.state = state
        self.answers.clear()
        self.callers.clear()
        self._bytes = 0

    def keep_answer(self, request: Hashable, answer: Answer) -> None:
        """Remember the ``answer`` to ``request``, which has at most `LONGEST` bytes."""
        if answer.size > self._max_bytes:
            return
        if request in self.answers:  # its key has expired, and another of its credentials is good
            self._drop(request)
        while self._bytes + answer.size > self._max_bytes:
            self._drop(next(iter(self.answers)))
        self._bytes += answer.size
        self.answers[request] = answer

    def caller(
        self, state: State, lines: Hashable, headers: Callable[[], Sequence[Header]], now: float
    ) -> KnownCaller:
        """Return who sends ``lines``, which say what ``headers`` returns.

        Raises
        ------
        APIError
            Somebody who is not let in.
        """
        known = self.callers.get(lines)
        if known is not None and now < known.caller.expires:
            return known
        sent = headers()
        found = read_headers(sent)
        caller = identify(state, found, now)
        known = KnownCaller(caller, write_lines(caller.headers), write_lines(caller.varying_headers))
        if sum(len(name) + len(value) for name, value in sent) <= LONGEST:
            if len(self.callers) >= _MOST_CALLERS:
                del self.callers[next(iter(self.callers))]
            self.callers[lines] = known
        return known

    def _drop(self, request: Hashable) -> None:
        self._bytes -= self.answers.pop(request).size


def write_lines(headers: Sequence[Header]) -> bytes:
    """Return ``headers`` as they go over the wire."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])
