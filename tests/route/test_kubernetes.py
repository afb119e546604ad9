"""The HTTPRoute: as the Gateway API describes it, and only for what is in a cluster."""

from typing import Any

import pytest
import yaml

from callsheet.domain.errors import InvalidError
from callsheet.route.kubernetes import write_kubernetes
from callsheet.route.route import DEFAULT_LISTEN, read_route


def _documents(gateway: str, callsheet: str = "http://callsheet:8484", *prefixes: str) -> list[Any]:
    return list(yaml.safe_load_all(write_kubernetes(read_route(gateway, callsheet, prefixes, DEFAULT_LISTEN))))


def test_the_list_goes_to_callsheet_and_everything_else_to_the_gateway() -> None:
    (route,) = _documents("http://litellm:4000")
    assert (route["apiVersion"], route["kind"]) == ("gateway.networking.k8s.io/v1", "HTTPRoute")
    *lists, rest = route["spec"]["rules"]
    asked = {(match["method"], match["path"]["value"]) for rule in lists for match in rule["matches"]}
    assert asked == {
        (method, path) for method in ("GET", "HEAD", "OPTIONS") for path in ("/v1/models", "/v1/v1/models")
    }
    assert {match["path"]["type"] for rule in lists for match in rule["matches"]} == {"PathPrefix"}
    assert [rule["backendRefs"] for rule in lists] == [[{"name": "callsheet", "port": 8484}]] * 2
    assert rest == {"backendRefs": [{"name": "litellm", "port": 4000}], "timeouts": {"request": "0s"}}


def test_a_prefix_is_removed_for_callsheet_only() -> None:
    (route,) = _documents("http://litellm:4000", "http://callsheet", "/anthropic")
    rewritten = {
        rule["matches"][0]["path"]["value"]: rule["filters"][0]["urlRewrite"]["path"]["replacePrefixMatch"]
        for rule in route["spec"]["rules"]
        if "filters" in rule
    }
    assert rewritten == {"/anthropic/v1/models": "/v1/models", "/anthropic/v1/v1/models": "/v1/models"}


def test_ten_prefixes_are_more_than_an_httproute_can_have() -> None:
    prefixes = [f"/{number}" for number in range(10)]
    with pytest.raises(InvalidError, match=r"^An HTTPRoute has at most 16 rules"):
        _documents("http://litellm:4000", "http://callsheet", *prefixes)
    assert len(_documents("http://litellm:4000", "http://callsheet", *prefixes[:6])[0]["spec"]["rules"]) == 15


def test_a_service_elsewhere_needs_a_grant() -> None:
    route, *grants = _documents("http://litellm.ai.svc.cluster.local", "http://callsheet.models:8484")
    backends = [rule["backendRefs"][0] for rule in route["spec"]["rules"]]
    assert {"name": "litellm", "namespace": "ai", "port": 80} in backends
    assert [(grant["kind"], grant["metadata"]["namespace"]) for grant in grants] == [
        ("ReferenceGrant", "ai"),
        ("ReferenceGrant", "models"),
    ]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:4000",
        "http://localhost:4000",
        "https://litellm",
        "http://a.b.c",
        "http://my_service",
        "http://[::2]",
    ],
)
def test_what_is_not_a_service_is_refused(url: str) -> None:
    with pytest.raises(InvalidError, match=r"^In Kubernetes, --gateway needs the plain HTTP URL of a Service"):
        _documents(url)
