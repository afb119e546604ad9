"""Views are bounded in bytes: the one used longest ago goes first, never one in use, and answers stay the same."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from callsheet.api import view_memory, views
from callsheet.api.rendering import WireFormat
from callsheet.api.state import State
from callsheet.api.view import View
from callsheet.api.views import Views
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.catalog import Catalog
from callsheet.domain.query import ListQuery
from tests.api.states import SECRET, ask, make_state
from tests.installation import make_model

MODELS = [make_model(f"m{number:03}", f"2026-01-{number % 28 + 1:02}") for number in range(60)]
WHOLE = ListQuery(limit=1000)


@contextmanager
def _at_least(number: int) -> Iterator[None]:
    with patch.object(view_memory, "MIN_VIEWS", number):
        yield


def _view(kept: Views, catalog: Catalog, number: int) -> View:
    """The view of one of many sets of rules."""
    return kept.get(catalog, Visibility(deny=(f"nothing-{number}",)), WireFormat.CURRENT)


@given(st.lists(st.integers(0, 30), max_size=60), st.integers(50_000, 400_000))
def test_views_are_bounded_in_bytes_and_the_one_in_use_is_never_dropped(used: list[int], max_bytes: int) -> None:
    kept, catalog = Views(max_bytes), Catalog(MODELS)
    expected = View.page(_view(Views(), catalog, 0), WHOLE)
    with _at_least(2):
        for number in used:
            view = _view(kept, catalog, number)
            assert view.page(WHOLE) == expected
            assert view._lineages, "what it has just encoded is still there"
            assert _view(kept, catalog, number) is view
            assert kept.memory.measure() <= max_bytes or len(kept.memory) <= 2
            assert len(kept.memory) == len(kept._views)


def test_the_view_that_was_used_longest_ago_goes_first() -> None:
    catalog = Catalog(MODELS)
    kept = Views()
    sizes = [_view(kept, catalog, 0).measure()]
    _view(kept, catalog, 0).page(WHOLE)
    sizes.append(kept.memory.measure())
    kept = Views(max_bytes=sizes[1] * 10)
    with _at_least(2):
        views_made = [_view(kept, catalog, number) for number in range(10)]
        for view in views_made:
            view.page(WHOLE)
        views_made[0].page(WHOLE)
        for number in range(10, 12):
            _view(kept, catalog, number).page(WHOLE)
        dropped = [number for number, view in enumerate(views_made) if not view._lineages]
    assert dropped
    assert dropped == list(range(1, 1 + len(dropped))), "not the first, which was used again"


def test_many_small_views_are_all_kept() -> None:
    kept, catalog = Views(), Catalog(MODELS)
    made = [_view(kept, catalog, number) for number in range(1200)]
    for view in made:
        view.page(WHOLE)
    assert all(_view(kept, catalog, number) is view for number, view in enumerate(made))
    assert kept.memory.measure() < 1200 * 10_000


def test_a_view_that_was_dropped_while_a_caller_holds_it_is_counted_again_when_it_is_used() -> None:
    kept, catalog = Views(max_bytes=1), Catalog(MODELS)
    with _at_least(1):
        held = _view(kept, catalog, 0)
        body = held.page(WHOLE)
        _view(kept, catalog, 1).page(WHOLE)
        assert held._lineages == {}
        assert held.page(WHOLE) == body
        assert held in kept.memory._views
        _view(kept, catalog, 2).page(WHOLE)
        assert held._lineages == {}


def _answers(state: State) -> list[tuple[object, ...]]:
    bearer = [(b"authorization", b"Bearer " + SECRET.encode())]
    queries = (b"", b"limit=1000", b"limit=7&after_id=m020", b"limit=7&before_id=m020", b"lifecycle=retired")
    found = [ask(state, query=query) for query in queries]
    return [each[:3] for each in (*found, ask(state, b"/v1/models/m001"), ask(state, headers=bearer))]


def test_views_that_share_the_bytes_of_models_answer_the_same() -> None:
    many = [make_model(f"m{number:03}", f"2026-01-{number % 28 + 1:02}") for number in range(900)]
    state = make_state(many, visibility=Visibility(deny=("m007", "m1*")))
    with patch.object(views, "_COPYING_VIEWS", 0):
        gathered = _answers(replace(state, views=Views()))
    assert gathered == _answers(state)


def test_a_changed_catalogue_takes_the_place_of_the_one_before_it() -> None:
    kept, catalog = Views(), Catalog(MODELS)
    for number in range(5):
        changed = catalog.changed({"m001": make_model("m001", display_name=f"Name {number}")})
        _view(kept, changed, 0).page(WHOLE)
        assert (len(kept.memory), len(kept._views)) == (1, 1)
