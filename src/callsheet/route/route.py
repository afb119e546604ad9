"""What a route has to do, whichever proxy does it."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from callsheet.domain.errors import InvalidError
from callsheet.route.endpoint import Endpoint, read_address, read_url

#: Where ``callsheet serve`` listens if nothing else is set, and where a proxy listens.
DEFAULT_CALLSHEET: Final = "http://127.0.0.1:8484"
DEFAULT_LISTEN: Final = "127.0.0.1:8080"

#: What goes to Callsheet: these methods, the last for browsers, which ask before they send.
METHODS: Final = ("GET", "HEAD", "OPTIONS")

#: The paths of the Models API as sent, without a prefix and what is below them; as in `callsheet.api.request`.
LIST_PATH: Final = "/+(?:v1/+)?v1/+models"

#: Seconds, all of them: the proxy must be through with Callsheet before Claude Code gives up, which is after three.
CONNECT_TIMEOUT_SECONDS: Final = 1
ANSWER_TIMEOUT_SECONDS: Final = 2

#: Seconds that an answer may take where nothing else could answer; Callsheet waits ten for a gateway at most.
UNREPLACED_TIMEOUT_SECONDS: Final = 15

#: Seconds that a message may pause.
GATEWAY_TIMEOUT_SECONDS: Final = 600

#: Seconds that unused connections are kept: Callsheet closes them after 75, most gateways in Python after five.
CALLSHEET_IDLE_SECONDS: Final = 60
GATEWAY_IDLE_SECONDS: Final = 4

#: Where Debian, Ubuntu and most images have the certificates of public authorities.
CERTIFICATES: Final = "/etc/ssl/certs/ca-certificates.crt"

_PREFIX: Final = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+")
_MAX_PREFIX_CHARACTERS: Final = 200
_MAX_PREFIXES: Final = 10


class Route(NamedTuple):
    """Who is where. ``prefixes`` are what clients may put before ``/v1/models``; Callsheet does not see them."""

    gateway: Endpoint
    callsheet: Endpoint
    prefixes: tuple[str, ...]
    listen: Endpoint

    @property
    def prefix_pattern(self) -> str:
        """A regular expression that any of the prefixes matches, and nothing; empty if there are none."""
        if not self.prefixes:
            return ""
        return f"(?:{'|'.join(prefix.replace('.', '[.]') for prefix in self.prefixes)})?"


def read_route(gateway: str, callsheet: str, prefixes: Sequence[str], listen: str) -> Route:
    """Return the route between two URLs.

    Raises
    ------
    InvalidError
        A value is not what it should be, or the route would go in a circle.
    """
    route = Route(
        read_url(gateway, "--gateway"),
        read_url(callsheet, "--callsheet"),
        tuple(dict.fromkeys(map(_read_prefix, prefixes))),
        read_address(listen, "--listen"),
    )
    if len(route.prefixes) > _MAX_PREFIXES:
        raise InvalidError(f"A route has at most {_MAX_PREFIXES} prefixes; leave some out.")
    if route.gateway.is_same(route.callsheet):
        raise InvalidError(
            f"--gateway and --callsheet are both {route.gateway.url}; give the URL of the gateway, and that of "
            "Callsheet where it is not the default."
        )
    for name, server in (("--gateway", route.gateway), ("--callsheet", route.callsheet)):
        if server.is_same(route.listen._replace(host=route.listen.host or "localhost")):
            raise InvalidError(f"The proxy would listen where {name} is; give another address with --listen.")
    return route


def _read_prefix(prefix: str) -> str:
    path = prefix.rstrip("/").removesuffix("/v1")
    if len(path) > _MAX_PREFIX_CHARACTERS or not _PREFIX.fullmatch(path):
        raise InvalidError(
            "--prefix needs what clients put before /v1, such as /anthropic, in letters, digits and -._~; "
            f"{prefix[:_MAX_PREFIX_CHARACTERS]!r} is not that."
        )
    return path
