"""What hostile callers send: streams of bytes, from a corpus of known tricks and from requests gone wrong."""

import random
from collections.abc import Callable
from typing import Final, NamedTuple


class Secrets(NamedTuple):
    """What a hostile caller knows: a key of its own, and the names of what it may not see."""

    own: str
    model: str
    alias: str
    workspace_id: str


_TRICKS: Final = (
    # Two lengths, or a length and chunks: where does the next request begin?
    "content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{hidden}",
    "transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n{hidden}",
    "content-length: 0\r\ncontent-length: 44\r\n\r\n{hidden}",
    "content-length: 0, 44\r\n\r\n{hidden}",
    "content-length: +5\r\n\r\nhello{hidden}",
    "content-length: -1\r\n\r\n{hidden}",
    "content-length: 0x5\r\n\r\nhello{hidden}",
    "content-length: 5 5\r\n\r\nhello{hidden}",
    "content-length: 99999999999999999999999\r\n\r\n{hidden}",
    "content-length:\r\n\r\n{hidden}",
    "content-length : 5\r\n\r\nhello{hidden}",
    "content_length: 5\r\n\r\n{hidden}",
    "transfer-encoding: xchunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n{hidden}",
    "transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n{hidden}",
    "transfer-encoding: identity, chunked\r\n\r\n0\r\n\r\n{hidden}",
    "transfer-encoding: chunked\r\ntransfer-encoding: x\r\n\r\n0\r\n\r\n{hidden}",
    "transfer-encoding:\x0bchunked\r\n\r\n0\r\n\r\n{hidden}",
    "transfer-encoding\x00: chunked\r\n\r\n0\r\n\r\n{hidden}",
    "transfer-encoding : chunked\r\n\r\n0\r\n\r\n{hidden}",
    " transfer-encoding: chunked\r\n\r\n0\r\n\r\n{hidden}",
    "x: y\r\n transfer-encoding: chunked\r\n\r\n0\r\n\r\n{hidden}",
    "transfer-encoding: chunked\nx: y\r\n\r\n0\r\n\r\n{hidden}",
    "x: y\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{hidden}",
    "x: y\rtransfer-encoding: chunked\r\n\r\n0\r\n\r\n{hidden}",
    # Chunks that are none.
    "transfer-encoding: chunked\r\n\r\nffffffffffffffff\r\nhello\r\n0\r\n\r\n{hidden}",
    "transfer-encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n{hidden}",
    "transfer-encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n{hidden}",
    "transfer-encoding: chunked\r\n\r\n5\nhello\n0\n\n{hidden}",
    "transfer-encoding: chunked\r\n\r\n5\r\nhello0\r\n\r\n{hidden}",
    "transfer-encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n{hidden}",
    "transfer-encoding: chunked\r\n\r\n\r\n{hidden}",
    "transfer-encoding: chunked\r\n\r\nzz\r\n{hidden}",
    "transfer-encoding: chunked\r\n\r\n5;ext=\x00\r\nhello\r\n0\r\n\r\n{hidden}",
    "transfer-encoding: chunked\r\n\r\n5;{long}\r\nhello\r\n0\r\n\r\n{hidden}",
    "transfer-encoding: chunked\r\n\r\n0\r\ncontent-length: 5\r\n\r\n{hidden}",
    "transfer-encoding: chunked\r\n\r\n0\r\nx-api-key: other\r\nhost: other\r\n\r\n{hidden}",
    "transfer-encoding: chunked\r\n\r\n0\r\n{long}: {long}\r\n\r\n{hidden}",
    # Lines that are none.
    "\x00: x\r\n\r\n{hidden}",
    "x\x00y: z\r\n\r\n{hidden}",
    "x: a\x00b\r\n\r\n{hidden}",
    "x: a\x01\x7f\r\n\r\n{hidden}",
    "x: \xff\xfe\x80\r\n\r\n{hidden}",
    "\xc3\xa9: x\r\n\r\n{hidden}",
    ": no name\r\n\r\n{hidden}",
    "no colon\r\n\r\n{hidden}",
    "x y: z\r\n\r\n{hidden}",
    "x:\r\n folded\r\n\r\n{hidden}",
    "x: y\r\r\n\r\n{hidden}",
    "x: y\n\r\n\r\n{hidden}",
    "x: y\n\n{hidden}",
    "\r\n\r\n{hidden}",
    # Too much, and too often.
    "{many}\r\n{hidden}",
    "x: {long}\r\n\r\n{hidden}",
    "{long}: x\r\n\r\n{hidden}",
    "\r\n{flood}",
    "transfer-encoding: chunked\r\n\r\n0\r\nx: {megabyte}",
    "transfer-encoding: chunked\r\n\r\n5;x={megabyte}",
    "host: other\r\n\r\n{hidden}",
    "x-api-key: another\r\n\r\n{hidden}",
    "authorization: Bearer {long}\r\n\r\n{hidden}",
    "anthropic-version: 2023-06-01\r\n\r\n{hidden}",
    "anthropic-beta: {commas}\r\n\r\n{hidden}",
    "anthropic-beta: \xff\r\n\r\n{hidden}",
    "anthropic-workspace-id: {workspace}\r\n\r\n{hidden}",
    "anthropic-workspace-id: \xff{long}\r\n\r\n{hidden}",
    'if-none-match: {commas}, *, "x", W/\r\n\r\n{hidden}',
    "accept-encoding: gzip;q=nan, br;q=1e999, *;q=-1, zstd;q=\xff, {commas}\r\n\r\n{hidden}",
    "x-forwarded-for: \xff, {commas}\r\nx-forwarded-proto: wss\r\n\r\n{hidden}",
    "expect: 100-continue\r\ncontent-length: 5\r\n\r\nhello{hidden}",
    "expect: something\r\n\r\n{hidden}",
    "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: x\r\n\r\n{hidden}",
    "connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: x\r\n\r\n{hidden}",
    "connection: upgrade\r\nupgrade: h2c\r\ncontent-length: 5\r\n\r\nhello{hidden}",
    "upgrade: x\r\nconnection: upgrade\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n{hidden}",
    "connection: close\r\n\r\n{hidden}",
    "connection: x-api-key, host\r\n\r\n{hidden}",
    "content-length: 65537\r\n\r\n{hidden}",
    "content-length: 1000000\r\n\r\n{long}",
    "content-length: 99999999999\r\n\r\n{megabyte}",
    "content-length: 65536\r\n\r\n{hidden}",
    "origin: null\r\naccess-control-request-method: \xff\r\n\r\n{hidden}",
)

