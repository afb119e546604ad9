"""Why a server could not be administered, each in one sentence that says what to do."""

import ssl
from urllib.parse import urlsplit

import httpx2

from callsheet.client.transport_errors import find_cause, reason
from callsheet.domain.errors import CallsheetError


class RemoteError(CallsheetError):
    """A server did not answer, or is not one that can be administered."""


def unreached(root: str, error: Exception, timeout_seconds: float) -> RemoteError:
    """Return what an exception of the HTTP client means for the server at ``root``."""
    where = _origin(root)
    match error:
        case httpx2.ConnectTimeout() | httpx2.PoolTimeout():
            return RemoteError(f"{where} cannot be reached (it does not answer); check the URL, and the network.")
        case httpx2.TimeoutException():
            return late(root, timeout_seconds)
        case httpx2.ConnectError() if (untrusted := find_cause(error, ssl.SSLCertVerificationError)) is not None:
            return RemoteError(
                f"{where} has a certificate that is not trusted ({reason(untrusted)}); name the file of your own "
                "authority's certificate in SSL_CERT_FILE."
            )
        case httpx2.ConnectError() if (failed := find_cause(error, ssl.SSLError)) is not None:
            return RemoteError(f"{where} does not speak TLS ({reason(failed)}); check the URL.")
        case httpx2.ConnectError() | httpx2.ProxyError() | UnicodeError():
            cause = find_cause(error, OSError)
            why = "" if cause is None else f" ({reason(cause)})"
            return RemoteError(f"{where} cannot be reached{why}; check the URL, and that the server runs.")
        case httpx2.InvalidURL() | httpx2.UnsupportedProtocol() | httpx2.LocalProtocolError():
            return RemoteError(f"{where} cannot be asked; check the URL.")
        case _:
            return RemoteError(
                f"{where} broke the connection off before its answer was complete; check that a Callsheet server "
                "runs there, and whether the change was made before you repeat it."
            )


def late(root: str, timeout_seconds: float) -> RemoteError:
    """Return the error of a server that takes too long."""
    return RemoteError(
        f"{_origin(root)} did not answer within {timeout_seconds:g} s; check whether the change was made "
        "before you repeat it."
    )


def not_callsheet(root: str) -> RemoteError:
    """Return the error of a server that answers something else than Callsheet does."""
    return RemoteError(f"{_origin(root)} does not answer as a Callsheet server; check the URL.")


def not_administered(root: str) -> RemoteError:
    """Return the error of a server that has no administration API at this address."""
    return RemoteError(
        f"{_origin(root)} cannot be administered at this address: it has no admin key yet, or serves the "
        "administration elsewhere; make a key on its host with callsheet admin-keys create, or check the URL."
    )


def _origin(root: str) -> str:
    parts = urlsplit(root)
    return f"{parts.scheme}://{parts.netloc}"
