"""Routes: which functions show a page, and take its form."""

import re
from dataclasses import dataclass
from typing import Final

from callsheet.api.percent import unquote_to_bytes
from callsheet.domain.access.admin_key import Scope
from callsheet.http.admin.errors import AdminError, Code
from callsheet.http.console.visit import Show, Submit

_VARIABLE: Final = re.compile(r"\{(\w+)\}")
_JSON: Final = b".json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A page.

    Parameters
    ----------
    path
        Below ``/console``, with the variable parts in braces.
    show
        Shows it; None for an address that only takes a form.
    submit
        Takes its form; None if it has none.
    scope
        What one must be allowed to do to see it.
    is_long
        Whether taking its form may take long, as an upstream is asked: it keeps no other page waiting.
    """

    path: str
    show: Show | None = None
    submit: Submit | None = None
    scope: Scope = Scope.READ
    is_long: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What an address means.

    Parameters
    ----------
    route, ids
        The page, and the variable parts of its path, decoded.
    is_json
        Whether its data is wanted.
    """

    route: Route
    ids: dict[str, str]
    is_json: bool


class Routes:
    """The pages by path.

    Parameters
    ----------
    routes
        All of them; a fixed path wins over one with a variable part.
    """

    def __init__(self, *routes: Route) -> None:
        ordered = sorted(routes, key=lambda route: (route.path.count("{"), route.path))
        self._patterns = [(_pattern(route.path), route) for route in ordered]

    def is_long(self, path: bytes) -> bool:
        """Return whether what takes the form at a path may take long; no where there is no such page."""
        wanted = path.rstrip(b"/")
        found = next((route for pattern, route in self._patterns if pattern.fullmatch(wanted)), None)
        return found is not None and found.is_long

    def find(self, path: bytes) -> Found:
        """Return what a path, as sent below ``/console``, means; AdminError if it means nothing."""
        is_json = path.endswith(_JSON)
        wanted = path.removesuffix(_JSON).rstrip(b"/") if is_json else path.rstrip(b"/")
        for pattern, route in self._patterns:
            match = pattern.fullmatch(wanted)
            if match is not None:
                return Found(route, {name: _decode(part) for name, part in match.groupdict().items()}, is_json)
        raise AdminError(Code.NOT_FOUND, "There is no such page.")


def _pattern(path: str) -> re.Pattern[bytes]:
    return re.compile(_VARIABLE.sub(r"(?P<\1>[^/]+)", path).encode("ascii"))


def _decode(part: bytes) -> str:
    try:
        return unquote_to_bytes(part).decode()
    except UnicodeDecodeError:
        raise AdminError(Code.NOT_FOUND, "There is no such page: its address is not UTF-8.") from None
