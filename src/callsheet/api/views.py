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

    __slots__ = ("_numbers", "_ready", "_renderings", "_views", "compressed", "memory")

    def __init__(self, max_bytes: int = MAX_VIEWS_BYTES) -> None:
        self.compressed = CompressedBodies()
        self.memory: ViewMemory[View] = ViewMemory(self._remove, max_bytes)
        self._numbers = count()
        self._renderings = {wire_format: Rendering(wire_format) for wire_format in WireFormat}
        self._views: dict[Shown, View] = {}
        self._ready: dict[Shown, View] = {}  # made in advance; the first request takes it over

    def get(self, catalog: Catalog, visibility: Visibility, wire_format: WireFormat) -> View:
        """Return the view of ``catalog`` for these rules and this format."""
        shown = Shown(visibility, wire_format)
        past = self._views.get(shown)
        if past is not None:
            past.is_idle = False
            if past.catalog is catalog:
                return past
        ready = self._take_over(shown, catalog)
        if ready is not None:
            return ready
        rules = visibility.among(catalog.has_id)
        past = past if past and past.visibility == rules else None
        return self._put(shown, self._make(shown, catalog, catalog, rules, past))

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
        ready = self._take_over(shown, catalog)
        if ready is not None:
            return ready
        if len(granted) + len(former) > MAX_INLINE_ROWS and block_budget <= REQUEST_BLOCK_BUDGET:
            raise UnfinishedError
        rules = shown.rules.among(catalog.has_id)
        part = CatalogSlice(catalog, granted, former, mode, rules, cut)
        return self._put(shown, self._make(shown, catalog, part, SEES_ALL, past))

    def last_used(self, count: int) -> list[Shown]:
        """Return what the ``count`` views show that requests reached last, the very last first."""
        used = list({**self._views, **self._ready}.items())
        used.sort(key=lambda item: item[1].last_used, reverse=True)
        return [shown for shown, _ in used[:count]]

    def make_ready(self, shown: Shown, catalog: Catalog) -> tuple[View, View] | None:
        """Make in advance the view of ``catalog`` that takes the place of a present one, unless it is there.

        Requests to the State before go on with the present one; the first request for ``catalog`` takes over the
        new one. None of this counts as use.

        Returns
        -------
        The view of ``catalog``, and the one before it, which may be the same; None if nothing shows this.
        """
        past = self._ready.get(shown) or self._views.get(shown)
        if past is None:
            return None
        if _whole(past) is catalog:
            return past, past
        if shown.granted is None:
            rules = shown.rules.among(catalog.has_id)
            view = self._make(shown, catalog, catalog, rules, past if past.visibility == rules else None)
        else:
            cut = past.catalog if isinstance(past.catalog, CatalogSlice) else None
            rules = shown.rules.among(catalog.has_id)
            part = CatalogSlice(catalog, shown.granted, shown.former, shown.mode, rules, cut)
            view = self._make(shown, catalog, part, SEES_ALL, past)
        view.is_idle, view.last_used = past.is_idle, past.last_used
        self._ready[shown] = view
        present = self._views.get(shown)
        if present is not None and _whole(present) is catalog:  # a request has made it meanwhile
            self._ready.pop(shown, None)
            return present, present
        self.memory.remove(past)
        self._count(view)
        return view, past

    def is_kept(self, view: View) -> bool:
        """Return whether ``view`` is still what a request for its catalogue would reach."""
        shown = view.shown
        return isinstance(shown, Shown) and (self._views.get(shown) is view or self._ready.get(shown) is view)

    def drop_idle(self) -> None:
        """Drop the views that no request has reached since the last call; for a thread that answers no caller.

        A response from a cache reaches no view. So empty the response caches after each call: what callers still
        ask for then reaches its view.
        """
        for kept in (self._views, self._ready):
            for shown, view in list(kept.items()):
                if view.is_idle:
                    kept.pop(shown, None)
                    self.memory.remove(view)
                    view.forget()
                view.is_idle = True
        for wire_format, rendering in self._renderings.items():
            if not any(wire_format is shown.wire_format for shown in [*self._views, *self._ready]):
                rendering.forget()

    def _make(
        self,
        shown: Shown,
        catalog: Catalog,
        part: Catalog | CatalogSlice,
        rules: Visibility,
        past: View | None,
    ) -> View:
        """Return a new view of ``part`` of ``catalog``."""
        rendering = self._renderings[shown.wire_format]
        rendering.keep_present(catalog)
        gathers = len(self._views) >= _COPYING_VIEWS
        return View(
            part, rules, rendering, next(self._numbers), shown, self.compressed, self.memory, past, gathers=gathers
        )

    def _put(self, shown: Shown, view: View) -> View:
        """Put ``view`` in place of any other that shows the same."""
        for kept in (self._views, self._ready):
            replaced = kept.pop(shown, None)
            if replaced is not None:
                self.memory.remove(replaced)
        self._views[shown] = view
        self._count(view)
        return view

    def _take_over(self, shown: Shown, catalog: Catalog) -> View | None:
        """Put the view in place that was made in advance for a request for ``catalog``, if one was."""
        ready = self._ready.get(shown)
        if ready is None or _whole(ready) is not catalog:
            return None
        past = self._views.get(shown)
        self._views[shown] = ready
        self._ready.pop(shown, None)
        if past is not None:
            self.memory.remove(past)
        ready.is_idle = False
        return ready

    def _count(self, view: View) -> None:
        """Count what ``view`` takes beside what it has encoded."""
        part = view.catalog
        self.memory.add(view, VIEW_BYTES + (part.size_bytes if isinstance(part, CatalogSlice) else 0))

    def _remove(self, view: View) -> None:
        """Drop ``view``, which takes too much memory."""
        shown = view.shown
        if not isinstance(shown, Shown):
            return
        if self._ready.get(shown) is view:
            self._ready.pop(shown, None)
            past = self._views.get(shown)
            if past is not None and past.last_used == view.last_used:  # no request has reached it since
                self._views.pop(shown, None)
                past.forget()
        elif self._views.get(shown) is view:
            self._views.pop(shown, None)


def _whole(view: View) -> Catalog:
    """The catalogue that ``view`` shows all or some of."""
    return view.catalog.parent if isinstance(view.catalog, CatalogSlice) else view.catalog
