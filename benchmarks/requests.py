"""The requests: six kinds, each with the headers of an official Python SDK, and a content coding or none."""

from collections.abc import Iterator
from enum import StrEnum
from itertools import count
from typing import Final, NamedTuple
from urllib.parse import quote

from benchmarks.start import SECRET

#: Values of accept-encoding: to get bodies as they are, and what the official SDKs of Python send.
AS_IT_IS: Final = "identity"
AS_SDKS_ASK: Final = "gzip, deflate"

#: As anthropic 2.14.0 sends them, in its order, behind accept-encoding.
_HEADERS: Final = (
    ("Connection", "keep-alive"),
    ("x-stainless-timeout", "NOT_GIVEN"),
    ("x-stainless-retry-count", "0"),
    ("x-stainless-read-timeout", "600"),
    ("Accept", "application/json"),
    ("User-Agent", "Anthropic/Python 2.14.0"),
    ("X-Stainless-Lang", "python"),
    ("X-Stainless-Package-Version", "2.14.0"),
    ("X-Stainless-OS", "Linux"),
    ("X-Stainless-Arch", "x64"),
    ("X-Stainless-Runtime", "CPython"),
    ("X-Stainless-Runtime-Version", "3.11.7"),
    ("Authorization", f"Bearer {SECRET}"),
    ("X-Stainless-Async", "false"),
    ("anthropic-version", "2026-10-21"),
)


def headers(accepted: str = AS_IT_IS) -> tuple[tuple[str, str], ...]:
    """Return the headers of a request that accepts these content codings."""
    return (("Accept-Encoding", accepted), *_HEADERS)


MODELS: Final = "/v1/models"


class Kind(StrEnum):
    """What is asked for."""

    RETRIEVE = "R"
    LIST = "L"
    LIST_1000 = "X"
    NEW_CURSOR = "N"
    NEW_TRACE = "T"
    PROXIED = "P"


TITLES: Final = {
    Kind.RETRIEVE: "retrieve one",
    Kind.LIST: "list 20",
    Kind.LIST_1000: "list 1000",
    Kind.NEW_CURSOR: "list 20, new cursor each time",
    Kind.NEW_TRACE: "list 20, new trace header each time",
    Kind.PROXIED: "list 20, as a proxy passes it on",
}

#: Asked of the small catalogue, and of the large one.
SMALL_KINDS: Final = (Kind.RETRIEVE, Kind.LIST, Kind.NEW_TRACE, Kind.PROXIED)
LARGE_KINDS: Final = (Kind.LIST_1000, Kind.NEW_CURSOR)

_STRIDE: Final = 7919  # a prime, so that successive cursors lie far apart
_PAGE: Final = 20

#: Whose addresses a proxy passes on, in turns: 250 hosts in each of 20 networks.
_CLIENTS: Final = 5000


class Numbered(NamedTuple):
    """The ids of a catalogue: a prefix and a number of seven digits; the newest model has the highest."""

    prefix: str
    size: int

    def id(self, number: int) -> str:
        """Return the id with this number."""
        return f"{self.prefix}{number:07d}"


def target(kind: Kind, ids: Numbered) -> str:
    """Return path and query; of a kind that is new each time, one of them."""
    if kind is Kind.RETRIEVE:
        return f"{MODELS}/{quote(ids.id(ids.size // 2), safe='')}"
    if kind is Kind.LIST_1000:  # after the first fifth, or all there are
        if ids.size < 1250:
            return f"{MODELS}?limit=1000"
        return f"{MODELS}?limit=1000&after_id={quote(ids.id(ids.size - ids.size // 5), safe='')}"
    if kind is Kind.NEW_CURSOR:
        return f"{MODELS}?limit=20&after_id={quote(ids.id(ids.size - _PAGE), safe='')}"
    return f"{MODELS}?limit=20"


def script(kind: Kind, ids: Numbered, port: int, run: int, accepted: str = AS_IT_IS) -> str:
    """Return the Lua script by which wrk sends ``kind``; ``run`` makes what is new each time new in every run.

    What a proxy passes on always asks for what SDKs ask for.
    """
    if kind is Kind.PROXIED:
        return _PROXIED.format(
            start=run * 10**8,
            stride=_STRIDE,
            clients=_CLIENTS,
            head=f"GET {target(kind, ids)} HTTP/1.1\\r\\nHost: 127.0.0.1:{port}\\r\\n",
            lines="".join(f"{n}: {v}\\r\\n" for n, v in headers(AS_SDKS_ASK) if n != "Connection"),
            done=_DONE,
        )
    lines = "".join(f"{name}: {value}\\r\\n" for name, value in headers(accepted))
    end = f" HTTP/1.1\\r\\nHost: 127.0.0.1:{port}\\r\\n{lines}"
    if kind is Kind.NEW_CURSOR:
        return _CURSOR.format(
            start=run * 10**8,
            first=_PAGE,
            span=ids.size - _PAGE,
            stride=_STRIDE,
            prefix=quote(ids.prefix, safe=""),
            path=f"GET {MODELS}?limit=20&after_id=",
            end=end,
            done=_DONE,
        )
    if kind is Kind.NEW_TRACE:
        return _TRACE.format(start=run * 10**8, head=f"GET {target(kind, ids)}{end}", done=_DONE)
    return _FIXED.format(raw=f"GET {target(kind, ids)}{end}\\r\\n", done=_DONE)


