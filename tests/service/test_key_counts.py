"""Keys are counted as by going through all of them, however they have changed since the last count."""

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.access.key import APIKey
from callsheet.domain.shards import Shards
from callsheet.service.key_counts import count_working_keys
from tests.service.test_impact import DAY, NOW, ROOMS, World, drawn_keys


@given(st.lists(st.lists(drawn_keys, max_size=6), max_size=4), st.sampled_from([-1, 0, 1, 2]))
def test_keys_are_counted_by_what_has_changed(steps: list[list[APIKey]], day: int) -> None:
    now = (NOW + day * DAY).timestamp()
    state = World().state()
    for step in steps:
        state = replace(state, keyring=state.keyring.changed(step))
        working = [key for _, key in state.keyring.credentials() if key.usable and key.expires > now]
        assert +count_working_keys(state, now) == Counter(key.workspace_id or ROOMS[0] for key in working)


@given(*[st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 2))] * 2)
def test_shards_say_what_differs(first: dict[str, int], second: dict[str, int]) -> None:
    changes: dict[str, int | None] = {**dict.fromkeys(first), **second}
    for other in (Shards(second.items()), Shards(first.items()).changed(changes)):
        found = {key: (own, before) for key, own, before in other.differing(Shards(first.items()))}
        assert found == {
            key: (second.get(key), first.get(key))
            for key in {**first, **second}
            if second.get(key) != first.get(key)
        }