_TARGETS: Final = (
    "/v1/models",
    "/v1/models?limit=1000",
    "/v1/models?limit={long}",
    "/v1/models?limit=9{digits}",
    "/v1/models?limit=-{digits}",
    "/v1/models?limit=%31%30&limit=%",
    "/v1/models?after_id={model}",
    "/v1/models?before_id={model}&limit=1",
    "/v1/models?after_id={alias}&before_id={model}",
    "/v1/models?after_id=%ff%fe",
    "/v1/models?after_id=%",
    "/v1/models?after_id=a%00b",
    "/v1/models?after_id=%25%32%35",
    "/v1/models?lifecycle[]={commas}",
    "/v1/models?lifecycle%5B%5D=retired&lifecycle=active,deprecated,retired",
    "/v1/models?lifecycle[]=retired%00",
    "/v1/models?{ampersands}",
    "/v1/models?=&==&&&a=b=c&%=%&%00=%ff",
    "/v1/models/{model}",
    "/v1/models/{alias}",
    "/v1/models/{model}/",
    "/v1/models/%2e%2e/models",
    "/v1/models/../../etc/passwd",
    "/v1/models//{model}",
    "/v1/models/%ff%fe%fd",
    "/v1/models/%c0%af",
    "/v1/models/%ed%a0%80",
    "/v1/models/%zz",
    "/v1/models/%",
    "/v1/models/a%00b",
    "/v1/models/a%0d%0aset-cookie:%20x",
    "/v1/models/{long}",
    "/v1/models\\..\\",
    "/v1/models;x=y",
    "/v1/models#x",
    "/v1/models?x#y",
    "/v1/models?\x00",
    "/v1/mod\xffels",
    "/v1/models?x=\xff\xfe",
    "/v1/v1/v1/models",
    "//v1/models",
    "/healthz?{long}",
    "/metrics\x7f",
    "/openapi.json%00",
    "*",
    "",
    " ",
    "http://other/v1/models",
    "http://[::1/v1/models",
    "http://",
    "other:443",
    "\xff\xfe",
    "/{megabyte}",
    "/v1/models?after_id={megabyte}",
)

_FIRSTS: Final = (
    *(["{method} {target} HTTP/1.1"] * 12),
    "{method} {target} HTTP/1.0",
    "{method} {target} HTTP/0.9",
    "{method} {target} HTTP/2.0",
    "{method} {target} HTTP/9999999999.1",
    "{method} {target} HTTP/1.1 ",
    "{method}  {target}  HTTP/1.1",
    "{method}\t{target}\tHTTP/1.1",
    "{method} {target}",
    " {method} {target} HTTP/1.1",
    "\r\n\r\n{method} {target} HTTP/1.1",
    "{method} {target} http/1.1",
    "{method} {target} ICE/1.0",
    "\x00{method} {target} HTTP/1.1",
)