def requests(kind: Kind, ids: Numbered, run: int) -> Iterator[bytes]:
    """Yield, without end, what wrk sends for ``kind``; ``run`` as for `script`."""
    host = "HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n"
    usual = "".join(f"{name}: {value}\r\n" for name, value in headers())
    passed_on = "".join(f"{name}: {value}\r\n" for name, value in headers(AS_SDKS_ASK) if name != "Connection")
    asked = target(kind, ids)
    for number in count(run * 10**8):
        trace = f"traceparent: 00-4bf92f3577b34da6{number:016x}-00f067aa0ba902b7-01\r\n"
        if kind is Kind.NEW_CURSOR:
            cursor = quote(ids.id(_PAGE + number * _STRIDE % (ids.size - _PAGE)), safe="")
            text = f"GET {MODELS}?limit=20&after_id={cursor}&x={number} {host}{usual}"
        elif kind is Kind.NEW_TRACE:
            text = f"GET {asked} {host}{usual}{trace}"
        elif kind is Kind.PROXIED:
            place = number * _STRIDE % _CLIENTS
            client = f"198.18.{place // 250}.{place % 250 + 1}"
            text = (
                f"GET {asked} {host}X-Forwarded-For: {client}\r\nX-Forwarded-Proto: https\r\n"
                f"X-Real-IP: {client}\r\nX-Request-ID: 7c9e6679b2f84d01{number:016x}\r\n{passed_on}{trace}"
            )
        else:
            text = f"GET {asked} {host}{usual}"
        yield f"{text}\r\n".encode()


def script_of_keys(ids: Numbered, port: int, secrets: Numbered) -> str:
    """Return the Lua script by which wrk asks for list 20 with another key each time."""
    others = "".join(f"{n}: {v}\\r\\n" for n, v in headers() if n != "Authorization")
    head = f"GET {target(Kind.LIST, ids)} HTTP/1.1\\r\\nHost: 127.0.0.1:{port}\\r\\n{others}"
    return _KEYS.format(head=head, prefix=secrets.prefix, span=secrets.size, stride=_STRIDE, done=_DONE)


_DONE: Final = """
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\\nRESULT {"requests":%d,"microseconds":%d,"failed":%d,"p50":%.1f,"p99":%.1f,"p999":%.1f,"longest":%.1f}\\n',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9), latency.max))
end
"""

#: The request is made once.
_FIXED: Final = """
wrk.format = function() return "{raw}" end
{done}"""

#: A cursor that follows no order, and a number in a parameter that nobody knows: no two requests are equal.
_CURSOR: Final = """
local n, cursors = {start}, {{}}
for i = 0, {span} - 1 do cursors[i] = "{path}{prefix}" .. string.format("%07d", {first} + i) .. "&x=" end
local last = "{end}\\r\\n"
request = function()
  n = n + 1
  return cursors[n * {stride} % {span}] .. n .. last
end
{done}"""

_TRACE: Final = """
local n = {start}
local head = "{head}traceparent: 00-4bf92f3577b34da6"
request = function()
  n = n + 1
  return head .. string.format("%016x", n) .. "-00f067aa0ba902b7-01\\r\\n\\r\\n"
end
{done}"""

#: As nginx orders it: what it sets first, then the headers of the client, who sends the trace.
_PROXIED: Final = """
local n, clients = {start}, {{}}
for i = 0, {clients} - 1 do clients[i] = string.format("198.18.%d.%d", math.floor(i / 250), i % 250 + 1) end
local lines = "\\r\\n{lines}traceparent: 00-4bf92f3577b34da6"
request = function()
  n = n + 1
  local client, unique = clients[n * {stride} % {clients}], string.format("%016x", n)
  return "{head}X-Forwarded-For: " .. client .. "\\r\\nX-Forwarded-Proto: https\\r\\nX-Real-IP: " .. client
    .. "\\r\\nX-Request-ID: 7c9e6679b2f84d01" .. unique .. lines .. unique .. "-00f067aa0ba902b7-01\\r\\n\\r\\n"
end
{done}"""

_KEYS: Final = """
local n = 0
local head = "{head}Authorization: Bearer {prefix}"
request = function()
  n = n + 1
  return head .. string.format("%07d", n * {stride} % {span}) .. "\\r\\n\\r\\n"
end
{done}"""
