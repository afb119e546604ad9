"""``callsheet route``: what it prints, and what it refuses, without a database."""

import pytest

from callsheet.route.route import DEFAULT_CALLSHEET, DEFAULT_LISTEN, read_route
from callsheet.route.write import Proxy, write_route
from tests.cli.conftest import CLI

GATEWAY = ("--gateway", "http://litellm:4000")


@pytest.mark.parametrize("proxy", [each for each in Proxy if each is not Proxy.KUBERNETES])
def test_a_configuration_is_printed_and_nothing_else(call: CLI, proxy: Proxy) -> None:
    whole = call("route", proxy, *GATEWAY)
    route = read_route(GATEWAY[1], DEFAULT_CALLSHEET, [], DEFAULT_LISTEN)
    assert whole == (0, write_route(proxy, route), "")


def test_every_option_reaches_the_configuration(call: CLI) -> None:
    options = ("--callsheet", "http://callsheet", "--prefix", "/a", "--prefix", "/b/v1", "--listen", ":80")
    route = read_route(GATEWAY[1], "http://callsheet", ["/a", "/b"], ":80")
    assert call("route", "nginx", *GATEWAY, *options).out == write_route(Proxy.NGINX, route)


def test_in_kubernetes_the_gateway_decides_where_it_listens(call: CLI) -> None:
    options = (*GATEWAY, "--callsheet", "http://callsheet:8484")
    assert call("route", "kubernetes", *options).code == 0
    assert "leave --listen out" in call("route", "kubernetes", *options, "--listen", ":80").refusal


def test_a_bad_value_is_refused_in_one_sentence(call: CLI) -> None:
    for url in ("ftp://a", "http://a\nb", "http://user:secret@a", "http://127.0.0.1:8484", "http://a/api"):
        assert "secret" not in call("route", "nginx", "--gateway", url).refusal
    assert "--prefix" in call("route", "nginx", *GATEWAY, "--prefix", "/a;b").refusal
    assert "--listen" in call("route", "nginx", *GATEWAY, "--listen", "here").refusal


def test_a_wrong_call_is_explained(call: CLI) -> None:
    assert call("route", "apache", *GATEWAY).code == 2
    assert call("route", "nginx").code == 2
    assert call("route").code == 2
