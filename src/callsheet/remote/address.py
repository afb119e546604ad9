"""The address of a server that is administered, and whether an admin key may be sent there."""

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from callsheet.domain.errors import InvalidError

#: Below it are all paths of the administration API.
ORGANIZATIONS: Final = "/v1/organizations"

_VERSION: Final = "/v1"


def check_address(url: str, *, may_be_http: bool) -> str:
    """Return the root of the server at ``url``, without a slash or ``/v1`` at its end.

    Parameters
    ----------
    may_be_http
        Whether an admin key may travel unencrypted to another host than this one.

    Raises
    ------
    InvalidError
        It is not the URL of a server, or others could read the key on its way there.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise InvalidError(f"{url!r:.200} is not the URL of a server; give one such as https://models.example.com.")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise InvalidError("The URL of the server must hold no user, query or fragment; give its address alone.")
    if parts.scheme == "http" and not may_be_http and not _is_here(parts.hostname):
        raise InvalidError(
            f"{parts.scheme}://{parts.hostname} would get the admin key unencrypted; use https, or add "
            "--remote-http if the network between is yours."
        )
    root = url.rstrip("/").removesuffix(_VERSION)
    return root.rstrip("/")


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
