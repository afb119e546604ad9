"""ResponseCache: answers that were made before, good until the State moves.

A request is known by everything its answer depends on, its credential included, so an answer that was made for
one principal can never reach another. Two things end an answer: a change of catalogue, keys or workspaces, which
empties the cache, and the expiry of the caller's key, which is a time on each entry.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

from callsheet.api.caller import Caller, identify
from callsheet.api.request import Header, read_headers
from callsheet.api.state import State
from callsheet.http.observer import ResponseLabel
from callsheet.http.public.seen import SeenFilter
from callsheet.http.wire_headers import write_lines

#: Longer requests, and callers with longer headers, are not cached.
MAX_REQUEST_BYTES: Final = 2048

#: What an entry takes beside request and answer; this bounds how many entries there can be.
ENTRY_BYTES: Final = 512

#: Of all callers together: some ten thousand.
MAX_CALLERS_BYTES: Final = 32 * 2**20

_CALLER_BYTES: Final = 2048  # that one takes beside its headers and those of its answers

Content = TypeVar("Content")


class CachedResponse(NamedTuple, Generic[Content]):
    """A successful answer except for its request id and date.

    Parameters
    ----------
    content
        The answer, in the form that its driver sends.
    expires
        Until when it is certain who asks, in seconds since the epoch.
    label
        What is recorded of it.
    size
        Of request and answer together, in bytes.
    key_id
        The key whose rate limit a request for it counts towards.
    """

    content: Content
    expires: float
    label: ResponseLabel
    size: int
    key_id: str | None


class KnownCaller(NamedTuple):
    """A caller, with the headers of its successful answers as they go over the wire."""

    caller: Caller
    lines: bytes
    varying_lines: bytes
    size: int
    """About what it takes, with its headers, in bytes."""


class ResponseCache(Generic[Content]):
    """Answers by request, and callers by the headers that answers depend on.

    Bounded in entries and bytes. An answer is only worth keeping if its request was seen before, so that a scan of
    all pages, or a tracing header that is new every time, pushes nothing out.

    Parameters
    ----------
    max_bytes
        Of requests and answers together; 0 keeps none.
    """

    def __init__(self, max_bytes: int) -> None:
        # Ordered: of a plain dict, the first entry is hard to find once many before it are gone.
        self.answers: OrderedDict[Hashable, CachedResponse[Content]] = OrderedDict()
        self.callers: OrderedDict[Hashable, KnownCaller] = OrderedDict()
        self.state: State | None = None
        """The State that the answers were made from."""
        self.on_caller: Callable[[str], object] = lambda _key_id: None
        """Called with the key of a caller who was not known, whose request is to be answered."""
        self._max_bytes = max_bytes
        self._bytes = 0
        self._callers_bytes = 0
        seen = SeenFilter()
        self.has_seen = seen.__contains__
        """Return whether a request has been seen before."""
        self.mark_seen = seen.add
        """Note that a request has been seen; return whether it was seen before."""

    def reset(self, state: State) -> None:
        """Empty the cache, to be filled from ``state``."""
        self.state = state
        self.answers.clear()
        self.callers.clear()
        self._bytes = self._callers_bytes = 0

    def keep_answer(self, request: Hashable, answer: CachedResponse[Content]) -> None:
        """Keep the ``answer`` to ``request``, which has at most `MAX_REQUEST_BYTES`."""
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
        """Return the caller who sends ``lines``, whose meaning ``headers`` returns.

        Raises
        ------
        APIError
            The caller is refused.
        """
        known = self.callers.get(lines)
        if known is not None and now < known.caller.expires:
            return known
        sent = headers()
        found = read_headers(sent)
        caller = identify(state, found, now)
        self.on_caller(caller.key_id)
        plain, varying = write_lines(caller.headers), write_lines(caller.varying_headers)
        length = sum(len(name) + len(value) for name, value in sent)
        known = KnownCaller(caller, plain, varying, _CALLER_BYTES + length + len(plain) + len(varying))
        if length <= MAX_REQUEST_BYTES:
            self._keep_caller(lines, known)
        return known

    def _keep_caller(self, lines: Hashable, known: KnownCaller) -> None:
        """Keep a caller, in place of those that came first if all take too much together."""
        past = self.callers.pop(lines, None)  # its key has expired, or its grant
        self._callers_bytes += known.size - (0 if past is None else past.size)
        self.callers[lines] = known
        while self._callers_bytes > MAX_CALLERS_BYTES:
            self._callers_bytes -= self.callers.popitem(last=False)[1].size

    def _drop(self, request: Hashable) -> None:
        self._bytes -= self.answers.pop(request).size
