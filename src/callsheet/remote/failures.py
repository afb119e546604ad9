"""Why a server could not be administered, each in one sentence that says what to do."""

from urllib.parse import urlsplit

import httpx2

from callsheet.domain.errors import CallsheetError, SourceError
from callsheet.service.sync.failures import explain


class RemoteError(CallsheetError):
    """A server did not answer, or is not one that can be administered."""


def unreached(root: str, error: Exception, timeout_seconds: float) -> RemoteError:
    """Return what an exception of the HTTP client means for the server at ``root``."""
    if isinstance(error, httpx2.TimeoutException) and not isinstance(error, httpx2.ConnectTimeout):
        return late(root, timeout_seconds)
    return RemoteError(str(explain(root, error, lambda: SourceError(""))))


def late(root: str, timeout_seconds: float) -> RemoteError:
    """Return the error of a server that takes too long."""
    return RemoteError(
        f"{_origin(root)} did not answer within {timeout_seconds:g} s; check whether the change was made "
        "before you repeat it."
    )


def not_callsheet(root: str) -> RemoteError:
    """Return the error of a server that answers something else than Callsheet does."""
    return RemoteError(f"{_origin(root)} does not answer as a Callsheet server; check the URL.")


def unreadable(root: str, error: Exception) -> RemoteError:
    """Return the error of a server whose answer holds something else than it should."""
    return RemoteError(
        f"{_origin(root)} answered with something that this program cannot read ({type(error).__name__}); check "
        "the URL, and that both are of the same release."
    )


def not_administered(root: str) -> RemoteError:
    """Return the error of a server that has no administration API at this address."""
    return RemoteError(
        f"{_origin(root)} cannot be administered at this address: it has no admin key yet, or serves the "
        "administration elsewhere; make a key on its host with callsheet admin-keys create, or check the URL."
    )


def _origin(root: str) -> str:
    parts = urlsplit(root)
    return f"{parts.scheme}://{parts.netloc}"
