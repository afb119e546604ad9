"""The URL that clients are configured with."""

from typing import Final
from urllib.parse import urlsplit

from callsheet.domain.errors import InvalidError

_DIALECT: Final = "/v1"


def read_base_url(url: str, name: str) -> str:
    """Return ``url`` without a slash or ``/v1`` at its end, which each client is given or not as it expects.

    Parameters
    ----------
    name
        What gave it, for people.

    Raises
    ------
    InvalidError
        It is not an HTTP URL, or has a user name, a password, a query or a fragment. No password is repeated.
    """
    shown = "its value" if "@" in url else repr(url[:200])
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if (
        parts.scheme not in ("http", "https")
        or not host
        or not url.isprintable()
        or not url.isascii()
        or " " in url
    ):
        raise InvalidError(f"{name} needs an HTTP URL such as https://gateway.example; {shown} is not one.")
    if "@" in parts.netloc or "?" in url or "#" in url:
        raise InvalidError(
            f"The URL of {name} has a user name, password, query or fragment; leave it out, as clients send their "
            "own keys and add paths."
        )
    if any(character in url for character in "\"'`\\{}$"):
        raise InvalidError(f"The URL of {name} holds a quote, backslash, brace or dollar sign; write it as %XX.")
    return url.rstrip("/").removesuffix(_DIALECT).rstrip("/")
