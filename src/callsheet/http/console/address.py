"""Address: where pages of the console are, under whatever prefix the app is mounted."""

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import quote, unquote, urlencode

from callsheet.http.paths import CONSOLE

_JSON: Final = ".json"
_HOST_PORT: Final = re.compile(r":[0-9]*\Z")


class Address(NamedTuple):
    """Makes addresses.

    Parameters
    ----------
    prefix
        What comes before ``/console`` in the addresses that browsers use.
    models_port
        Of the Models API, if that has another one than the console.
    """

    prefix: str
    models_port: int | None = None

    def url(self, *segments: object, **query: Any) -> str:
        """Return the address of a page; a name that ends like the JSON of a page is written so that it is not."""
        path = "".join(f"/{_segment(str(each))}" for each in segments)
        given = {name: value for name, value in query.items() if value not in (None, "", False)}
        return f"{self.prefix}{CONSOLE}{path}" + (f"?{urlencode(given, doseq=True)}" if given else "")

    def base_url(self, origin: str) -> str:
        """Return where clients find the Models API, of which a browser found the console at ``origin``."""
        scheme, _, host = origin.partition("://")  # whatever the host is, as a browser may send anything
        if self.models_port is not None:
            host = f"{_HOST_PORT.sub('', host)}:{self.models_port}"
        safe = quote(host, safe=":[]@.-")
        return f"{scheme}://{safe}{self.prefix}"

    def here(self, path: bytes, query: Mapping[str, str]) -> str:
        """Return the address of the page that was asked for by ``path``, as sent, and ``query``."""
        location = f"{self.prefix}{CONSOLE}{path.decode('latin-1')}"
        return location + (f"?{urlencode(query)}" if query else "")

    def is_own(self, location: str) -> bool:
        """Return whether ``location`` is the address of a page of this console, and not one elsewhere."""
        base = f"{self.prefix}{CONSOLE}"
        is_below = location == base or location.startswith((f"{base}/", f"{base}?"))
        leads_up = any(unquote(each) in (".", "..") for each in location.partition("?")[0].split("/"))
        return is_below and not leads_up and location.isascii() and location.isprintable() and "\\" not in location


def _segment(text: str) -> str:
    sent = quote(text, safe="")
    if text in (".", ".."):
        return sent.replace(".", "%2E")
    return sent.removesuffix(_JSON) + "%2Ejson" if sent.endswith(_JSON) else sent
