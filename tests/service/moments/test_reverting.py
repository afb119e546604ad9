"""After a revert, the catalogue is what it was."""

from collections.abc import Callable
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.history.moment import Moment
from callsheet.service.moments.reverting import RevertService
from tests.domain.changes.acts import NOW, content
from tests.service.moments.replay import Event, Replay, histories
from tests.tiers import examples

LATER = NOW + timedelta(days=30)


@examples(1)
@given(histories, st.integers(0, 1_000))
def test_after_a_revert_models_and_aliases_are_what_they_were(
    replays: Callable[[], Replay], drawn: list[Event], chosen: int
) -> None:
    replay = replays()
    replay.play(drawn)
    if not replay.observed:
        return
    then = replay.observed[chosen % len(replay.observed)]
    service = RevertService(replay.store, "ada", lambda: LATER)
    service.models(Moment(None, then.revision))
    with replay.store.read() as reading:
        now = content(reading)
    assert {name: now[name] for name in ("models", "aliases")} == {
        name: then.content[name] for name in ("models", "aliases")
    }
    assert not service.models(Moment(None, then.revision)).changes
