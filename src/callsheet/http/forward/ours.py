"""Which requests stay here, and which go to the gateway."""

import re
from typing import Final

from callsheet.api.percent import unquote_to_bytes
from callsheet.api.request import find_names
from callsheet.domain.errors import APIError, NotFoundError

#: Paths that say how this server is.
_OWN_PAGES: Final = frozenset({b"/healthz", b"/readyz", b"/metrics"})

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
    if path in _OWN_PAGES:
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


def _resolved(path: bytes) -> bytes:
    """Return ``path`` as a lenient server may read it: escapes undone, slashes joined, dot segments removed."""
    segments: list[bytes] = []
    for segment in _SLASHES.split(unquote_to_bytes(path)):
        if segment == b"..":
            del segments[-1:]
        elif segment not in (b"", b"."):
            segments.append(segment.partition(b";")[0])  # parameters, as servers of Java leave them out
    return b"/" + b"/".join(segments)
