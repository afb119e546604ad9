from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from operator import attrgetter

from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.catalog import Catalog
from callsheet.domain.model import Model
from callsheet.domain.times import EPOCH
from tests.tiers import examples

#: How many models stand in a fresh block.
FRESH = len(Catalog(Model(id=f"m{number}", display_name="M") for number in range(5000)).blocks[0].models)

NAMES = [f"m{number}" for number in range(12)]


def make(model_id: str, day: int = 0, line: str | None = None, name: str = "M") -> Model:
    return Model(id=model_id, display_name=name, created_at=EPOCH + timedelta(days=day), line=line)


@st.composite
def changes(draw: st.DrawFn) -> Mapping[str, Model | None]:
    """A few models set anew, at the same place or another, or dropped."""
    return {
        name: draw(
            st.none() | st.builds(make, st.just(name), st.integers(0, 3), st.sampled_from([None, "opus", "haiku"]))
        )
        for name in draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=5))
    }


names = st.sampled_from([*NAMES, "alias-1", "alias-2", "gone"])
aliases = st.dictionaries(st.sampled_from(["alias-1", "alias-2", "m1"]), st.none() | st.sampled_from(NAMES))
tombstones = st.dictionaries(
    names, st.none() | st.builds(lambda name, day: make(name, day).sort_key, names, st.just(2))
)


def assert_same(catalog: Catalog, anew: Catalog) -> None:
    """Nothing that can be asked tells one from the other, however their blocks were cut."""
    assert list(catalog) == list(anew) == sorted(anew, key=attrgetter("sort_key"))
    assert len(catalog) == len(anew)
    assert catalog.aliases() == anew.aliases()
    for name in [*NAMES, "alias-1", "alias-2", "gone", "absent"]:
        assert catalog.get(name) == anew.get(name)
        assert catalog.resolve(name) == anew.resolve(name)
        assert catalog.locate(name) == anew.locate(name)
    assert all(0 < len(block.models) <= 2 * FRESH for block in catalog.blocks)
    assert catalog.starts == [block.models[0].sort_key for block in catalog.blocks]


@given(st.lists(st.tuples(changes(), aliases, tombstones), max_size=6))
def test_a_changed_catalog_equals_a_new_one(
    rounds: list[tuple[Mapping[str, Model | None], dict[str, str | None], dict[str, str | None]]],
) -> None:
    models: dict[str, Model] = {}
    means: dict[str, str] = {}
    gone: dict[str, str] = {}
    catalog = Catalog()
    for changed, set_aliases, set_tombstones in rounds:
        old, before = catalog, list(catalog)
        models = {key: value for key, value in {**models, **changed}.items() if value is not None}
        means = {key: value for key, value in {**means, **set_aliases}.items() if value is not None}
        gone = {key: value for key, value in {**gone, **set_tombstones}.items() if value is not None}
        catalog = catalog.changed(changed, set_aliases, set_tombstones)
        assert_same(catalog, Catalog(models.values(), means, gone))
        assert list(old) == before


#: Several blocks, two models a day, so that many a block ends between two of one day.
MANY = [make(f"n{number:04}", number // 2) for number in range(1500)]
MANY_CATALOG = Catalog(MANY)

positions = st.integers(0, 1499)
edges = st.sampled_from(
    [MANY.index(model) for block in MANY_CATALOG.blocks for model in (block.models[0], block.models[-1])]
)


@examples(0.6)
@given(st.lists(st.tuples(st.sampled_from(["drop", "change", "move", "insert"]), positions | edges), max_size=12))
def test_a_changed_catalog_of_many_blocks_equals_a_new_one(steps: list[tuple[str, int]]) -> None:
    models = {model.id: model for model in MANY}
    changed: dict[str, Model | None] = {}
    for action, position in steps:
        model = MANY[position]
        if action == "insert":
            model = make(f"{model.id}-x", position // 2)
        elif action == "change":
            model = replace(model, display_name="Changed")
        elif action == "move":
            model = replace(model, created_at=EPOCH + timedelta(days=position % 800))
        changed[model.id] = None if action == "drop" else model
    models = {key: value for key, value in {**models, **changed}.items() if value is not None}
    assert_same(MANY_CATALOG.changed(changed), Catalog(models.values()))


@given(positions | edges, st.sampled_from(["drop", "change", "insert"]))
def test_a_change_shares_every_block_it_does_not_touch(position: int, action: str) -> None:
    model = MANY[position] if action != "insert" else make("new", position // 2)
    catalog = MANY_CATALOG.changed({model.id: None if action == "drop" else replace(model, display_name="New")})
    shared = [block for block in catalog.blocks if block in MANY_CATALOG.blocks]
    assert len(catalog.blocks) == len(MANY_CATALOG.blocks) == len(shared) + 1 > 2


def test_a_change_of_aliases_or_tombstones_shares_every_block() -> None:
    assert MANY_CATALOG.changed({}, {"alias": "n0001"}, {"gone": "0"}).blocks == MANY_CATALOG.blocks


def test_a_block_that_grows_is_split_and_its_neighbours_are_shared() -> None:
    catalog, models = MANY_CATALOG, list(MANY)
    sizes = [len(block.models) for block in catalog.blocks]
    for start in range(0, 1200, 8):  # few enough at a time to be worked in block by block
        fresh = [make(f"n0700-{number:04}", 350) for number in range(start, start + 8)]
        models += fresh
        catalog = catalog.changed({model.id: model for model in fresh})
    assert_same(catalog, Catalog(models))
    assert len(catalog.blocks) > len(sizes)
    assert catalog.blocks[0] is MANY_CATALOG.blocks[0]
    assert catalog.blocks[-1] is MANY_CATALOG.blocks[-1]


def test_a_block_that_loses_all_its_models_is_gone() -> None:
    catalog, left = MANY_CATALOG, set(MANY)
    middle = list(MANY_CATALOG.blocks[1].models)
    for start in range(0, len(middle), 8):
        catalog = catalog.changed({model.id: None for model in middle[start : start + 8]})
    left -= set(middle)
    assert_same(catalog, Catalog(left))
    assert catalog.blocks == (MANY_CATALOG.blocks[0], *MANY_CATALOG.blocks[2:])


def test_an_alias_is_not_an_id_and_an_id_comes_before_an_alias() -> None:
    catalog = Catalog([make("a"), make("b")], {"c": "a", "b": "a"})
    assert catalog.get("c") is None
    assert catalog.resolve("c") == make("a")
    assert catalog.resolve("b") == make("b")
    assert catalog.resolve("absent") is None
    assert catalog.aliases() == {"b": "a", "c": "a"}


def test_a_removed_model_keeps_its_place_as_a_cursor_even_when_an_alias_takes_its_name() -> None:
    catalog = Catalog([make("a", 3)], {"gone": "a"}, {"gone": make("gone", 1).sort_key})
    assert catalog.locate("gone") == ("gone", make("gone", 1).sort_key)
    assert catalog.resolve("gone") == make("a", 3)
    assert Catalog([make("a", 3)], {"c": "a"}).locate("c") == ("a", make("a", 3).sort_key)
    assert catalog.locate("absent") is None


def test_a_catalog_of_nothing_has_no_blocks() -> None:
    assert Catalog().blocks == ()
    assert list(Catalog()) == []
    assert_same(Catalog().changed({"a": None}), Catalog())
    assert_same(Catalog([make("m1")]).changed({"m1": None}), Catalog())
