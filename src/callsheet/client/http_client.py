"""The HTTP client that sends requests, with the proxies and certificates that the environment names."""

from typing import Any, Final, TypeVar

import httpx2

from callsheet.client.transport_errors import reason
from callsheet.domain.errors import SettingsError

_PROXY: Final = (
    "The proxy that HTTP_PROXY, HTTPS_PROXY or ALL_PROXY names cannot be used; it must be an HTTP URL, "
    "or a SOCKS URL where the package socksio is installed."
)

C = TypeVar("C", httpx2.Client, httpx2.AsyncClient)


def open_client(kind: type[C], **options: Any) -> C:
    """Return a new HTTP client; ``options`` are those of httpx2.

    Raises
    ------
    SettingsError
        The environment names a proxy or certificates that cannot be used.
    """
    try:
        return kind(**options)
    except OSError as error:
        files = "check SSL_CERT_FILE, SSL_CERT_DIR and SSLKEYLOGFILE"
        raise SettingsError(f"The certificates to trust cannot be read ({reason(error)}); {files}.") from error
    except (ImportError, ValueError, httpx2.InvalidURL):  # the message may contain the password of the proxy
        raise SettingsError(_PROXY) from None


def validated_client(kind: type[C], own: C) -> C:
    """Return ``own``, a user's HTTP client, if it is one of httpx2 and of this ``kind``.

    Raises
    ------
    SettingsError
        It is of the other kind, or of another library.
    """
    if not isinstance(own, kind):
        given = f"{type(own).__module__.partition('.')[0]}.{type(own).__name__}"
        raise SettingsError(f"http_client must be an httpx2.{kind.__name__}, not {given}.")
    return own