_METHODS: Final = (
    *(["GET"] * 16),
    *(
        "POST",
        "PUT",
        "DELETE",
        "PATCH",
        "OPTIONS",
        "TRACE",
        "CONNECT",
        "PRI",
        "get",
        "G\x00T",
        "GÉT",
        "SOURCE",
        "M-SEARCH",
        "x" * 300,
    ),
)  # not HEAD: whether a body follows an answer could not be told from the bytes alone

_OTHER_PROTOCOLS: Final = (
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    b"SSH-2.0-OpenSSH_9.0\r\n",
    b"EHLO other\r\n",
    b"*1\r\n$4\r\nPING\r\n",
    b"PROXY TCP4 203.0.113.1 203.0.113.2 1 2\r\n",
    b"\r\n\r\n\r\n\n\n\n",
    b"\x00" * 1000,
    b"\xff" * 1000,
    b"{}\n[]\n",
)


class Streams:
    """Makes streams, the same ones for the same seed.

    Parameters
    ----------
    seed
        Of the randomness.
    secrets
        What the caller knows.
    """

    def __init__(self, seed: int, secrets: Secrets) -> None:
        self._random = random.Random(seed)
        self._secrets = secrets
        self._tricks: list[str] = []
        self._fills: dict[str, Callable[[], str]] = {
            "model": lambda: secrets.model,
            "alias": lambda: secrets.alias,
            "workspace": lambda: secrets.workspace_id,
            "long": lambda: "y" * self._random.choice((300, 8192, 33000, 70000)),
            "digits": lambda: "9" * self._random.choice((3, 20, 5000)),
            "commas": lambda: "a," * self._random.choice((3, 101, 4000)),
            "ampersands": lambda: "limit=1&" * 900,
            "many": lambda: "".join(f"x-{number}: y\r\n" for number in range(self._random.choice((200, 4000)))),
            "flood": lambda: "GET / HTTP/1.1\r\nhost: x\r\n\r\n" * 500,
            "megabyte": lambda: "z" * 2**20,
            "method": lambda: self._random.choice(_METHODS),
            "target": self._target,
            "hidden": lambda: self._random.choice(("", self._request(), self._request() * 2)),
        }

    def make(self) -> bytes:
        """Return a stream of one request or a few, at least one of which is not as it should be."""
        kind = self._random.random()
        if kind < 0.03:
            return self._random.choice(_OTHER_PROTOCOLS)
        if kind < 0.06:
            whole = self._request()
            return whole[: self._random.randrange(len(whole))].encode("latin-1")
        if kind < 0.33:
            text = self._request(self._trick())
        elif kind < 0.6:
            text = self._request(first=self._random.choice(_FIRSTS))
        else:
            text = "".join(self._request() for _ in range(self._random.choice((1, 1, 2, 5))))
            return self._damage(text.encode("latin-1"))
        before = self._request() if self._random.random() < 0.2 else ""
        return (before + text).encode("latin-1")

    def _trick(self) -> str:
        """One of the tricks; none comes again before all have."""
        if not self._tricks:
            self._tricks = self._random.sample(_TRICKS, len(_TRICKS))
        return self._tricks.pop()

    def _request(self, rest: str = "\r\n", first: str = "GET /v1/models?limit=2 HTTP/1.1") -> str:
        lines = [self._fill(first), "host: callsheet", *self._credential()]
        return "\r\n".join([*lines, self._fill(rest)])

    def _credential(self) -> list[str]:
        own = self._secrets.own
        version = "anthropic-version: 2023-06-01"
        return self._random.choice(
            (
                [f"x-api-key: {own}", version],
                [f"x-api-key: {own}", version],
                [f"authorization: Bearer {own}"],
                [f"authorization: Bearer {own}", version, "x-api-key: wrong"],
                ["x-api-key: wrong", version],
                ["authorization: Bearer wrong"],
                [f"authorization: Basic {own}"],
                [f"x-api-key: {own}"],
                [],
            )
        )

    def _target(self) -> str:
        return self._fill(self._random.choice(_TARGETS[:-2] if self._random.random() < 0.98 else _TARGETS))

    def _fill(self, text: str) -> str:
        for name, make in self._fills.items():
            mark = f"{{{name}}}"
            if mark in text:
                text = text.replace(mark, make())
        return text

    def _damage(self, content: bytes) -> bytes:
        """Change, drop, repeat or add a few bytes somewhere."""
        for _ in range(self._random.choice((1, 1, 2, 8))):
            place = self._random.randrange(len(content) + 1)
            length = self._random.choice((0, 1, 1, 2, 10))
            piece = self._random.choice(
                (
                    b"",
                    bytes([self._random.randrange(256)]),
                    b"\r\n",
                    b"\n",
                    b"\x00",
                    b" ",
                    b":",
                    content[place : place + 9],
                )
            )
            content = content[:place] + piece + content[place + length :]
        return content
