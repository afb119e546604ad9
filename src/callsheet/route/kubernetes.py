"""The route as an HTTPRoute of Kubernetes' Gateway API."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from callsheet.domain.errors import InvalidError
from callsheet.route.endpoint import Endpoint
from callsheet.route.route import METHODS, UNREPLACED_TIMEOUT_SECONDS, Route
from callsheet.route.template import fill

_FILE: Final = """\
# Kubernetes, Gateway API: the list of models from Callsheet ({{callsheet_url}}),
# everything else from the gateway ({{gateway_url}}).
#
# Write the name of your Gateway under parentRefs, then: kubectl apply --filename FILE
# To add the route to an HTTPRoute that you have, copy the rules between ">>>" and "<<<".
#
# What an HTTPRoute cannot do: ask the gateway for its own list while Callsheet is down. Run two replicas of
# Callsheet, whose readiness probe asks /readyz. Matching by method, path rewriting and time-outs are "extended"
# features, and what becomes of %2F in a path depends on the implementation: check yours.
#
# Doubled slashes are not matched: give clients a base URL without a slash at its end.
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: callsheet
spec:
  parentRefs:
  - name: gateway  # the name of your Gateway
  rules:
  # >>> copy above your other rules
  {{rules}}
  # <<<
  - backendRefs:
    {{gateway}}
    timeouts: {request: 0s}  # messages are streamed for as long as they like
{{grants}}
"""

_RULE: Final = """\
- matches:
  {{matches}}
  {{filters}}
  backendRefs:
  {{callsheet}}
  timeouts: {request: {{answer}}s}
"""
_MATCH: Final = "- {method: {{method}}, path: {type: PathPrefix, value: {{path}}}}\n"
_FILTER: Final = """\
filters:
- type: URLRewrite
  urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /v1/models}}
"""
_BACKEND: Final = "- {name: {{name}}, {{namespace}}port: {{port}}}"
_GRANT: Final = """\

# Services in a namespace other than the route's need a ReferenceGrant there; write the route's namespace into it.
---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata:
  name: callsheet-route
  namespace: {{namespace}}
spec:
  from:
  - {group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: default}
  to:
  - {group: "", kind: Service}
"""

_SERVICE: Final = re.compile(
    r"(?P<name>[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?)"
    r"(?:\.(?P<namespace>[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.svc(?:\.cluster\.local)?)?)?"
)


_MAX_RULES: Final = 16


class _Service(NamedTuple):
    name: str
    namespace: str
    port: int


def write_kubernetes(route: Route) -> str:
    """Return an HTTPRoute, with a ReferenceGrant for each other namespace that a URL names.

    Raises
    ------
    InvalidError
        A URL does not name a Service in the cluster, or uses TLS, or there are too many prefixes.
    """
    gateway = _read_service(route.gateway, "--gateway")
    callsheet = _read_service(route.callsheet, "--callsheet")
    namespaces = dict.fromkeys(each.namespace for each in (gateway, callsheet) if each.namespace)
    rules = list(_rules(route, callsheet))
    if len(rules) >= _MAX_RULES:
        raise InvalidError(
            f"An HTTPRoute has at most {_MAX_RULES} rules, two for each prefix; leave some prefixes out."
        )
    return fill(
        _FILE,
        callsheet_url=route.callsheet.url,
        gateway_url=route.gateway.url,
        rules="".join(rules),
        gateway=_backend(gateway),
        grants="".join(fill(_GRANT, namespace=namespace) for namespace in namespaces),
    )


def _rules(route: Route, callsheet: _Service) -> Iterator[str]:
    """A rule for each path of the list, as a rewrite does not know which of several paths has matched."""
    for prefix in ("", *route.prefixes):
        for doubled in ("", "/v1"):
            path = f"{prefix}{doubled}/v1/models"
            yield fill(
                _RULE,
                matches="".join(fill(_MATCH, method=method, path=path) for method in METHODS),
                filters=_FILTER if prefix else "",
                callsheet=_backend(callsheet),
                answer=UNREPLACED_TIMEOUT_SECONDS,
            )


def _backend(service: _Service) -> str:
    namespace = f"namespace: {service.namespace}, " if service.namespace else ""
    return fill(_BACKEND, name=service.name, namespace=namespace, port=service.port)


def _read_service(server: Endpoint, option: str) -> _Service:
    found = _SERVICE.fullmatch(server.host)
    if found is None or server.host == "localhost" or server.uses_tls:
        raise InvalidError(
            f"In Kubernetes, {option} needs the plain HTTP URL of a Service, such as http://litellm:4000 or "
            f"http://litellm.ai.svc:4000; {server.url} is not one."
        )
    return _Service(found["name"], found["namespace"] or "", server.port)
