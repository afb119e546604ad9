"""Views: those that are kept, how many, and for how long."""

from itertools import count
from typing import Final

from callsheet.api.compression import CompressedBodies
from callsheet.api.rendering import Rendering, WireFormat
from callsheet.api.view import View
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.catalog import Catalog

MAX_VIEWS: Final = 1024


class Views:
    """The views made so far, by rules and wire format: workspaces with the same rules share one.

    A view is made on first use, and made again, with what it has encoded, when the catalogue changes. At most
    `MAX_VIEWS` are kept: above that, the one made longest ago goes, and `drop_idle` drops those that no request
    reaches. Successive states share the views, so that nothing unchanged is encoded twice.
    """

    __slots__ = ("_numbers", "_renderings", "_views", "compressed")

    def __init__(self) -> None:
        self.compressed = CompressedBodies()
        self._numbers = count()
        self._renderings = {wire_format: Rendering(wire_format) for wire_format in WireFormat}
        self._views: dict[tuple[Visibility, WireFormat], View] = {}

    def get(self, catalog: Catalog, visibility: Visibility, wire_format: WireFormat) -> View:
        """Return the view of ``catalog`` for these rules and this format."""
        key = (visibility, wire_format)
        view = self._views.get(key)
        if view is not None:
            view.is_idle = False
        if view is None or view.catalog is not catalog:
            rendering = self._renderings[wire_format]
            rendering.keep_present(catalog)
            rules = visibility.among(catalog.has_id)
            past = view if view is not None and view.visibility == rules else None
            view = View(catalog, rules, rendering, next(self._numbers), self.compressed, past)
            self._views[key] = view
            if len(self._views) > MAX_VIEWS:
                self._views.pop(next(iter(self._views)), None)
        return view

    def drop_idle(self) -> None:
        """Drop the views that no request has reached since the last call; for a thread that answers no caller.

        A response from a cache reaches no view. So empty the response caches after each call: what callers still
        ask for then reaches its view.
        """
        for key, view in list(self._views.items()):
            if view.is_idle:
                self._views.pop(key, None)
                view.forget()
            view.is_idle = True
        for wire_format, rendering in self._renderings.items():
            if not any(wire_format is used for _, used in list(self._views)):
                rendering.forget()
