"""Where a request goes: people configure the URL that they know, with or without what paths begin with."""

from typing import Final
from urllib.parse import urlsplit, urlunsplit

from callsheet.domain.errors import SourceError

_EXAMPLE: Final = "such as http://localhost:11434"
_DIALECT: Final = "/v1"


def check_url(url: str) -> str:
    """Return ``url`` if a source can have it.

    Raises
    ------
    SourceError
        It is not an HTTP URL, or has a user name, a password or a fragment. No password is repeated.
    """
    shown = repr(url[:200]) if "@" not in url else "That"
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host or not url.isprintable() or " " in url:
        raise SourceError(f"{shown} is not an HTTP URL; give the URL of the upstream, {_EXAMPLE}.")
    if "@" in parts.netloc:
        raise SourceError("The URL holds a user name or password; give a reference to the secret instead.")
    if parts.fragment:
        raise SourceError("The URL has a fragment (#…), which is never sent; leave it out.")
    return url


def address_of(url: str, path: str) -> str:
    """Return the URL of a request.

    OpenAI clients are configured with a URL that ends in ``/v1``, Anthropic's with one that does not, and paths of
    requests begin with it. So ``/v1`` at the end of ``url`` does not count, nor does what it and ``path`` share:
    ``https://example.com/api/v1`` and ``/api/v1/models`` are ``https://example.com/api/v1/models``.

    Parameters
    ----------
    url
        As it is configured; see `check_url`. A query in it is kept if ``path`` is empty.
    path
        `Request.path`; if it is empty, the address is ``url`` itself.
    """
    if not path:
        return url
    parts = urlsplit(url)
    above = parts.path.rstrip("/").removesuffix("/models").removesuffix(_DIALECT)
    wanted, _, query = path.partition("?")
    return urlunsplit((parts.scheme, parts.netloc, _without_overlap(above, wanted) + wanted, query, ""))


def _without_overlap(above: str, path: str) -> str:
    """``above`` without the end that ``path`` begins with, in whole segments."""
    segments = above.split("/")
    for start in range(1, len(segments)):
        end = "/" + "/".join(segments[start:])
        if path == end or path.startswith(f"{end}/"):
            return "/".join(segments[:start])
    return above
