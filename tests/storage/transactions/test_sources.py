"""Sources, the states of their runs, what they no longer list, and who may run them."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.changes.change import Action, Change
from callsheet.domain.sources.absence import Absence
from callsheet.domain.sources.source import SourceRecord
from callsheet.domain.sources.state import SourceState
from callsheet.storage.store import Store
from callsheet.storage.transactions.write import WriteTransaction
from tests.storage.files import NOW
from tests.storage.transactions.test_rows import trial
from tests.strategies import instants
from tests.tiers import examples, repeated

texts = st.none() | st.text("aé\u2028'\"", max_size=8)
times = st.none() | instants()
json_values = st.dictionaries(st.text("ab", max_size=2), st.none() | st.integers() | st.text("é", max_size=2))

states = st.builds(
    SourceState,
    name=st.just("up"),
    paused=st.booleans(),
    next_run_at=times,
    last_run_at=times,
    last_good_at=times,
    last_outcome=st.none() | st.sampled_from(["unchanged", "applied", "quarantined", "failed"]),
    last_error=texts,
    failures=st.integers(0, 1000),
    etag=texts,
    last_modified=texts,
    digest=st.none() | st.just("0" * 64),
    counts=st.dictionaries(st.sampled_from(["listed", "dropped"]), st.integers(0, 10**6)),
    pending=st.none() | json_values,
    memory=json_values,
)


def source(name: str = "up", position: int = 1, **config: Any) -> SourceRecord:
    return SourceRecord(name, position, config, NOW)


def add(writing: WriteTransaction, *sources: SourceRecord) -> None:
    writing.apply([Change(Action.ADD, None, each) for each in sources])


def revision(writing: WriteTransaction) -> int:
    installation = writing.installation()
    assert installation is not None
    return installation.revision


@given(states)
@examples(repeated(5, 8))
def test_in_short_a_state_is_as_it_is_but_for_what_waits(shared: Store, state: SourceState) -> None:
    with trial(shared) as writing:
        add(writing, source())
        writing.put_source_state(state)
        short = replace(state, pending=None if state.pending is None else {})
        assert writing.source_states_in_short() == {"up": short}


def test_a_source_is_recorded_and_its_state_begins_with_nothing(shared: Store) -> None:
    with trial(shared) as writing:
        first, second = source("up", 2, url="http://up"), source("first", 1)
        add(writing, first, second)
        assert writing.sources() == [second, first]
        assert (writing.source("up"), writing.source("down")) == (first, None)
        assert writing.source_states() == {name: SourceState(name) for name in ("up", "first")}
        writing.apply([Change(Action.CHANGE, first, source("up", 3))])
        assert writing.source("up") == source("up", 3)
        record = writing.changes("up")[0]
        assert (record.kind, record.before, record.after) == ("source", first.record(), source("up", 3).record())


def test_a_source_goes_with_its_state_and_absences(shared: Store) -> None:
    with trial(shared) as writing:
        add(writing, source("up"), source("down"))
        for name in ("up", "down"):
            writing.put_absences(name, [Absence("m", NOW, 1)])
        writing.apply([Change(Action.REMOVE, source("up"), None)])
        assert [each.name for each in writing.sources()] == ["down"]
        assert [*writing.source_states()] == ["down"]
        assert (writing.absences("up"), writing.absences("down")) == ({}, {"m": Absence("m", NOW, 1)})


@examples(0.5)
@given(states, states)
def test_a_state_is_read_back_as_it_was_written_and_raises_no_revision(
    shared: Store, state: SourceState, other: SourceState
) -> None:
    with trial(shared) as writing:
        add(writing, source())
        before = revision(writing)
        for each in (state, other):
            writing.put_source_state(each)
            assert writing.source_states(["up"]) == {"up": each}
        assert revision(writing) == before


@examples(0.5)
@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.tuples(instants(), st.integers(1, 9))), max_size=4))
def test_absences_are_read_back_as_they_were_written(shared: Store, drawn: list[Any]) -> None:
    with trial(shared) as writing:
        add(writing, source("up"), source("down"))
        expected: dict[str, Absence] = {}
        for each in drawn:
            absences = {model_id: Absence(model_id, *values) for model_id, values in each.items()}
            writing.put_absences("up", absences.values())
            expected |= absences
            assert writing.absences("up") == expected
        writing.delete_absences("up", ["a", "never"])
        expected.pop("a", None)
        assert (writing.absences("up"), writing.absences("down")) == (expected, {})


class Lease:
    """Who may run a source, as it should be."""

    holder: str | None = None
    until: datetime = NOW

    def take(self, holder: str, now: datetime, until: datetime) -> bool:
        if self.holder in (None, holder) or self.until <= now:
            self.holder, self.until = holder, until
            return True
        return False

    def release(self, holder: str) -> None:
        if self.holder == holder:
            self.holder = None


steps = st.tuples(
    st.sampled_from(["take", "release", "put"]), st.sampled_from("pq"), st.integers(0, 5), st.integers(0, 5)
)


@examples(0.5)
@given(st.lists(steps, max_size=12))
def test_one_process_at_a_time_has_the_lease(shared: Store, drawn: list[tuple[str, str, int, int]]) -> None:
    lease, now = Lease(), NOW
    with trial(shared) as writing:
        add(writing, source())
        before = revision(writing)
        for verb, holder, passed, seconds in drawn:
            now += timedelta(seconds=passed)
            if verb == "take":
                until = now + timedelta(seconds=seconds)
                assert writing.take_lease("up", holder, now, until) == lease.take(holder, now, until)
            elif verb == "release":
                writing.release_lease("up", holder)
                lease.release(holder)
            else:
                writing.put_source_state(SourceState("up", failures=passed))  # leaves the lease alone
            state = writing.source_states()["up"]
            assert (state.lease_holder, state.lease_until) == (lease.holder, lease.holder and lease.until)
        assert revision(writing) == before


def test_a_fraction_of_a_second_never_shortens_a_lease(shared: Store) -> None:
    with trial(shared) as writing:
        add(writing, source())
        now = NOW.replace(microsecond=500_000)
        assert writing.take_lease("up", "p", now, now + timedelta(seconds=1))
        assert not writing.take_lease("up", "q", now + timedelta(seconds=1), now + timedelta(seconds=2))
        assert writing.take_lease("up", "q", now + timedelta(seconds=1.5), now + timedelta(seconds=2))
        assert not writing.take_lease("none", "p", now, now)


def test_of_many_that_ask_at_once_one_gets_the_lease(store: Store) -> None:
    with store.write("test", NOW) as writing:
        add(writing, source())

    def take(holder: str) -> bool:
        with store.write(holder, NOW) as writing:
            return writing.take_lease("up", holder, NOW, NOW + timedelta(seconds=60))

    with ThreadPoolExecutor(4) as threads:
        taken = [*threads.map(take, [f"process {number}" for number in range(8)])]
    assert taken.count(True) == 1
