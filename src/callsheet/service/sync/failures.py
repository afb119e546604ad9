"""Failures: why an upstream could not be asked, each in one sentence that says what to do."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urljoin, urlsplit

import httpx2

from callsheet.client.printable import printable
from callsheet.client.transport_errors import find_cause, reason
from callsheet.domain.errors import SourceError
from callsheet.http1.transport import NO_ANSWER, NOT_HTTP
from callsheet.sources.scrubbed_texts import without_secret
from callsheet.sources.upstream import Answer
from callsheet.wire.reading_errors import read_error, read_page_title
from callsheet.wire.rows import UnreadableError, parse

_MAX_REASON_CHARACTERS: Final = 200
_MAX_ERROR_PAGE_BYTES: Final = 65_536
_FIRST_SERVER_ERROR: Final = 500


class AwayError(SourceError):
    """An upstream did not answer; it may later."""


class DeniedError(SourceError):
    """An upstream does not list to the secret that it is asked with, or not without one."""


class StoppedError(SourceError):
    """An upstream was not asked to the end, because this process ends."""


def explain(url: str, error: Exception, late_error: Callable[[], SourceError]) -> SourceError:
    """Return what an exception of the HTTP client means for the upstream at ``url``."""
    where = _origin(url)
    match error:
        case httpx2.ConnectTimeout() | httpx2.PoolTimeout():
            return AwayError(f"{where} cannot be reached (it does not answer); check the URL, and the network.")
        case httpx2.TimeoutException():
            return late_error()
        case httpx2.DecodingError():
            return SourceError(
                f"{where} sent a body that its content-encoding does not describe; check the proxies between."
            )
        case httpx2.ConnectError() if (untrusted := find_cause(error, ssl.SSLCertVerificationError)) is not None:
            return SourceError(
                f"{where} has a certificate that is not trusted ({reason(untrusted)}); name the file of your own "
                "authority's certificate in SSL_CERT_FILE."
            )
        case httpx2.ConnectError() if (failed := find_cause(error, ssl.SSLError)) is not None:
            return SourceError(f"{where} does not speak TLS as it should ({reason(failed)}); check the URL.")
        case httpx2.ConnectError() | httpx2.ProxyError() | UnicodeError():
            cause = find_cause(error, OSError)
            why = "" if cause is None else f" ({reason(cause)})"
            return AwayError(f"{where} cannot be reached{why}; check the URL, and that the server runs.")
        case httpx2.InvalidURL() | httpx2.UnsupportedProtocol() | httpx2.LocalProtocolError():
            return SourceError(f"{where} cannot be asked; check the URL.")
        case httpx2.RemoteProtocolError() if str(error).startswith(NOT_HTTP):
            return SourceError(f"{where} does not answer in HTTP; check the port in the URL.")
        case httpx2.RemoteProtocolError() if str(error).startswith(NO_ANSWER):
            return AwayError(
                f"{where} closed the connection without an answer in HTTP; check the port in the URL, and that the "
                "server runs."
            )
        case _:
            return AwayError(
                f"{where} broke the connection off before its answer was complete; check that the server runs."
            )


def late(url: str, seconds: float) -> SourceError:
    """Return the error of an answer that takes too long."""
    return AwayError(f"{_origin(url)} did not answer within {seconds:g} s; find out what it waits for.")


def too_large(url: str, max_bytes: int) -> SourceError:
    """Return the error of answers that are larger than any list."""
    return SourceError(
        f"{_origin(url)} answered with more than {max_bytes >> 20} MiB, which no list needs; check the URL."
    )


def too_long(url: str, max_rows: int) -> SourceError:
    """Return the error of a list with too many rows."""
    return SourceError(f"{_origin(url)} lists more than {max_rows:,} rows, which is too much; check the URL.")


def too_many(url: str, max_requests: int) -> SourceError:
    """Return the error of a list that needs too many requests."""
    return SourceError(f"{_origin(url)} has still more after {max_requests:,} requests; check URL and kind.")


def redirected(url: str, asked: str, location: str) -> SourceError:
    """Return the error of a redirect, which names where it leads to, without its query."""
    try:
        to = urlsplit(urljoin(asked, location))
        port = "" if to.port is None else f":{to.port}"
        target = printable(f"{to.scheme}://{to.hostname or ''}{port}{to.path}") if to.hostname else ""
    except ValueError:
        target = ""
    return SourceError(
        f"{_origin(url)} redirects to {target or 'an address that is not valid'}, which is not followed, as the "
        "secret would go there; give the URL that answers itself."
    )


def refused(url: str, answer: Answer, secret: str) -> SourceError:
    """Return the error of an upstream that answers with an error, with the reason that it gives."""
    status = answer.status
    said = _reason(answer.body, secret)
    because = f": {said}" if said else ""
    where = f"{url}{answer.request.path.partition('?')[0]}"
    if status in (401, 403, 407):
        needs = "check the secret" if secret else "it may need a secret"
        return DeniedError(f"{where} refuses the request with {status}{because}; {needs}.")
    if status in (404, 405):
        return SourceError(f"There is no list at {where} ({status}{because}); check the URL and the kind.")
    if status == 429 or status >= _FIRST_SERVER_ERROR:
        return AwayError(f"{where} fails with {status}{because}; it will be asked again later.")
    return SourceError(f"{where} answers with {status}{because}; check the URL and the kind.")


def same_installation(url: str) -> SourceError:
    """Return the error of a source whose upstream is this installation itself."""
    return SourceError(
        f"{_origin(url)} is this installation itself, which cannot be its own source; give the URL of another."
    )


def looped(url: str) -> SourceError:
    """Return the error of a source whose upstream lists what it gets from this installation."""
    return SourceError(
        f"{_origin(url)} lists what it gets, directly or through others, from this installation; remove one of the "
        "sources that make the ring."
    )


def unreadable_file(path: Path, error: OSError | ValueError) -> SourceError:
    """Return the error of a recorded list that cannot be read."""
    why = error.strerror if isinstance(error, OSError) else "its name is not valid"
    return SourceError(f"The list {printable(str(path))} cannot be read ({why}).")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else url


def _reason(body: bytes, secret: str) -> str:
    """What an upstream says went wrong: one bounded line without the secret; empty if nothing can be read."""
    try:
        content = read_error(parse(body))
        said = "" if content is None else content.message
    except (UnreadableError, RecursionError):
        said = read_page_title(body[:_MAX_ERROR_PAGE_BYTES].decode("utf-8", "replace"))
    return printable(" ".join(without_secret(said, secret).split()), _MAX_REASON_CHARACTERS).rstrip(". ")
