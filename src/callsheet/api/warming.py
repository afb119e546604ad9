"""Warming: a thread that answers no caller encodes what requests would have to encode after a start or a change.

Both functions return iterators of small steps, each of which encodes one block at most, so that the thread can
pause between two steps, or do something else first.
"""

from bisect import bisect_right
from collections.abc import Iterator
from itertools import islice
from typing import Final

from callsheet.api.state import State
from callsheet.api.view import MAX_JOINED_BLOCKS, UNBOUNDED, UnfinishedError, View
from callsheet.api.view_memory import MIN_VIEWS
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.catalog import Block, Catalog
from callsheet.domain.catalog_slice import CatalogSlice
from callsheet.domain.model import Lifecycle
from callsheet.domain.query import LISTED, ListQuery

#: Those that requests reached last, for which a change is prepared; of the others, each request encodes one block.
MAX_WARMED_VIEWS: Final = 64

#: After one change. It takes some ten seconds, and is only reached where a huge catalogue was loaded as a whole.
MAX_WARMED_BLOCKS: Final = 4096

#: Whose first pages are prepared after a start, beside the default one.
MAX_WARMED_WORKSPACES: Final = 16

_MAX_FIRST_BLOCKS: Final = 8  # for one first page; who sees little of much may need more


def warm_changed(state: State) -> Iterator[None]:
    """Encode for ``state`` what the views in use have encoded of the states before it, the last one used first.

    This may be done before or while requests are answered from ``state``. It ends early where views used long ago
    would take the memory of others. Lists that came again compressed are queued to be compressed.
    """
    views, differences, left = state.views, _Differences(), MAX_WARMED_BLOCKS
    for number, shown in enumerate(views.last_used(MAX_WARMED_VIEWS)):
        if number >= MIN_VIEWS and not views.memory.has_room():
            return
        found = views.make_ready(shown, state.catalog)
        if found is None:
            continue
        view, past = found
        yield
        for block, lifecycles in _outdated(past, view, differences):
            if not left or not views.is_kept(view):
                break
            left -= 1
            view.encode(block, lifecycles, UNBOUNDED)
            yield
        for query, coding in view.repeated():
            view.compress(query, coding)
            yield


def warm_first(state: State) -> Iterator[None]:
    """Encode the lists without parameters: of the default workspace, and then of some others, in both dialects."""
    default = state.workspaces.get(state.default_workspace_id)
    others = (each for each in state.workspaces.values() if each is not default)
    workspaces = [] if default is None else [default, *islice(others, MAX_WARMED_WORKSPACES)]
    for workspace in workspaces:
        yield from _warm_page(state, workspace)
    if state.options.openai_dialect and len(state.catalog.blocks) <= MAX_JOINED_BLOCKS:
        for workspace in workspaces:
            yield from _warm_everything(state, workspace)


def _warm_page(state: State, workspace: Workspace) -> Iterator[None]:
    view = state.view(workspace)
    query = ListQuery(limit=state.options.default_limit)
    for _ in range(_MAX_FIRST_BLOCKS):
        is_finished = _is_finished(view, query)
        view.is_idle = True  # no request has reached it
        yield
        if is_finished:
            return


def _is_finished(view: View, query: ListQuery) -> bool:
    """Encode one more block for a page; return whether it can be made now."""
    try:
        view.page(query, 1)
    except UnfinishedError:
        return False
    return True


def _warm_everything(state: State, workspace: Workspace) -> Iterator[None]:
    view = state.view(workspace, openai=True)
    view.is_idle = True
    for block in state.catalog.blocks:
        if not view.has_encoded(block, LISTED):
            if not state.views.is_kept(view):
                return
            view.encode(block, LISTED, UNBOUNDED)
            yield


def _outdated(past: View, view: View, differences: "_Differences") -> Iterator[tuple[Block, frozenset[Lifecycle]]]:
    """What ``past`` has encoded, as far as ``view`` must encode it again."""
    same = [(block, block.lineage) for block in view.outdated()]
    for block, lineage in (*same, *differences.between(past, view)):
        for lifecycles in past.lifecycles_of(lineage):
            if not view.has_encoded(block, lifecycles):
                yield block, lifecycles


class _Differences:
    """The blocks of one catalogue that replace none of another; most views have the same two catalogues."""

    def __init__(self) -> None:
        self._last: tuple[Catalog | CatalogSlice, Catalog | CatalogSlice] | None = None
        self._found: list[tuple[Block, object]] = []

    def between(self, past: View, view: View) -> list[tuple[Block, object]]:
        """Return blocks that ``view`` has never encoded, each with the lineage that had its place before."""
        before, after = past.catalog, view.catalog
        if past.visibility != view.visibility:  # nothing that is encoded is of use
            return [(block, block.lineage) for block in after.blocks]
        if self._last is None or self._last[0] is not before or self._last[1] is not after:
            self._last, self._found = (before, after), list(_added(before, after))
        return self._found


def _added(before: Catalog | CatalogSlice, after: Catalog | CatalogSlice) -> Iterator[tuple[Block, object]]:
    """The blocks of new lineages, each with the lineage that had its place before."""
    known = {block.lineage for block in before.blocks}
    for block in after.blocks:
        if block.lineage not in known and before.blocks:
            place = bisect_right(before.starts, block.models[0].sort_key) - 1
            yield block, before.blocks[max(place, 0)].lineage
