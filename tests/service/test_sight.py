"""What rules let be seen: the same by the catalogue in memory as by the rows of the database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.access.visibility import Visibility
from callsheet.domain.catalog import Catalog
from callsheet.service.sight import look
from callsheet.service.sight_counts import MAX_REMEMBERED_RULES, count_listed
from tests.installation import Installation, make_model
from tests.tiers import examples

NAMES = ("claude-one", "claude-two", "claude-old", "qwen/a", "qwen[b]", "gone")
patterns = st.lists(
    st.sampled_from([*NAMES, "*", "claude-*", "qwen*", "qwen[b]", "[q]*", "nothing-*", "one"]), max_size=4
).map(tuple)
rules = st.lists(st.one_of(st.none(), st.builds(Visibility, patterns, patterns)), min_size=1, max_size=3)


@pytest.fixture
def filled(installation: Installation) -> Installation:
    """An installation with a model of each kind: listed, hidden, retired, removed; and an alias."""
    installation.clear_catalog()
    catalog = installation.catalog
    for name in NAMES:
        catalog.add(make_model(name))
    catalog.alias("one", "claude-one")
    catalog.retire("claude-old")
    catalog.hide("claude-two")
    catalog.remove("gone")
    return installation


@given(rules, st.one_of(st.none(), st.integers(1, 4)))
@examples(2)
def test_memory_and_database_agree(
    filled: Installation, wanted: list[Visibility | None], limit: int | None
) -> None:
    known = filled.live().current.catalog
    with filled.store.read() as reading:
        slow = look(reading, wanted, in_order=True, limit=limit)
        quick = look(reading, wanted, in_order=True, limit=limit, known=known)
    assert slow == quick
    assert all(limit is None or len(each.visible) <= limit for each in quick)


def test_counts_follow_the_catalogue() -> None:
    all_models = [make_model(f"model-{number}") for number in range(1000)]
    rule = Visibility(("model-1*",))
    catalog = Catalog(all_models)
    assert count_listed(catalog, rule) == 111
    fewer = catalog.changed({"model-100": None, "model-2": make_model("model-2", hidden=True)})
    assert count_listed(fewer, rule) == 110
    assert count_listed(fewer, Visibility()) == 998
    assert count_listed(catalog, rule) == 111


def test_many_rules_are_counted_one_after_the_other() -> None:
    catalog = Catalog([make_model(f"model-{number}") for number in range(300)])
    for number in range(MAX_REMEMBERED_RULES + 5):
        assert count_listed(catalog, Visibility((f"model-{number}",))) == 1
