"""What a route is made of: what is refused, and that nothing of it can end a line of a configuration."""

import re
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.errors import InvalidError
from callsheet.route.endpoint import Endpoint, read_address, read_url
from callsheet.route.route import DEFAULT_CALLSHEET, DEFAULT_LISTEN, Route, read_route
from callsheet.route.write import Proxy, write_route

GATEWAY: Final = "http://127.0.0.1:4000"


def _route(
    gateway: str = GATEWAY,
    callsheet: str = DEFAULT_CALLSHEET,
    prefixes: tuple[str, ...] = (),
    listen: str = DEFAULT_LISTEN,
) -> Route:
    return read_route(gateway, callsheet, prefixes, listen)


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("http://127.0.0.1:4000", Endpoint("127.0.0.1", 4000)),
        ("http://LiteLLM.example.com/", Endpoint("litellm.example.com", 80)),
        ("https://gateway.example.com", Endpoint("gateway.example.com", 443, uses_tls=True)),
        ("http://localhost:11434/v1/", Endpoint("localhost", 11434)),
        ("http://[2001:DB8::1]:80", Endpoint("2001:db8::1", 80)),
        ("http://my_gateway.:80", Endpoint("my_gateway", 80)),
    ],
)
def test_a_url_is_read(url: str, endpoint: Endpoint) -> None:
    assert read_url(url, "--gateway") == endpoint


def test_an_authority_has_the_port_only_where_it_says_something() -> None:
    shown = [
        read_url(url, "--gateway").authority
        for url in ("http://a", "https://a:443", "https://a:80", "http://[::1]")
    ]
    assert shown == ["a", "a", "a:80", "[::1]"]


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "127.0.0.1:4000",
            "//a",
            "ftp://a",
            "http://",
            "http://a:0",
            "http://a:99999",
            "http://a:b",
            "http://a b",
        ),
        *(
            "http://a\nb",
            "http://a\t",
            "http://ä.example",
            "http://a;b",
            "http://a{b}",
            'http://a"',
            "http://1.2.3.400",
        ),
        *("http://[::1%25eth0]:80", "http://[", "http://-a", "http://a..b", f"http://{'a.' * 130}a", "http://a$b"),
    ],
)
def test_what_is_not_a_server_is_refused(url: str) -> None:
    with pytest.raises(InvalidError, match=r"^--gateway needs the URL of an HTTP server, such as http://127"):
        read_url(url, "--gateway")


@pytest.mark.parametrize(
    "url", ["http://user:secret@a", "http://secret@a:80/v1", "http://a:secret@", "http://a b:secret@c"]
)
def test_a_password_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(InvalidError) as refused:
        _route(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["http://a/api", "http://a/v1/models", "http://a?x=y", "http://a#x"])
def test_a_url_with_more_than_a_server_is_refused(url: str) -> None:
    with pytest.raises(InvalidError, match=r"^The URL of --callsheet has a path, query or fragment"):
        _route(callsheet=url)


@pytest.mark.parametrize(
    ("gateway", "callsheet"),
    [
        ("http://a:8484", "http://A:8484/"),
        ("http://localhost:8484", "http://127.0.0.1:8484"),
        ("https://a", "http://a:443"),
    ],
)
def test_the_same_server_for_both_is_refused(gateway: str, callsheet: str) -> None:
    with pytest.raises(InvalidError, match=r"^--gateway and --callsheet are both http"):
        _route(gateway, callsheet)


@pytest.mark.parametrize(
    ("listen", "option"), [("127.0.0.1:4000", "--gateway"), (":4000", "--gateway"), ("[::1]:8484", "--callsheet")]
)
def test_a_proxy_in_the_place_of_what_it_asks_is_refused(listen: str, option: str) -> None:
    with pytest.raises(InvalidError, match=rf"^The proxy would listen where {option} is"):
        _route(listen=listen)


@pytest.mark.parametrize(
    ("address", "endpoint"),
    [
        ("8080", Endpoint("", 8080)),
        (":8080", Endpoint("", 8080)),
        ("*:80", Endpoint("", 80)),
        ("localhost:8080", Endpoint("127.0.0.1", 8080)),
        ("[::]:8080", Endpoint("::", 8080)),
    ],
)
def test_an_address_is_read(address: str, endpoint: Endpoint) -> None:
    found = read_address(address, "--listen")
    assert (found.host.strip("*"), found.port) == (endpoint.host, endpoint.port)


@pytest.mark.parametrize(
    "address", ["", ":", "a", "::1:80", "1.2.3.4", "a:0", "a:70000", "a b:1", "[a]:80", "a;b:80"]
)
def test_what_is_not_an_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidError, match=r"^--listen needs an address and a port, such as 127"):
        read_address(address, "--listen")


@pytest.mark.parametrize("prefix", ["/anthropic", "/anthropic/", "/anthropic/v1", "/anthropic/v1/"])
def test_a_prefix_is_what_is_before_the_version(prefix: str) -> None:
    assert _route(prefixes=(prefix, "/anthropic")).prefixes == ("/anthropic",)


@pytest.mark.parametrize(
    "prefix", ["", "/", "anthropic", "/v1", "/a b", "/a;b", "/a|b", "/a//b", "/..", "/a/../b", "/%41"]
)
def test_what_is_not_a_prefix_is_refused(prefix: str) -> None:
    with pytest.raises(InvalidError, match=r"^--prefix needs what clients put before /v1, such as /anthropic"):
        _route(prefixes=(prefix,))


def test_a_route_has_ten_prefixes_at_most() -> None:
    assert len(_route(prefixes=tuple(f"/{number}" for number in range(10))).prefixes) == 10
    with pytest.raises(InvalidError, match=r"^A route has at most 10 prefixes"):
        _route(prefixes=tuple(f"/{number}" for number in range(11)))


#: Characters that mean something to a proxy, and any other.
_TEXTS: Final = st.text(st.one_of(st.sampled_from("\n\r;{}\"'\\$#`%*|()[]?/:.@ ~^"), st.characters()), max_size=20)


@given(data=st.data(), proxy=st.sampled_from(Proxy))
def test_nothing_that_is_given_ends_a_line_or_a_word(data: st.DataObject, proxy: Proxy) -> None:
    host, prefix, listen = data.draw(_TEXTS), data.draw(_TEXTS), data.draw(_TEXTS)
    plain = write_route(proxy, read_route("http://a:4000", "http://b:8484", ["/p"], DEFAULT_LISTEN))
    for gateway, prefixes, address in (
        (f"http://a{host}:4000", ["/p"], DEFAULT_LISTEN),
        ("http://a:4000", [f"/p{prefix}"], DEFAULT_LISTEN),
        ("http://a:4000", ["/p"], f"a{listen}:8080"),
    ):
        try:
            text = write_route(proxy, read_route(gateway, "http://b:8484", prefixes, address))
        except InvalidError:
            continue
        assert _shape(text) == _shape(plain)


def _shape(text: str) -> list[int]:
    """How many words each line has, but for names of hosts, which Envoy looks up, and namespaces."""
    return [
        len(re.split(r"[\s;{}\"'#]+", line))
        for line in text.splitlines()
        if not re.search("dns|type: |namespace", line)
    ]
