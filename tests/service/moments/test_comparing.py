"""What differs between two moments: it composes, and names who did it."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.changes.change import Subject
from callsheet.domain.history.difference import Difference, Kind
from callsheet.domain.history.moment import Moment
from callsheet.service.moments.comparing import Compared, compare_moments
from callsheet.storage.store import Store
from tests.domain.changes.acts import NOW
from tests.installation import Installation, again_on_postgresql, make_model, now
from tests.service.moments.replay import Event, Replay, histories
from tests.tiers import examples

LATER = NOW + timedelta(days=30)

#: What each thing was, and what it became.
Sides = dict[tuple[str, str], tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]]


def compared(store: Store, first: int, second: int) -> Compared:
    with store.read() as reading:
        return compare_moments(reading, Moment(None, first), Moment(None, second), LATER)


def sides(found: Compared) -> Sides:
    return {(each.kind, each.subject): (each.before, each.after) for each in found.differences}


def composed(first: Sides, second: Sides) -> Sides:
    """What two comparisons, one after the other, come to."""
    both = {}
    for key in first.keys() | second.keys():
        before = first[key][0] if key in first else second[key][0]
        after = second[key][1] if key in second else first[key][1]
        if before != after:
            both[key] = (before, after)
    return both


@examples(0.5)
@given(histories, st.tuples(*[st.integers(0, 1_000)] * 3))
def test_two_comparisons_that_follow_each_other_come_to_that_of_their_ends(
    replays: Callable[[], Replay], drawn: list[Event], chosen: tuple[int, int, int]
) -> None:
    replay = replays()
    replay.play(drawn)
    if not replay.observed:
        return
    a, b, c = (replay.observed[each % len(replay.observed)].revision for each in chosen)
    store = replay.store
    assert composed(sides(compared(store, a, b)), sides(compared(store, b, c))) == sides(compared(store, a, c))
    assert sides(compared(store, b, a)) == {
        key: (was, is_) for key, (is_, was) in sides(compared(store, a, b)).items()
    }


@again_on_postgresql
def test_each_difference_has_what_became_of_the_thing_and_its_last_change(empty: Installation) -> None:
    empty.add(make_model("a"), make_model("b"))
    with empty.store.read() as reading:
        start = reading.first_position()
        assert start is not None
        began = max(each.revision for each in reading.changes())
    empty.catalog.change("a", {"display_name": "One"})
    empty.catalog.change("a", {"display_name": "Two"})
    empty.catalog.remove("b")
    empty.catalog.alias("short", "a")
    key = empty.access.create_key("bot").key
    empty.catalog.add(make_model("gone"))
    empty.catalog.remove("gone")
    with empty.store.read() as reading:
        found = compare_moments(reading, Moment(None, began), Moment(now()), now())
    assert [(each.what, each.kind, each.subject) for each in found.differences] == [
        (Kind.CHANGED, Subject.MODEL, "a"),
        (Kind.REMOVED, Subject.MODEL, "b"),
        (Kind.ADDED, Subject.ALIAS, "short"),
        (Kind.ADDED, Subject.KEY, key.id),
    ]
    changed: Difference = found.differences[0]
    assert changed.last is not None
    assert (changed.last.revision, changed.last.actor) == (began + 2, "test")
    assert changed.before is not None
    assert changed.after is not None
    assert (changed.before["display_name"], changed.after["display_name"]) == ("a", "Two")
    assert "fingerprint" not in str(found.record())
