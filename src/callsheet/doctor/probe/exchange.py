"""Exchange: a request that was played, and what came back; neither holds the caller's key."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from shlex import quote
from typing import Any, Final, NoReturn

#: Stands for the key in the headers of a request, and is what a shell would put in its place.
KEY: Final = "$ANTHROPIC_API_KEY"

#: A key that no server knows.
WRONG_KEY: Final = "sk-callsheet-doctor-wrong"

#: Characters of a body that are shown.
_EXCERPT: Final = 240

#: Levels of JSON that are read.
_DEEPEST: Final = 64

#: Characters of a target that are shown.
_LONG_TARGET: Final = 200

#: Characters of a value that are shown.
_LONG_VALUE: Final = 120

#: Bodies whose values are kept at hand: checks come back to the same few, and large ones cost much memory.
_AT_HAND: Final = 4

#: How headers begin that are no part of what a request asks.
_UNTOLD: Final = ("x-stainless-", "accept", "connection", "content-type", "sec-fetch-", "user-agent")


class FailureKind(StrEnum):
    """Why there is no answer."""

    CONNECTION = "connection"
    TLS = "tls"
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"
    PROTOCOL = "protocol"


@dataclass(frozen=True)
class Ask:
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
class Answer:
    """What came back, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def is_success(self) -> bool:
        """Whether the status is that of a success."""
        return 200 <= self.status < 300

    @property
    def is_redirect(self) -> bool:
        """Whether it sends the caller elsewhere."""
        return self.status in (301, 302, 303, 307, 308)

    @property
    def json(self) -> Any:
        """The body, parsed; None if it is not JSON."""
        return _parsed(self.body)

    @property
    def kind(self) -> str:
        """The media type, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True)
class Exchange:
    """One request and its fate.

    Parameters
    ----------
    url
        Origin of the server.
    seconds
        From sending to the last byte, or to giving up.
    answer
        None if there was none; then `failure` and `why` say so.
    why
        The rest of the sentence "The server …".
    """

    url: str
    ask: Ask
    seconds: float
    answer: Answer | None = None
    failure: FailureKind | None = None
    why: str = ""

    @property
    def status(self) -> int:
        """The status; 0 if there was no answer."""
        return 0 if self.answer is None else self.answer.status

    @property
    def json(self) -> Any:
        """The body, parsed; None if there is none, or none that is JSON."""
        return None if self.answer is None else self.answer.json

    @property
    def body(self) -> bytes:
        """The body; empty if there was no answer."""
        return b"" if self.answer is None else self.answer.body

    def header(self, name: str) -> str | None:
        """Return a header of the answer."""
        return None if self.answer is None else self.answer.headers.get(name)

    @property
    def curl(self) -> str:
        """The request as a command to paste, a line for each header; what is not telling is left out."""
        command = {"GET": "curl -s", "HEAD": "curl -sI"}.get(self.ask.method, f"curl -s -X {self.ask.method}")
        lines = [f"{command} {quote(self.url + shortened(self.ask.target, _LONG_TARGET))}"]
        for name, value in self.ask.headers:
            if not name.startswith(_UNTOLD):
                line = f"{name}: {value}"
                lines.append("-H " + (f'"{line}"' if "$" in value else quote(line)))
        return " \\\n  ".join(lines)

    @property
    def outcome(self) -> str:
        """What came back, in a line."""
        if self.answer is None:
            return self.why
        parts = [str(self.answer.status)]
        told = ((name, self.answer.headers.get(name)) for name in ("location", "allow"))
        parts += [printable(f"{name}: {value}") for name, value in told if value is not None]
        if self.answer.kind != "application/json":
            parts.append(self.answer.kind or "no content-type")
        shown = _digest(self.json) or printable(self.answer.body[: _EXCERPT * 4].decode("utf-8", "replace"))
        return f"{', '.join(parts)}: {shortened(shown, _EXCERPT)}" if shown else ", ".join(parts)


@lru_cache(_AT_HAND)
def _parsed(body: bytes) -> Any:
    try:
        value = json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return None if _is_too_deep(value) else value


def _refuse(constant: str) -> NoReturn:
    """Take `NaN` and the infinities for no JSON, as most languages do; Python's own parser lets them pass."""
    raise ValueError(constant)


def _is_too_deep(value: Any) -> bool:
    """Whether a value is nested so deeply that nothing which walks through it by calling itself may be given it."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [child for each in level for child in _children(each)]
        if not level:
            return False
    return True


def _children(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _digest(value: object) -> str:
    """A list of models without its models, which is long and seldom what matters; empty for anything else."""
    if not isinstance(value, dict) or not isinstance(value.get("data"), list):
        return ""
    entries = value["data"]
    ends = entries if len(entries) < 2 else (entries[0], entries[-1])
    named = (str(each.get("id")) if isinstance(each, dict) else "?" for each in ends)
    ids = " … ".join(shortened(name, _LONG_VALUE) for name in named)
    models = f"{len(entries)} models: {ids}" if len(entries) > 1 else ids
    rest = [f"{json.dumps(name)}: {json.dumps(value[name])[:80]}" for name in list(value)[:8] if name != "data"]
    return printable("{" + ", ".join([f'"data": [{models}]', *rest]) + "}")


def printable(text: str) -> str:
    """Return ``text`` in one line, with what would move a cursor or colour a terminal taken out."""
    if not text.isprintable():
        text = "".join(character if character.isprintable() else " " for character in text)
    return text.strip()


def shortened(text: str, length: int) -> str:
    """Return at most ``length`` characters of ``text``, the last of them an ellipsis if any are missing."""
    return text if len(text) <= length else text[: length - 1] + "…"


def quoted(value: object) -> str:
    """Return what a server sent as a sentence may hold it: short, and as a piece of code that ends as it should."""
    text = value if isinstance(value, str) else json.dumps(value)
    return f"`{printable(shortened(text, _LONG_VALUE)).replace('`', chr(39))}`"
