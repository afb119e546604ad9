"""Clients behind proxies: whom the fast path finds is whom uvicorn's middleware finds."""

import asyncio
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from callsheet.http.connection.forwarded import MAX_VALUES, ForwardedClients
from callsheet.http.connection.head import HeadReader, KnownLines
from callsheet.http.observer import Client
from tests.tiers import examples

addresses = st.one_of(
    st.sampled_from(
        ["127.0.0.1", "::1", "10.0.0.7", "10.1.2.3", "203.0.113.9", "2001:db8::7", "::ffff:10.0.0.7", "unix:"]
    ),
    st.ip_addresses().map(str),
)
garbage = st.one_of(
    st.sampled_from(
        ["", " ", "unknown", "_hidden", "[", "[::1", "[::1]x", "[]:1", ":", "1:2:3", "10.0.0.07", "1.2.3.4:x"]
    ),
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=12),
)
elements = st.one_of(
    addresses,
    st.builds("{}:{}".format, addresses, st.integers(0, 70_000)),
    st.builds("[{}]:{}".format, addresses, st.integers(0, 70_000)),
    addresses.map("[{}]".format),
    garbage,
)
values = st.lists(elements, min_size=1, max_size=5).flatmap(
    lambda parts: st.sampled_from([",", ", ", " ,\t"]).map(lambda comma: comma.join(parts))
)
trusted_proxies = st.one_of(
    st.sampled_from(["*", "127.0.0.1", "127.0.0.1,::1", "10.0.0.0/8", "", "unix:", "::ffff:10.0.0.7"]),
    st.lists(
        st.sampled_from(["127.0.0.1", "::1", "10.0.0.0/8", "10.0.0.7", "2001:db8::/32", "nonsense"]), max_size=4
    ),
)
peers = st.one_of(st.none(), addresses.map(lambda address: (address, 50_000)))


def said_by_uvicorn(trusted: Any, peer: Client, headers: list[tuple[bytes, bytes]]) -> Client:
    """Whom an app behind the middleware takes for the client."""
    seen: list[Client] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append(scope["client"])

    scope: Any = {"type": "http", "client": peer, "headers": headers, "scheme": "http"}
    asyncio.run(ProxyHeadersMiddleware(app, trusted)(scope, None, None))  # type: ignore[arg-type]
    return seen[0]


@given(trusted_proxies, peers, st.lists(values, max_size=3), st.booleans())
@example("127.0.0.1", ("127.0.0.1", 1), ["203.0.113.9, 127.0.0.1", "127.0.0.1"], True)
@example("127.0.0.1", ("10.0.0.7", 1), ["203.0.113.9"], False)
@examples(8)
def test_the_client_is_whom_uvicorn_takes_for_it(trusted: Any, peer: Client, lines: list[str], proto: bool) -> None:
    sent = [f"X-Forwarded-For: {line}" for line in lines] + ["x-forwarded-proto: https"] * proto
    data = "\r\n".join(["GET /v1/models HTTP/1.1", "host: a", *sent, "", ""]).encode("latin-1")
    headers = [(b"x-forwarded-for", line.strip(" \t").encode("latin-1")) for line in lines]
    expected = said_by_uvicorn(trusted, peer, [*headers, *[(b"x-forwarded-proto", b"https")] * proto])
    clients, known = ForwardedClients(trusted), KnownLines()
    reader = HeadReader(8192, 8192, known)
    for _ in range(3):  # read line by line, and with a frame; found, and remembered
        if reader.read(data) is None:
            assert any("\t" in line.lstrip(" \t") for line in lines), (
                "only what llhttp might read otherwise is left to it"
            )
            return
        forwarded = reader.forwarded
        is_proxied = forwarded is not None and clients.trusts(peer)
        assert (clients.find(forwarded or b"", peer) if is_proxied else peer) == expected


def test_what_is_remembered_is_bounded() -> None:
    clients = ForwardedClients("*")
    for number in range(MAX_VALUES + 10):
        assert clients.find(b"10.0.%d.%d" % divmod(number, 250), None) == (
            f"10.0.{number // 250}.{number % 250}",
            0,
        )
    assert clients.find(b"x" * 4000, None) == ("x" * 4000, 0)
    assert len(clients._clients) == 10


@pytest.mark.parametrize("forwarded", [b"", b" ", b",127.0.0.1"])
def test_a_value_that_names_nobody_leaves_the_peer(forwarded: bytes) -> None:
    clients, peer = ForwardedClients("127.0.0.1"), ("127.0.0.1", 50_000)
    assert clients.find(forwarded, peer) == said_by_uvicorn(
        "127.0.0.1", peer, [(b"x-forwarded-for", forwarded.strip())]
    )
