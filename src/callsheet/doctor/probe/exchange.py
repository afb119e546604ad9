"""A request that the doctor sent, and what came back; neither holds the caller's key."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from shlex import quote
from typing import Any, Final

from callsheet.doctor.probe.json_body import parse_body, summarize
from callsheet.doctor.probe.texts import one_line, shortened

#: Stands for the key in the headers of a request; a shell replaces it by the key.
KEY: Final = "$ANTHROPIC_API_KEY"

#: A key that no server knows.
WRONG_KEY: Final = "sk-callsheet-doctor-wrong"

_MAX_SUMMARY_LENGTH: Final = 240  # characters of a body
_MAX_TARGET_LENGTH: Final = 200  # characters of a target in a command

#: Beginnings of the names of headers that a command to paste can do without.
_OMITTED_HEADERS: Final = ("x-stainless-", "accept", "connection", "content-type", "sec-fetch-", "user-agent")

#: The beginning of a user agent that the command keeps, because gateways answer it with other ids.
_KEPT_USER_AGENT: Final = "claude-code/"


class FailureKind(StrEnum):
    """Why there is no response."""

    CONNECTION = "connection"
    TLS = "tls"
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"
    PROTOCOL = "protocol"


@dataclass(frozen=True)
class ProbeRequest:
    """A request as data.

    Parameters
    ----------
    target
        Path and query, exactly as they go over the wire.
    headers
        In order, names in small letters, repeated ones allowed; `KEY` stands for the key.
    method
        Of HTTP. Only methods that change nothing are ever used.
    """

    target: str
    headers: tuple[tuple[str, str], ...] = ()
    method: str = "GET"

    def header(self, name: str) -> str | None:
        """Return the last value of a header."""
        return dict(self.headers).get(name)


@dataclass(frozen=True)
class ProbeResponse:
    """A complete response."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def is_redirect(self) -> bool:
        """Whether it sends the caller to another URL."""
        return self.status in (301, 302, 303, 307, 308)

    @property
    def json(self) -> Any:
        """The body, parsed; None if it is not JSON."""
        return parse_body(self.body)

    @property
    def media_type(self) -> str:
        """The content type without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True)
class Exchange:
    """A request and its outcome: a response or a failure.

    Parameters
    ----------
    url
        Origin of the server.
    seconds
        From sending to the last byte, or to giving up.
    response
        None if there was none; then `failure` and `why` say so.
    why
        The rest of the sentence "The server …".
    """

    url: str
    request: ProbeRequest
    seconds: float
    response: ProbeResponse | None = None
    failure: FailureKind | None = None
    why: str = ""

    @property
    def status(self) -> int:
        """The status; 0 if there was no response."""
        return 0 if self.response is None else self.response.status

    @property
    def json(self) -> Any:
        """The body, parsed; None if there was no response, or its body is not JSON."""
        return None if self.response is None else self.response.json

    @property
    def body(self) -> bytes:
        """The body; empty if there was no response."""
        return b"" if self.response is None else self.response.body

    @property
    def is_redirect(self) -> bool:
        """Whether the server sends the caller to another URL."""
        return self.response is not None and self.response.is_redirect

    def header(self, name: str) -> str | None:
        """Return a header of the response."""
        return None if self.response is None else self.response.headers.get(name)

    @property
    def curl(self) -> str:
        """The request as a command to paste, a line for each header that matters."""
        method = self.request.method
        command = {"GET": "curl -s", "HEAD": "curl -sI"}.get(method, f"curl -s -X {method}")
        lines = [f"{command} {quote(self.url + shortened(self.request.target, _MAX_TARGET_LENGTH))}"]
        for name, value in self.request.headers:
            if not name.startswith(_OMITTED_HEADERS) or value.startswith(_KEPT_USER_AGENT):
                line = f"{name}: {value}"
                lines.append("-H " + (f'"{line}"' if "$" in value else quote(line)))
        return " \\\n  ".join(lines)

    @property
    def summary(self) -> str:
        """What came back, in a line: status, a few headers, and the beginning of the body."""
        if self.response is None:
            return self.why
        parts = [str(self.response.status)]
        shown = ((name, self.header(name)) for name in ("location", "allow"))
        parts += [one_line(f"{name}: {value}") for name, value in shown if value is not None]
        if self.response.media_type != "application/json":
            parts.append(self.response.media_type or "no content-type")
        beginning = self.body[: _MAX_SUMMARY_LENGTH * 4].decode("utf-8", "replace")
        body = shortened(summarize(self.json) or one_line(beginning), _MAX_SUMMARY_LENGTH)
        return f"{', '.join(parts)}: {body}" if body else ", ".join(parts)
