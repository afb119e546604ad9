"""What is read of an earlier moment is what there was."""

from collections.abc import Callable
from datetime import timedelta

from hypothesis import given

from callsheet.domain.history.moment import Moment
from callsheet.service.moments.store import find_moment
from tests.domain.changes.acts import NOW
from tests.service.moments.replay import Event, Replay, histories, observation
from tests.tiers import examples

LATER = NOW + timedelta(days=30)


@examples(0.5)
@given(histories)
def test_a_reading_as_of_each_revision_and_of_each_time_is_what_was_observed_then(
    replays: Callable[[], Replay], drawn: list[Event]
) -> None:
    replay = replays()
    replay.play(drawn)
    with replay.store.read() as present:
        for then in replay.observed:
            for moment in (Moment(None, then.revision), Moment(then.at), Moment(then.at + timedelta(seconds=59))):
                found = find_moment(present, moment, LATER)
                assert found.as_of.revision == then.revision
                assert observation(found.reading, then.at) == then
