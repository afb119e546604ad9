"""The base URL of the server that is examined."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

import httpx2

from callsheet.domain.errors import DoctorError

_EXAMPLE: Final = "such as https://gateway.example.com"


@dataclass(frozen=True)
class Target:
    """Where the API is served.

    Parameters
    ----------
    origin
        Scheme, host and port.
    prefix
        Path above ``/v1``; empty, or with a slash at its beginning and none at its end.
    """

    origin: str
    prefix: str

    @property
    def base_url(self) -> str:
        """What ``ANTHROPIC_BASE_URL`` is set to; OpenAI clients add ``/v1``."""
        return self.origin + self.prefix

    def path(self, target: str) -> str:
        """Return the request target of ``target``, a path below the prefix with its query."""
        return self.prefix + target


def parse_target(url: str) -> Target:
    """Return the target for a base URL; ``/v1`` and ``/v1/models`` at its end are removed.

    Raises
    ------
    DoctorError
        It is not an HTTP URL, or has a user name, a password, a query or a fragment.
    """
    shown = url if url.isprintable() and "@" not in url else "That"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        httpx2.URL(url)  # it is stricter, and refuses what could not be sent
    except (ValueError, httpx2.InvalidURL):
        raise DoctorError(f"{shown} is not a URL; give the base URL of the API, {_EXAMPLE}.") from None
    if parts.scheme not in ("http", "https") or not host or not url.isprintable():
        raise DoctorError(f"{shown} is not an HTTP URL; give the base URL of the API, {_EXAMPLE}.")
    if "@" in parts.netloc:
        raise DoctorError("The URL holds a user name or password; give the key with --api-key instead.")
    if parts.query or parts.fragment:
        raise DoctorError(f"The URL has more than a path; give the base URL of the API, {_EXAMPLE}.")
    path = parts.path.rstrip("/").removesuffix("/models").removesuffix("/v1")
    literal = f"[{host}]" if ":" in host else host
    origin = f"{parts.scheme}://{literal}" + ("" if port is None else f":{port}")
    return Target(origin, quote(path, safe="/%:@!$&'()*+,;=~"))
