"""Which revision a moment falls into, and of which moments nothing is known."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.errors import ConflictError, DoesNotExistError
from callsheet.domain.history.moment import Moment
from callsheet.service.catalog import CatalogService
from callsheet.service.maintenance.backup import back_up
from callsheet.service.maintenance.restore import restore
from callsheet.service.moments.locating import Located, locate
from callsheet.storage.store import Store
from tests.domain.changes.acts import NOW
from tests.installation import Installation, again_on_postgresql, make_model
from tests.service.conftest import silent
from tests.service.moments.replay import Replay
from tests.tiers import examples

LATER = datetime(2030, 1, 1, tzinfo=UTC)


def located(store: Store, moment: Moment, now: datetime = LATER) -> Located:
    with store.read() as reading:
        return locate(reading, moment, now)


def add_at(store: Store, *times: datetime) -> list[int]:
    """Add a model at each of these times; return the revisions."""
    revisions = []
    for at in times:
        with store.read() as reading:
            number = len(list(reading.model_ids()))
        CatalogService(store, "ada", lambda at=at: at).add(make_model(f"m-{number}"))  # type: ignore[misc]
        with store.read() as reading:
            installation = reading.installation()
            assert installation is not None
            revisions.append(installation.revision)
    return revisions


@again_on_postgresql
def test_of_two_changes_in_one_second_each_is_found_by_its_fraction(empty: Installation) -> None:
    second = datetime(2027, 1, 1, 12, tzinfo=UTC)
    parts = [timedelta(0), timedelta(milliseconds=50), timedelta(milliseconds=500), timedelta(microseconds=500_001)]
    revisions = add_at(empty.store, *(second + part for part in parts))
    for part, revision in zip(parts, revisions, strict=True):
        assert located(empty.store, Moment(second + part)).as_of.revision == revision
        just_before = located(empty.store, Moment(second + part - timedelta(microseconds=1)))
        assert just_before.as_of.revision == revision - 1
    assert located(empty.store, Moment(second + timedelta(days=1))).as_of.revision == revisions[-1]


@again_on_postgresql
def test_a_time_in_another_zone_is_the_same_moment(empty: Installation) -> None:
    at = datetime(2027, 1, 1, 23, 30, tzinfo=UTC)
    (revision,) = add_at(empty.store, at)
    there = at.astimezone(timezone(timedelta(hours=13, minutes=45)))
    assert located(empty.store, Moment(there)).as_of == (at, revision, False)
    assert located(empty.store, Moment(there - timedelta(seconds=1))).as_of.revision == revision - 1


def test_a_clock_that_was_ahead_for_a_while_hides_no_later_change(empty: Installation) -> None:
    noon = datetime(2027, 1, 1, 12, tzinfo=UTC)
    first, ahead, last = add_at(empty.store, noon, noon + timedelta(hours=3), noon + timedelta(minutes=5))
    assert located(empty.store, Moment(noon + timedelta(minutes=1))).as_of.revision == first
    assert located(empty.store, Moment(noon + timedelta(minutes=6))).as_of.revision == last
    assert located(empty.store, Moment(noon + timedelta(hours=4))).as_of.revision in (ahead, last)
    for revision in (first, ahead, last):
        assert located(empty.store, Moment(None, revision)).as_of.revision == revision


@examples(0.5)
@given(st.lists(st.integers(0, 3_000), min_size=1, max_size=8), st.integers(-10, 3_010))
def test_a_time_means_the_latest_change_that_is_not_after_it(
    replays: Callable[[], Replay], steps: list[int], asked: int
) -> None:
    store = replays().store
    times = [NOW + timedelta(milliseconds=sum(steps[: number + 1])) for number in range(len(steps))]
    revisions = add_at(store, *times)
    moment = NOW + timedelta(milliseconds=asked)
    expected = max((each for time, each in zip(times, revisions, strict=True) if time <= moment), default=None)
    if expected is not None:
        assert located(store, Moment(moment)).as_of.revision == expected


def test_before_the_first_change_and_after_the_last_revision_is_refused(empty: Installation) -> None:
    early = "^The change records begin with revision 1 at .*; name a moment that is not earlier.$"
    with pytest.raises(DoesNotExistError, match=early):
        located(empty.store, Moment(datetime(2020, 1, 1, tzinfo=UTC)))
    with pytest.raises(DoesNotExistError, match=early):
        located(empty.store, Moment(None, 0))
    with pytest.raises(DoesNotExistError, match=r"^There is no revision 99 yet; the last one is"):
        located(empty.store, Moment(None, 99))


@again_on_postgresql
def test_what_a_restore_replaced_is_refused_and_the_rest_is_known(empty: Installation, tmp_path: Path) -> None:
    day = datetime(2027, 1, 1, tzinfo=UTC)
    (kept,) = add_at(empty.store, day)
    back_up(empty.store, tmp_path / "backup.db", silent)
    lost = add_at(empty.store, day + timedelta(days=1), day + timedelta(days=2))
    restored = restore(
        tmp_path / "backup.db", empty.store, "ada", lambda: day + timedelta(days=5), silent, replace=True
    )
    (after,) = add_at(empty.store, day + timedelta(days=6))
    refused = f"^What there was between .* .revision {kept}. and .* .revision {restored.revision}. is not known"
    for moment in (*(Moment(None, each) for each in lost), Moment(day + timedelta(days=3))):
        with pytest.raises(ConflictError, match=refused):
            located(empty.store, moment)
    known = {kept: day, restored.revision: day + timedelta(days=5), after: day + timedelta(days=6)}
    for revision, at in known.items():
        assert located(empty.store, Moment(None, revision)).as_of == (at, revision, False)
        assert located(empty.store, Moment(at)).as_of.revision == revision


def test_now_is_the_present_although_another_clock_was_ahead(empty: Installation) -> None:
    noon = datetime(2027, 1, 1, 12, tzinfo=UTC)
    (ahead,) = add_at(empty.store, noon + timedelta(seconds=5))
    assert located(empty.store, Moment(noon), now=noon).as_of == (noon, ahead, False)
    assert located(empty.store, Moment(noon), now=noon + timedelta(seconds=1)).as_of.revision == ahead - 1
