"""Views: those that are kept, how many bytes they may take, and for how long."""

from itertools import count
from typing import Final, NamedTuple

from callsheet.api.compression import CompressedBodies
from callsheet.api.rendering import Rendering, WireFormat
from callsheet.api.view import REQUEST_BLOCK_BUDGET, UNBOUNDED, VIEW_BYTES, UnfinishedError, View
from callsheet.api.view_memory import MAX_VIEWS_BYTES, ViewMemory
from callsheet.domain.access.delegation import KeyMode
from callsheet.domain.access.grant import NOTHING_GRANTED, GrantedModels
from callsheet.domain.access.visibility import SEES_ALL, Visibility
from callsheet.domain.catalog import Catalog
from callsheet.domain.catalog_slice import CatalogSlice

#: Of a grant that is looked up in the catalogue while others wait; this takes some milliseconds.
MAX_INLINE_ROWS: Final = 2000

_COPYING_VIEWS: Final = 64  # as long as there are no more, each has its own copy of the JSON, which is quicker


class Shown(NamedTuple):
    """Which part of a catalogue a view shows, and how: equal ones share a view."""

    rules: Visibility
    wire_format: WireFormat
    mode: KeyMode = KeyMode.GOVERN
    granted: GrantedModels | None = None
    former: GrantedModels = NOTHING_GRANTED


class Views:
    """The views made so far, by what they show: workspaces with the same rules share one, and so do equal grants.

    A view is made on first use, and made again, with what it has encoded, when the catalogue changes. Together they
    take at most `MAX_VIEWS_BYTES`: above that, the one used longest ago goes, and `drop_idle` drops those that no
    request reaches. Successive states share the views, so that nothing unchanged is encoded twice.

    Parameters
    ----------
    max_bytes
        Of all views together, about.
    """

    __slots__ = ("_numbers", "_renderings", "_views", "compressed", "memory")

    def __init__(self, max_bytes: int = MAX_VIEWS_BYTES) -> None:
        self.compressed = CompressedBodies()
        self.memory: ViewMemory[View] = ViewMemory(self._remove, max_bytes)
        self._numbers = count()
        self._renderings = {wire_format: Rendering(wire_format) for wire_format in WireFormat}
        self._views: dict[Shown, View] = {}

    def get(self, catalog: Catalog, visibility: Visibility, wire_format: WireFormat) -> View:
        """Return the view of ``catalog`` for these rules and this format."""
        shown = Shown(visibility, wire_format)
        past = self._views.get(shown)
        if past is not None:
            past.is_idle = False
            if past.catalog is catalog:
                return past
        rules = visibility.among(catalog.has_id)
        return self._make(shown, catalog, catalog, rules, past if past and past.visibility == rules else None)

    def get_granted(self, catalog: Catalog, shown: Shown, block_budget: int = UNBOUNDED) -> View:
        """Return the view of ``catalog`` for a grant; its rules only matter where its mode applies them.

        Raises
        ------
        UnfinishedError
            It must be made of more than `MAX_INLINE_ROWS`, and ``block_budget`` is that of a request for which
            others wait.
        """
        mode, former = shown.mode, shown.former
        granted = NOTHING_GRANTED if shown.granted is None else shown.granted
        if mode is not KeyMode.GOVERN:
            shown = shown._replace(rules=SEES_ALL)
        past, cut = self._views.get(shown), None
        if past is not None:
            past.is_idle = False
            if isinstance(past.catalog, CatalogSlice):
                cut = past.catalog
                if cut.parent is catalog:
                    return past
        if len(granted) + len(former) > MAX_INLINE_ROWS and block_budget <= REQUEST_BLOCK_BUDGET:
            raise UnfinishedError
        rules = shown.rules.among(catalog.has_id)
        return self._make(shown, catalog, CatalogSlice(catalog, granted, former, mode, rules, cut), SEES_ALL, past)

    def drop_idle(self) -> None:
        """Drop the views that no request has reached since the last call; for a thread that answers no caller.

        A response from a cache reaches no view. So empty the response caches after each call: what callers still
        ask for then reaches its view.
        """
        for shown, view in list(self._views.items()):
            if view.is_idle:
                self._views.pop(shown, None)
                self.memory.remove(view)
                view.forget()
            view.is_idle = True
        for wire_format, rendering in self._renderings.items():
            if not any(wire_format is shown.wire_format for shown in list(self._views)):
                rendering.forget()

    def _make(
        self,
        shown: Shown,
        catalog: Catalog,
        part: Catalog | CatalogSlice,
        rules: Visibility,
        past: View | None,
    ) -> View:
        """The view of ``part`` of ``catalog``, in place of any other that shows the same."""
        rendering = self._renderings[shown.wire_format]
        rendering.keep_present(catalog)
        gathers = len(self._views) >= _COPYING_VIEWS
        view = View(
            part, rules, rendering, next(self._numbers), shown, self.compressed, self.memory, past, gathers=gathers
        )
        replaced = self._views.pop(shown, None)
        if replaced is not None:
            self.memory.remove(replaced)
        self._views[shown] = view
        self.memory.add(view, VIEW_BYTES + (part.size_bytes if isinstance(part, CatalogSlice) else 0))
        return view

    def _remove(self, view: View) -> None:
        """Drop ``view``, which takes too much memory."""
        shown = view.shown
        if isinstance(shown, Shown) and self._views.get(shown) is view:
            self._views.pop(shown, None)
