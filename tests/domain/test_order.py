from datetime import datetime, timedelta
from operator import attrgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.model import Model
from callsheet.domain.ordering import SORT_KEY_PREFIX, sort_key
from callsheet.domain.times import EPOCH
from tests.strategies import LINES, instants, model_ids

RANKS = {"mythos": 0, "fable": 1, "opus": 2, "sonnet": 3, "haiku": 4}

#: Few ids and times, so that ties are the rule.
created = st.sampled_from([EPOCH, EPOCH + timedelta(microseconds=1), EPOCH + timedelta(days=20_000)]) | instants()
ids = st.sampled_from(["a", "b", "a-1", "a/1", "A", "a.1", "~", "0"]) | model_ids

models = st.builds(
    lambda model_id, created_at, line: Model(id=model_id, display_name="M", created_at=created_at, line=line),
    ids,
    created,
    st.sampled_from(LINES),
)


def _place(model: Model) -> tuple[timedelta, int, str]:
    """The order as the contract says it."""
    return EPOCH - model.created_at, RANKS.get(model.line or "", 5), model.id


@given(st.lists(models, max_size=30))
def test_sort_keys_sort_by_time_descending_then_line_then_id(drawn: list[Model]) -> None:
    assert sorted(drawn, key=attrgetter("sort_key")) == sorted(drawn, key=_place)


@given(models, models)
def test_sort_keys_are_equal_only_where_the_places_are(one: Model, other: Model) -> None:
    assert (one.sort_key == other.sort_key) == (_place(one) == _place(other))


@given(models)
def test_the_id_stands_at_the_end_of_the_sort_key(model: Model) -> None:
    assert model.sort_key[SORT_KEY_PREFIX:] == model.id


@pytest.mark.parametrize("line", [None, "nova", "an-open-list"])
def test_a_line_without_a_rank_sorts_like_none(line: str | None) -> None:
    assert sort_key(EPOCH, line, "a") == sort_key(EPOCH, None, "a")


def test_ties_are_broken_by_line_then_by_id() -> None:
    keys = [sort_key(EPOCH, line, "a") for line in ("mythos", "fable", "opus", "sonnet", "haiku", None)]
    assert keys == sorted(keys)
    assert sort_key(EPOCH, "opus", "Z") < sort_key(EPOCH, "opus", "a") < sort_key(EPOCH, "sonnet", "A")


def test_the_last_instant_there_is_sorts_before_all_others() -> None:
    last = datetime.max.replace(tzinfo=EPOCH.tzinfo)
    assert sort_key(last, None, "z") < sort_key(last - timedelta(microseconds=1), "mythos", "a")
