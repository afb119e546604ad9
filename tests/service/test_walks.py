"""Walks: pages one after another, while the catalogue changes between them (contract, section 3).

What is not done to a model during a walk: to edit its ``created_at``, which moves it, or its ``line``, which
moves it among the models of the same time.
"""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.api.rendering import WireFormat
from callsheet.api.views import Views
from callsheet.domain.access.visibility import SEES_ALL, Visibility
from callsheet.domain.catalog import Catalog
from callsheet.domain.errors import InvalidRequestError
from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.query import ListQuery
from callsheet.domain.times import EPOCH
from tests.service.walking import ACTIONS, Page, Place, World, reference_page
from tests.tiers import examples

#: Ids that share beginnings and endings, of few times and lines, so that ties are the rule.
IDS = [f"{maker}-{number}" for maker in ("ant", "gpt", "ant/x") for number in range(5)]
LINES = [None, "opus", "haiku", "nova"]

limits = st.integers(1, 6) | st.sampled_from([20, 1000])
filters = st.just(frozenset({Lifecycle.ACTIVE, Lifecycle.DEPRECATED})) | st.sets(
    st.sampled_from(Lifecycle), min_size=1
).map(frozenset)
patterns = st.lists(st.sampled_from(["ant-*", "*-1", "gpt-[0-3]", "*", "ant/*", "?pt-*"]), max_size=2).map(tuple)
visibilities = st.just(SEES_ALL) | st.builds(lambda allow, deny: Visibility(allow, deny), patterns, patterns)
actions = st.tuples(st.sampled_from(ACTIONS), st.sampled_from(IDS))
interludes = st.lists(st.lists(actions, max_size=3), max_size=8)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    world = World(
        [
            Model(
                id=model_id,
                display_name=model_id,
                created_at=EPOCH + timedelta(days=draw(st.integers(0, 2))),
                line=draw(st.sampled_from(LINES)),
            )
            for model_id in IDS
        ]
    )
    for model_id in draw(st.lists(st.sampled_from(IDS), unique=True)):
        world.act("add", model_id)
    for action, model_id in draw(st.lists(actions, max_size=6)):
        world.act(action, model_id)
    return world


class Walk:
    """One beholder asking for pages, each of which is held against the reference on the way."""

    def __init__(
        self, world: World, visibility: Visibility = SEES_ALL, lifecycles: frozenset[Lifecycle] | None = None
    ) -> None:
        self.world = world
        self.visibility = visibility
        self.lifecycles = lifecycles or frozenset({Lifecycle.ACTIVE, Lifecycle.DEPRECATED})
        self.views = Views()
        self.visited: list[str] = []
        self.throughout = set(self.listed())

    def listed(self) -> list[Place]:
        return self.world.listed(self.visibility, self.lifecycles)

    def page(self, limit: int, after_id: str | None = None, before_id: str | None = None) -> Page:
        view = self.views.get(self.world.catalog, self.visibility, WireFormat.CLASSIC)
        body = json.loads(bytes(view.page(ListQuery(limit, after_id, before_id, self.lifecycles)).content))
        ids = [model["id"] for model in body["data"]]
        after, before = (
            None if name is None else self.world.locate(name, self.visibility) for name in (after_id, before_id)
        )
        page = Page(ids, body["has_more"])
        assert page == reference_page(self.listed(), limit, after, before)
        assert (body["first_id"], body["last_id"]) == ((ids[0], ids[-1]) if ids else (None, None))
        assert list(body) == ["data", "has_more", "first_id", "last_id"]
        self.visited += ids
        return page

    def change(self, deeds: list[tuple[str, str]]) -> None:
        for action, model_id in deeds:
            self.world.act(action, model_id)
            self.throughout &= set(self.listed())

    def forward(
        self,
        sizes: Iterator[int],
        script: list[list[tuple[str, str]]],
        after_id: str | None = None,
        before_id: str | None = None,
    ) -> None:
        """As SDKs do: on with ``after_id=last_id`` while there is more."""
        pending = iter(script)
        while True:
            page = self.page(next(sizes), after_id, before_id)
            if not page.has_more:
                return
            after_id = page.ids[-1]
            self.change(next(pending, []))

    def backward(self, sizes: Iterator[int], script: list[list[tuple[str, str]]], before_id: str) -> None:
        """As SDKs do when begun so: on with ``before_id=first_id`` while there is more."""
        pending = iter(script)
        while True:
            page = self.page(next(sizes), None, before_id)
            if not page.has_more:
                return
            before_id = page.ids[0]
            self.change(next(pending, []))

    def assert_once_each(self, after: Place | None = None, before: Place | None = None) -> None:
        """Nothing twice, and nothing missed that was listed throughout between these places."""
        assert len(self.visited) == len(set(self.visited))
        wanted = {
            place[-1]
            for place in self.throughout
            if (after is None or place > after) and (before is None or place < before)
        }
        assert wanted <= set(self.visited)


def cycled(sizes: list[int]) -> Iterator[int]:
    while True:
        yield from sizes


sizes_drawn = st.lists(limits, min_size=1, max_size=5)


@examples(3)
@given(worlds(), visibilities, filters, sizes_drawn, interludes)
def test_a_walk_forward_visits_each_model_once_whatever_is_changed_meanwhile(
    world: World,
    visibility: Visibility,
    lifecycles: frozenset[Lifecycle],
    sizes: list[int],
    script: list[list[tuple[str, str]]],
) -> None:
    walk = Walk(world, visibility, lifecycles)
    walk.forward(cycled(sizes), script)
    walk.assert_once_each()


