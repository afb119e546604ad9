"""Which requests stay here, and which go to the gateway."""

import re
from collections.abc import Iterator
from typing import Final

from callsheet.api.percent import unquote_to_bytes
from callsheet.api.request import find_names
from callsheet.domain.errors import APIError, NotFoundError

#: Paths that say how this server is.
_OWN_PAGES: Final = frozenset({b"/healthz", b"/readyz", b"/metrics"})

#: What only calendars are at; any other path there is the gateway's business.
_CALENDAR: Final = re.compile(rb"/calendars/sk-cs-calendar-[0-9A-Za-z]+\.ics\Z")

#: The methods that the Models API has; any other on its paths is the gateway's business.
_LIST_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})

_SLASHES: Final = re.compile(rb"[/\\]+")


def is_ours(method: str, path: bytes) -> bool:
    """Return whether a request is answered here.

    A path that the gateway could read as the one of its list, by undoing escapes or dots, stays here as well: else
    a caller would see that list in place of the one that is served. The contract refuses such a path.

    Parameters
    ----------
    method
        In capitals.
    path
        As sent, still percent-encoded, below the setting ``root_path``.
    """
    if path in _OWN_PAGES or _CALENDAR.match(path):
        return True
    return method in _LIST_METHODS and (_asks_for_models(path) or _asks_for_models(_resolved(path)))


def _asks_for_models(path: bytes) -> bool:
    try:
        find_names(path)
    except NotFoundError:
        return False
    except APIError:  # of an id that is not percent-encoded well
        return True
    return True


def leaves_base(path: bytes) -> bool:
    """Return whether a server may read ``path``, put behind another one, as a path outside that."""
    depth = 0
    for segment in _segments(path):
        depth += -1 if segment == b".." else 1
        if depth < 0:
            return True
    return False


def _resolved(path: bytes) -> bytes:
    """Return ``path`` as a lenient server may read it: escapes undone, slashes joined, dot segments removed."""
    segments: list[bytes] = []
    for segment in _segments(path):
        if segment == b"..":
            del segments[-1:]
        else:
            segments.append(segment)
    return b"/" + b"/".join(segments)


def _segments(path: bytes) -> Iterator[bytes]:
    """Yield what counts of ``path``, without parameters, which servers of Java leave out."""
    for segment in _SLASHES.split(unquote_to_bytes(path)):
        name = segment.partition(b";")[0]
        if name not in (b"", b"."):
            yield name
