"""A route in the language of each proxy."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from callsheet.route.caddy import write_caddy
from callsheet.route.envoy import write_envoy
from callsheet.route.haproxy import write_haproxy
from callsheet.route.kubernetes import write_kubernetes
from callsheet.route.nginx import write_nginx
from callsheet.route.route import Route


class Proxy(StrEnum):
    """What stands in front of Callsheet and the gateway."""

    NGINX = "nginx"
    HAPROXY = "haproxy"
    CADDY = "caddy"
    ENVOY = "envoy"
    KUBERNETES = "kubernetes"


_WRITERS: Final[Mapping[Proxy, Callable[[Route], str]]] = {
    Proxy.NGINX: write_nginx,
    Proxy.HAPROXY: write_haproxy,
    Proxy.CADDY: write_caddy,
    Proxy.ENVOY: write_envoy,
    Proxy.KUBERNETES: write_kubernetes,
}


def write_route(proxy: Proxy, route: Route) -> str:
    """Return a whole configuration, with comments that say which lines to copy into another.

    Raises
    ------
    InvalidError
        The proxy cannot have this route.
    """
    return _WRITERS[proxy](route)
