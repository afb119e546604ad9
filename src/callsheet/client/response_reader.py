"""One attempt to get an answer: what httpx2 is asked, and what its response or its exception means."""

import ssl
import time
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2

from callsheet.client.reply import Failure, Reply
from callsheet.client.request import ClientRequest
from callsheet.client.transport_errors import find_cause, reason
from callsheet.domain.errors import APIConnectionError, APIResponseError, APITimeoutError, ClientError

#: Of a body that is read, decompressed; a million models in OpenAI's shape are half of it.
MAX_BODY_BYTES: Final = 256 << 20

#: What is raised if there is no answer.
UNANSWERED: Final = (httpx2.HTTPError, httpx2.InvalidURL, ClientError)


class ResponseReader:
    """Reads the body of an answer, chunk by chunk.

    Parameters
    ----------
    timeout
        Seconds from connecting to the last byte of the answer; None leaves that to the HTTP client.
    """

    def __init__(self, request: ClientRequest, timeout: float | None) -> None:
        self._request = request
        self._timeout = timeout
        self._end = None if timeout is None else time.monotonic() + timeout
        self._pieces: list[bytes] = []
        self._size = 0

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments for httpx2. Redirects are not followed: they would pass the credential on."""
        headers = dict(self._request.headers)
        if self._request.etag is not None:
            headers["if-none-match"] = self._request.etag
        timeout = {} if self._timeout is None else {"timeout": self._timeout}
        return {"headers": headers, "follow_redirects": False, **timeout}

    def take(self, piece: bytes) -> None:
        """Take the next chunk.

        Raises
        ------
        APIResponseError
            The body is longer than `MAX_BODY_BYTES`.
        APITimeoutError
            The time is over.
        """
        self._size += len(piece)
        if self._size > MAX_BODY_BYTES:
            self._pieces.clear()  # a traceback would keep them in memory
            raise APIResponseError(
                f"{self._where} answered with more than {MAX_BODY_BYTES >> 20} MiB, which no list needs; "
                "check the base URL."
            )
        if self._end is not None and time.monotonic() > self._end:
            raise self.late()
        self._pieces.append(piece)

    def reply(self, response: httpx2.Response) -> Reply:
        """Return the answer, once its body has been read."""
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Reply(self._request.url, datetime.now(UTC), response.status_code, headers, b"".join(self._pieces))

    def failure(self, error: Exception) -> Failure:
        """Return what one of `UNANSWERED` means."""
        meant = self._explain(error)
        if meant is not error:
            meant.__cause__ = error
        return Failure(meant, is_away=isinstance(meant, APIConnectionError) and not _is_for_good(error))

    def _explain(self, error: Exception) -> ClientError:
        match error:
            case ClientError():
                return error
            case httpx2.TimeoutException():
                return self.late()
            case httpx2.DecodingError():
                return APIResponseError(
                    f"{self._where} sent a body that is not in its content coding; check the proxies between."
                )
            case httpx2.ConnectError() if (
                untrusted := find_cause(error, ssl.SSLCertVerificationError)
            ) is not None:
                return APIConnectionError(
                    f"{self._where} is not trusted ({reason(untrusted)}); if its authority is your own, "
                    "name the file of its certificate in SSL_CERT_FILE."
                )
            case httpx2.ConnectError() if (failed := find_cause(error, ssl.SSLError)) is not None:
                return APIConnectionError(
                    f"{self._where} does not speak TLS as it should ({reason(failed)}); check the base URL."
                )
            case httpx2.ConnectError() | httpx2.ProxyError():
                refused = find_cause(error, OSError)
                why = "" if refused is None else f" ({reason(refused)})"
                return APIConnectionError(
                    f"{self._where} cannot be reached{why}; check the base URL, and that the server runs."
                )
            case httpx2.InvalidURL() | httpx2.UnsupportedProtocol() | httpx2.LocalProtocolError():
                return APIConnectionError(f"{self._where} cannot be asked; check the base URL and the headers.")
            case _:
                return APIConnectionError(f"{self._where} broke the connection off; check that the server runs.")

    def late(self) -> APITimeoutError:
        """Return the error to raise when the time is over."""
        within = "in time" if self._timeout is None else f"within {self._timeout:g} s"
        return APITimeoutError(f"{self._where} did not answer {within}; check that it runs, or give it more time.")

    @property
    def _where(self) -> str:
        parts = urlsplit(self._request.url)
        return f"{parts.scheme}://{parts.netloc}"


def _is_for_good(error: Exception) -> bool:
    """Whether another attempt would fail like this one."""
    lasting = (httpx2.InvalidURL, httpx2.UnsupportedProtocol, httpx2.LocalProtocolError)
    return isinstance(error, lasting) or find_cause(error, ssl.SSLCertVerificationError) is not None
