from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.shards import Shards

keys = st.text(max_size=3)
steps = st.lists(st.dictionaries(keys, st.none() | st.integers(), max_size=4), max_size=6)


@given(st.dictionaries(keys, st.integers()), steps)
def test_shards_are_a_dictionary(first: dict[str, int], changes: list[dict[str, int | None]]) -> None:
    model, shards = first.copy(), Shards(first.items())
    for change in changes:
        for key, value in change.items():
            model.pop(key, None)
            if value is not None:
                model[key] = value
        shards = shards.changed(change)
        assert dict(shards.items()) == model
        assert sorted(shards) == sorted(model)
        assert len(shards) == len(model)
        for key in {*model, *change, "absent"}:
            assert shards.get(key) == model.get(key)
            assert (key in shards) == (key in model)


@given(st.dictionaries(keys, st.integers()), st.dictionaries(keys, st.none() | st.integers()))
def test_a_change_leaves_the_shards_before_it_as_they_were(
    first: dict[str, int], change: dict[str, int | None]
) -> None:
    before = Shards(first.items())
    before.changed(change)
    assert dict(before.items()) == first


def test_two_empty_ones_share_nothing_that_can_be_written_to() -> None:
    one: Shards[int] = Shards()
    assert one.changed({"a": 1}).get("a") == 1
    assert Shards().get("a") is None
    assert one.get("a") is None
