"""Post: one attempt to send an event to a receiver, within limits; whatever happens, there is an outcome."""

import time
from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import httpx2

from callsheet._version import __version__
from callsheet.client.deadline import Deadlines
from callsheet.client.transport_errors import find_cause, reason
from callsheet.domain.addresses import AllowedAddresses
from callsheet.domain.webhooks.signing import signature_header
from callsheet.domain.webhooks.webhook import Webhook
from callsheet.service.resolving import Resolve, resolve
from callsheet.service.sync.trust import trust
from callsheet.service.webhooks.guard import UnresolvedError, find_target

#: What an attempt may take as a whole, and until a connection is made.
ATTEMPT_TIMEOUT_SECONDS: Final = 15.0
CONNECT_TIMEOUT_SECONDS: Final = 5.0

_USER_AGENT: Final = f"callsheet/{__version__} (webhook)"
_FIRST_SUCCESS: Final = 200
_FIRST_REDIRECT: Final = 300
_FIRST_ERROR: Final = 400
_GONE: Final = 410
_BUSY: Final = frozenset({429, 502, 503, 504})


class Attempt(NamedTuple):
    """How an attempt ended.

    Parameters
    ----------
    error
        Why it failed, in a sentence without anything of the body or a secret; None if the receiver took the event.
    status
        Of the answer; None if there was none.
    retry_after
        Seconds that the receiver asked to be left alone; None if it did not.
    """

    error: str | None = None
    status: int | None = None
    retry_after: float | None = None

    @property
    def is_gone(self) -> bool:
        """Whether the receiver wants no more events."""
        return self.status == _GONE


class Message(NamedTuple):
    """What is sent.

    Parameters
    ----------
    id
        The value of ``webhook-id``: the same for every attempt.
    body
        JSON.
    """

    id: str
    body: str


class Poster:
    """Sends events. The answer's body is never read.

    Parameters
    ----------
    allowed
        Which addresses may be connected to.
    clock
        Gives the time (aware).
    resolve
        Finds the addresses of a host.
    timeout_seconds
        See `ATTEMPT_TIMEOUT_SECONDS`.
    """

    def __init__(
        self,
        allowed: AllowedAddresses,
        clock: Callable[[], datetime],
        resolve: Resolve = resolve,
        timeout_seconds: float = ATTEMPT_TIMEOUT_SECONDS,
    ) -> None:
        self._allowed = allowed
        self._clock = clock
        self._resolve = resolve
        self._timeout_seconds = timeout_seconds

    def post(self, webhook: Webhook, message: Message) -> Attempt:
        """Send a message once, signed as of now; no proxy of the environment is used, and no redirect followed."""
        deadline = time.monotonic() + self._timeout_seconds
        try:
            target = find_target(webhook.url, self._allowed, self._resolve)
        except UnresolvedError as error:
            return Attempt(str(error))
        attempt = Attempt("The receiver has no address.")
        try:
            opened = httpx2.Client(trust_env=False, follow_redirects=False, timeout=None, **trust())
        except OSError as error:
            return Attempt(f"The certificates to trust cannot be read ({reason(error)}); check SSL_CERT_FILE here.")
        with opened as client:
            client.headers.clear()
            for url in target.urls:
                left = deadline - time.monotonic()
                if left <= 0:
                    return self._late(webhook)
                try:
                    return self._send(client, url, target.host, target.server_name, webhook, message, left)
                except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                    attempt = Attempt(_explain(webhook, error))
                except _LateError:
                    return self._late(webhook)
                except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError, OSError) as error:
                    return Attempt(_explain(webhook, error))
        return attempt

    def _send(
        self,
        client: httpx2.Client,
        url: str,
        host: str,
        server_name: str,
        webhook: Webhook,
        message: Message,
        seconds: float,
    ) -> Attempt:
        waits = {"connect": CONNECT_TIMEOUT_SECONDS}
        with Deadlines().within(seconds, _LateError, waits) as bounded:
            extensions = {**(bounded or {}), "sni_hostname": server_name}
            headers = {"host": host, **self._headers(webhook, message)}
            with client.stream(
                "POST", url, headers=headers, content=message.body.encode(), extensions=extensions
            ) as response:
                return _judge(webhook, response, self._clock())

    def _headers(self, webhook: Webhook, message: Message) -> dict[str, str]:
        now = self._clock()
        timestamp = int(now.timestamp())
        return {
            "content-type": "application/json",
            "accept": "*/*",
            "accept-encoding": "identity",
            "user-agent": _USER_AGENT,
            "webhook-id": message.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature_header(webhook.secrets, message.id, timestamp, message.body, now),
        }

    def _late(self, webhook: Webhook) -> Attempt:
        return Attempt(
            f"{_origin(webhook)} did not answer within {self._timeout_seconds:g} s; let it answer first and work "
            "after."
        )


class _LateError(Exception):
    """An attempt takes too long."""


def _judge(webhook: Webhook, response: httpx2.Response, now: datetime) -> Attempt:
    status = response.status_code
    where = _origin(webhook)
    if _FIRST_SUCCESS <= status < _FIRST_REDIRECT:
        return Attempt(None, status)
    if _FIRST_REDIRECT <= status < _FIRST_ERROR:
        return Attempt(f"{where} redirects with {status}, which is not followed; give the final URL.", status)
    if status == _GONE:
        return Attempt(f"{where} answered 410: it wants no more events.", status)
    asked = _retry_after(response.headers.get("retry-after", ""), now) if status in _BUSY else None
    return Attempt(f"{where} answered {status}; look at its log.", status, asked)


def _retry_after(text: str, now: datetime) -> float | None:
    if text.isascii() and text.isdecimal() and len(text) < 9:
        return float(text)
    try:
        return max((parsedate_to_datetime(text) - now).total_seconds(), 0.0)
    except (TypeError, ValueError, OverflowError):
        return None


def _explain(webhook: Webhook, error: Exception) -> str:
    where = _origin(webhook)
    match error:
        case httpx2.ConnectTimeout():
            return f"{where} cannot be reached (it does not answer); check that it runs, and the network."
        case httpx2.ConnectError():
            cause = find_cause(error, OSError)
            why = "" if cause is None else f" ({reason(cause)})"
            return f"{where} cannot be reached{why}; check that it runs, and its certificate."
        case httpx2.TimeoutException():
            return f"{where} did not answer in time; let it answer first and work after."
        case _:
            return f"{where} broke the connection off before it answered; look at its log."


def _origin(webhook: Webhook) -> str:
    """Scheme, host and port of a receiver: a path may hold what only its owner should know."""
    parts = urlsplit(webhook.url)
    return f"{parts.scheme}://{parts.netloc}"
