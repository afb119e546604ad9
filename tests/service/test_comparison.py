"""What is different between two catalogues is what a walk over every model finds, however models are counted."""

from collections.abc import Iterator
from itertools import islice, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.access.visibility import SEES_ALL, Visibility
from callsheet.domain.access.workspace import Shape
from callsheet.domain.catalog import Catalog
from callsheet.domain.model import Model
from callsheet.domain.plan.ids import Ids
from callsheet.service.comparison import Comparison, Rules
from callsheet.service.explain.seeing import first_models
from callsheet.service.impact import impact_of
from callsheet.service.sight_counts import MAX_REMEMBERED_PAIRS, shift
from callsheet.service.state.changed import changed_state
from tests.installation import make_model
from tests.service.test_impact import NOW, World, changes_between, pairs, patterns, worlds
from tests.service.walking_comparison import walk
from tests.tiers import examples

drawn_rules = st.one_of(
    st.none(), st.builds(Rules, st.builds(Visibility, patterns, patterns), st.sampled_from(Shape))
)


@pytest.fixture(params=[0, 2, 1000])
def few(request: pytest.FixtureRequest) -> Iterator[int]:
    """Small blocks, and so many ids that are found at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("callsheet.domain.catalog._FRESH_BLOCK_MODELS", 2)
        patch.setattr("callsheet.domain.catalog.MAX_BLOCK_MODELS", 3)
        patch.setattr("callsheet.domain.plan.ids.MAX_FOUND_IDS", request.param)
        yield request.param


@examples(2)
@given(pairs, drawn_rules, drawn_rules)
def test_what_is_different_is_what_a_walk_over_every_model_finds(
    few: int, pair: tuple[World, World], was: Rules | None, now: Rules | None
) -> None:
    before = pair[0].state()
    changes = changes_between(*pair)
    after = changed_state(before, changes)
    sides = (before.catalog, after.catalog)
    old, new = (
        rules and rules._replace(visibility=rules.visibility.among(side.has_id))
        for rules, side in zip((was, now), sides, strict=True)
    )
    models = [change.subject for change in changes if change.subject in {*pair[0].models, *pair[1].models}]
    comparison = Comparison(*sides, models, to_openai=before.options.openai_dialect)
    for first, second in product((old,), (new, old)):
        found = comparison.difference(first, second).fields()
        plain = {name: each if isinstance(each, bool) else list(each) for name, each in found.items()}
        assert plain == walk(*sides, first, second, to_openai=before.options.openai_dialect)
        assert all(
            isinstance(each, tuple) or len(each) > few for each in found.values() if not isinstance(each, bool)
        )


@given(pairs)
def test_a_plan_names_the_first_models_and_counts_all(pair: tuple[World, World]) -> None:
    impact = impact_of(pair[0].state(), changes_between(*pair), NOW)
    whole, cut = impact.record()["audiences"], impact.record(1)["audiences"]
    for every, first in zip(whole, cut, strict=True):
        counts = first.pop("counts")
        assert counts == {name: len(every[name]) for name in counts}
        assert first == {name: ids[:1] if name in counts else ids for name, ids in every.items()}


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=3), max_size=4), st.integers(-9, 9))
def test_ids_are_a_sequence(parts: list[list[str]], place: int) -> None:
    def ids() -> Ids:
        return Ids([(len(part), part.copy) for part in parts])

    every = [each for part in parts for each in part]
    assert (list(ids()), len(ids())) == (every, len(every))
    assert ids() == ids()
    assert hash(ids()) == hash(ids())
    assert list(ids()[:place]) == every[:place]
    assert list(ids()[place:]) == every[place:]
    if -len(every) <= place < len(every):
        assert ids()[place] == every[place]
    else:
        with pytest.raises(IndexError):
            ids()[place]
    assert ids() != Ids([(1, ["d"].copy)])


def test_a_new_caller_is_counted_without_looking_at_each_model(monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = Catalog([make_model(f"model-{number:04}") for number in range(2000)])
    rules = Rules(SEES_ALL, Shape.CURRENT)
    compared = Comparison(catalog, catalog, (), to_openai=True)
    compared.difference(None, rules)
    looked_at: list[str] = []
    get = Catalog.get

    def counted(self: Catalog, model_id: str) -> Model | None:
        looked_at.append(model_id)
        return get(self, model_id)

    monkeypatch.setattr(Catalog, "get", counted)
    found = Comparison(catalog, catalog, (), to_openai=True).difference(None, rules).fields()["gains"]
    assert (len(found), looked_at) == (2000, [])
    assert list(found[:3]) == ["model-0000", "model-0001", "model-0002"]
    assert len(looked_at) <= 2 * 256


@pytest.mark.usefixtures("few")
@given(worlds(), st.integers(0, 9), drawn_rules, drawn_rules)
def test_the_first_models_are_compared_as_if_there_were_no_others(
    world: World, most: int, first: Rules | None, second: Rules | None
) -> None:
    catalog = world.state().catalog
    start = Catalog(islice(catalog, most))
    blocks = list(first_models(catalog.blocks, most))
    found = Comparison(catalog, catalog, (), to_openai=True, blocks=blocks).difference(first, second).groups
    alone = Comparison(start, start, (), to_openai=True).difference(first, second).groups
    assert [list(each) for each in found] == [list(each) for each in alone]


def test_many_pairs_of_rules_are_counted_one_after_the_other() -> None:
    (block,) = Catalog([make_model(f"model-{number}") for number in range(100)]).blocks
    for number in range(MAX_REMEMBERED_PAIRS + 5):
        assert shift(block, Visibility((f"model-{number}",)), SEES_ALL)[:4] == (99, 0, 0, 0)