@examples(3)
@given(worlds(), visibilities, filters, sizes_drawn, interludes, st.sampled_from(IDS))
def test_a_walk_backward_visits_each_newer_model_once_whatever_is_changed_meanwhile(
    world: World,
    visibility: Visibility,
    lifecycles: frozenset[Lifecycle],
    sizes: list[int],
    script: list[list[tuple[str, str]]],
    start: str,
) -> None:
    before = world.locate(start, visibility)
    if before is None:
        return
    walk = Walk(world, visibility, lifecycles)
    walk.backward(cycled(sizes), script, start)
    walk.assert_once_each(before=before)


@examples(2)
@given(worlds(), visibilities, filters, sizes_drawn, interludes, st.sampled_from(IDS), st.sampled_from(IDS))
def test_a_walk_with_both_cursors_visits_each_model_between_once_whatever_is_changed_meanwhile(
    world: World,
    visibility: Visibility,
    lifecycles: frozenset[Lifecycle],
    sizes: list[int],
    script: list[list[tuple[str, str]]],
    start: str,
    end: str,
) -> None:
    after, before = world.locate(start, visibility), world.locate(end, visibility)
    if after is None or before is None:
        return
    walk = Walk(world, visibility, lifecycles)
    walk.forward(cycled(sizes), script, start, end)
    walk.assert_once_each(after, before)


names = st.sampled_from([*IDS, *(f"{model_id}-latest" for model_id in IDS), "unknown"])
questions = st.tuples(filters, limits, st.none() | names, st.none() | names)


@examples(2)
@given(worlds(), visibilities, st.lists(questions, min_size=1, max_size=6))
def test_any_page_is_that_of_the_reference_and_an_unknown_cursor_is_refused(
    world: World,
    visibility: Visibility,
    asked: list[tuple[frozenset[Lifecycle], int, str | None, str | None]],
) -> None:
    walk = Walk(world, visibility)
    for lifecycles, limit, after_id, before_id in asked:
        walk.lifecycles = lifecycles
        cursors = {"after_id": after_id, "before_id": before_id}
        unknown = [name for name, id_ in cursors.items() if id_ is not None and not world.locate(id_, visibility)]
        if unknown:
            with pytest.raises(InvalidRequestError) as refusal:
                walk.page(limit, after_id, before_id)
            assert str(refusal.value) == f"Invalid pagination cursor for '{unknown[0]}'"
        else:
            walk.page(limit, after_id, before_id)


@examples(1)
@given(worlds(), sizes_drawn)
def test_forward_and_backward_are_the_same_walk_where_nothing_changes(world: World, sizes: list[int]) -> None:
    forward, backward = Walk(world), Walk(world)
    forward.forward(cycled(sizes), [])
    if forward.visited:
        backward.backward(cycled(sizes), [], forward.visited[-1])
        assert sorted([*backward.visited, forward.visited[-1]]) == sorted(forward.visited)


# The same in a catalogue of several blocks, whose models share their times by three.

MANY = [
    Model(id=f"m{number:04}", display_name="M", created_at=EPOCH + timedelta(days=number // 3))
    for number in range(1300)
]
LARGE = Catalog(MANY)
EDGES = [model.id for block in LARGE.blocks for model in (*block.models[:2], *block.models[-2:])]
_views = Views()  # what is prepared of a block is good for every example

many_ids = st.sampled_from([model.id for model in MANY]) | st.sampled_from(EDGES)
many_actions = st.tuples(st.sampled_from(ACTIONS), many_ids)
many_limits = st.lists(st.integers(90, 700) | st.sampled_from([276, 512, 1000]), min_size=1, max_size=4)
many_scripts = st.lists(st.lists(many_actions, max_size=12), max_size=8)


def large_world() -> World:
    world = World(MANY)
    world.models = world.born.copy()
    world.catalog = LARGE
    return world


@examples(0.6)
@given(many_limits, many_scripts, st.booleans(), many_ids)
def test_walks_through_a_large_catalogue_visit_each_model_once_both_ways(
    sizes: list[int], script: list[list[tuple[str, str]]], forward: bool, start: str
) -> None:
    world = large_world()
    place = world.locate(start, SEES_ALL)
    walk = Walk(world)
    walk.views = _views
    if forward:
        walk.forward(cycled(sizes), script, start)
        walk.assert_once_each(after=place)
    else:
        walk.backward(cycled(sizes), script, start)
        walk.assert_once_each(before=place)


def test_before_id_gives_the_models_next_to_the_cursor_still_newest_first() -> None:
    world = World([Model(id=name, display_name=name) for name in "ABCDE"])
    for name in "ABCDE":
        world.act("add", name)
    assert Walk(world).page(2, None, "E") == Page(["C", "D"], has_more=True)
    assert Walk(world).page(2, None, "C") == Page(["A", "B"], has_more=False)
    assert Walk(world).page(1, "A", "D") == Page(["B"], has_more=True)
    assert Walk(world).page(2, "A", "D") == Page(["B", "C"], has_more=False)
    assert Walk(world).page(20, "D", "A") == Page([], has_more=False)
    assert Walk(world).page(20, "E") == Page([], has_more=False)
    assert Walk(world).page(20, None, "A") == Page([], has_more=False)
    world.act("remove", "C")
    assert Walk(world).page(20, "C") == Page(["D", "E"], has_more=False)
