"""Run: one source asked once, and what came of it written, in one transaction or not at all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from callsheet.domain.claims.builtin_mode import BuiltinMode
from callsheet.domain.errors import ConflictError, DoesNotExistError, InvalidError, SourceError
from callsheet.domain.sources.source import SourceRecord
from callsheet.domain.sources.state import SourceState
from callsheet.service.sync.absence import is_over
from callsheet.service.sync.collecting import no_collections
from callsheet.service.sync.config import SourceConfig, read_config
from callsheet.service.sync.decide import Decision, Outcome, Said, decide, names_that_are_new
from callsheet.service.sync.due import is_due, next_attempt, next_run
from callsheet.service.sync.failures import StoppedError
from callsheet.service.sync.fetch import Validators
from callsheet.service.sync.lease import Lease
from callsheet.service.sync.listing import Lists, Upstreams, basis_of, choice_of
from callsheet.service.sync.pending import Pending, pending_of
from callsheet.service.sync.quarantine import sentence_of
from callsheet.service.sync.surroundings import around_facts, around_names, count_suppressed, known_of
from callsheet.service.sync.write import Progress, no_progress, write_claims
from callsheet.sources.choosing import choose
from callsheet.storage.store import Store
from callsheet.storage.transactions.read import Installation, ReadTransaction

_ATTEMPTS: Final = 3  # to decide, if another changes what it depends on meanwhile

#: What a source remembers from one run to the next.
_BASIS: Final = "basis"
_CONFIG: Final = "config"
_PATH: Final = "path"
_REJECTED: Final = "rejected"
_ABSENT: Final = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How a run ended.

    Parameters
    ----------
    source
        Its name.
    outcome
        How it ended; None if another process runs the source at the moment.
    counts
        How many rows, models and names there are of each kind; see the reference of ``sources sync``.
    sentence
        Why it failed or is quarantined; else empty.
    dropped
        Why rows were left out, with their number.
    informs
        Whether the built-in facts have just ceased to list models, as this is the first source that does.
    """

    source: str
    outcome: Outcome | None
    counts: Mapping[str, int] = field(default_factory=dict)
    sentence: str = ""
    dropped: Mapping[str, int] = field(default_factory=dict)
    informs: bool = False

    def record(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "source": self.source,
            "outcome": None if self.outcome is None else str(self.outcome),
            "sentence": self.sentence or None,
            "counts": dict(self.counts),
            "dropped": dict(self.dropped),
        }


class _Before(NamedTuple):
    """What a run begins with."""

    record: SourceRecord
    config: SourceConfig
    state: SourceState
    installation: Installation


class _Result(NamedTuple):
    """What a list comes to, before it is written."""

    decision: Decision
    pending: Pending | None
    suppressed: int
    informs: bool


class Runner:
    """Runs sources.

    Parameters
    ----------
    store
        The installation.
    clock
        Gives the time (aware).
    upstreams
        Asks them.
    lease
        Keeps other processes from running the same source.
    """

    def __init__(self, store: Store, clock: Callable[[], datetime], upstreams: Upstreams, lease: Lease) -> None:
        self._store = store
        self._clock = clock
        self._upstreams = upstreams
        self._lease = lease

    def run_if_due(self, name: str) -> Report:
        """Run a source, unless another process has done so meanwhile; see `run`."""
        return self._run_leased(name, no_progress, None, only_if_due=True)

    def run(self, name: str, progress: Progress = no_progress, lists: Lists | None = None) -> Report:
        """Run a source, whether it is due, paused or neither, and return how that ended.

        What the upstream does wrong is the outcome, not an exception; the last good list stays then.

        Parameters
        ----------
        progress
            Shows how far it is.
        lists
            What the upstream has just listed, if it was asked already.

        Raises
        ------
        DoesNotExistError
            There is no such source.
        ConflictError
            It was removed or changed while it ran; nothing was written.
        StorageError
            The database cannot be used.
        """
        return self._run_leased(name, progress, lists)

    def _run_leased(
        self, name: str, progress: Progress, lists: Lists | None, *, only_if_due: bool = False
    ) -> Report:
        with self._store.read() as reading:
            find_source(reading, name)
        if not self._lease.take(name):
            return Report(source=name, outcome=None)
        try:
            return self._run(name, progress, lists, only_if_due=only_if_due)
        except BaseException:
            self._lease.release(name)
            raise

    def _run(self, name: str, progress: Progress, lists: Lists | None, *, only_if_due: bool) -> Report:
        try:
            before = self._before(name)
            if only_if_due and not is_due(before.config, before.state, self._clock()):
                self._lease.release(name)
                return Report(source=name, outcome=None)
            progress(f"Asking {name}", 0, 1)
            basis = basis_of(before.config, before.installation.revision)
            lists = lists or self._ask(before, basis)
            if lists is None:
                return self._write_unchanged(before)
            return self._write(before, lists, basis, progress)
        except StoppedError:  # nothing is wrong with the source
            self._lease.release(name)
            return Report(source=name, outcome=None)
        except (SourceError, InvalidError) as error:
            return self._write_failure(name, str(error))

    def _before(self, name: str) -> _Before:
        with self._store.read() as reading:
            record = find_source(reading, name)
            state = reading.source_states([name])[name]
            installation = reading.installation()
        assert installation is not None  # noqa: S101  # a store that is ready has one
        return _Before(record, read_config(record.config), state, installation)

    def _ask(self, before: _Before, basis: str) -> Lists | None:
        """What the upstream lists; None if that comes to nothing new."""
        organization_id, state = before.installation.organization_id, before.state
        if not _is_settled(before, basis):
            return self._upstreams.ask(before.config, organization_id, basis=basis)
        known = Validators(state.etag, state.last_modified)
        return self._upstreams.ask(before.config, organization_id, known, basis, state.digest)

    def _write(self, before: _Before, lists: Lists, basis: str, progress: Progress) -> Report:
        name = before.record.name
        for attempt in range(_ATTEMPTS):
            now = self._clock()
            with self._store.read() as reading, no_collections():
                result = _result(reading, before, lists, now)
            try:
                return self._commit(before, lists, result, basis, now, progress)
            except _MovedError as error:
                if attempt == _ATTEMPTS - 1:
                    raise SourceError(f"Others changed names that {name} lists again and again: {error}") from error
        raise AssertionError

    def _commit(
        self, before: _Before, lists: Lists, result: _Result, basis: str, now: datetime, progress: Progress
    ) -> Report:
        name, decision = before.record.name, result.decision
        counts = {
            "rows": lists.rows,
            "dropped": len(lists.reading.dropped),
            **decision.counts,
            "suppressed": result.suppressed,
        }
        with self._store.write(f"source:{name}", now) as writing:
            state = self._lease.check(writing, name)
            if writing.source(name) != before.record:
                raise ConflictError(f"The source {name} was changed while it ran; nothing was written.")
            if not decision.reasons:
                try:
                    write_claims(writing, decision.changed, progress, inform=result.informs)
                except ConflictError as error:
                    raise _MovedError(str(error)) from error
                writing.delete_absences(name, decision.returned)
                writing.put_absences(name, decision.absences)
            pending = None if result.pending is None else result.pending.record()
            ended = replace(
                _ended(state, before.config, decision.outcome, now),
                last_error=sentence_of(decision.reasons) if decision.reasons else None,
                pending=pending,
            )
            if not decision.reasons:
                ended = replace(ended, last_good_at=now, **_good(ended, before, lists, decision, basis, counts))
            writing.put_source_state(ended)
            writing.release_lease(name, self._lease.holder)
        return Report(
            source=name,
            outcome=decision.outcome,
            counts=counts,
            sentence="" if result.pending is None else result.pending.sentence,
            dropped=lists.left_out,
            informs=result.informs and not decision.reasons,
        )

    def _write_unchanged(self, before: _Before) -> Report:
        name, now = before.record.name, self._clock()
        with self._store.write(f"source:{name}", now) as writing:
            state = self._lease.check(writing, name)
            ended = _ended(state, before.config, Outcome.UNCHANGED, now)
            writing.put_source_state(replace(ended, last_good_at=now, last_error=None))
            writing.release_lease(name, self._lease.holder)
        return Report(source=name, outcome=Outcome.UNCHANGED, counts={**state.counts, "new": 0, "changed": 0})

    def _write_failure(self, name: str, sentence: str) -> Report:
        now = self._clock()
        with self._store.write(f"source:{name}", now) as writing:
            state = self._lease.check(writing, name)
            failures = state.failures + 1
            writing.put_source_state(
                replace(
                    state,
                    last_run_at=now,
                    last_outcome=Outcome.FAILED,
                    last_error=sentence,
                    failures=failures,
                    next_run_at=next_attempt(failures, now),
                )
            )
            writing.release_lease(name, self._lease.holder)
        return Report(source=name, outcome=Outcome.FAILED, sentence=sentence)


class _MovedError(Exception):
    """What was decided cannot be written any more: another has changed what it depends on."""


def find_source(reading: ReadTransaction, name: str) -> SourceRecord:
    """Return the source with this name; DoesNotExistError, which names those there are, if there is none."""
    found = reading.source(name)
    if found is None:
        names = [each.name for each in reading.sources()]
        there_are = f"the sources are: {', '.join(names)}" if names else "none has been added yet"
        raise DoesNotExistError(f"There is no source {name[:80]!r}; {there_are}.")
    return found


def look(reading: ReadTransaction, record: SourceRecord, lists: Lists, now: datetime) -> tuple[Decision, bool]:
    """Return what a list would come to, and whether the built-in facts would cease to list models; write nothing.

    Parameters
    ----------
    record
        The source, which need not have been added yet.
    """
    config = read_config(record.config)
    state = reading.source_states([record.name]).get(record.name) or SourceState(record.name)
    installation = reading.installation()
    assert installation is not None  # noqa: S101  # a store that is ready has one
    informs = informs_with(reading, config)
    before = _Before(record, config, state, installation)
    return _decide(reading, before, lists, now, informs=informs), informs


def _result(reading: ReadTransaction, before: _Before, lists: Lists, now: datetime) -> _Result:
    informs = informs_with(reading, before.config)
    decision = _decide(reading, before, lists, now, informs=informs)
    pending = None
    if decision.reasons or decision.held:
        accepted = _decide(reading, before, lists, now, informs=informs, accepts=True)
        pending = pending_of(decision, accepted, now)
    suppressed = count_suppressed(reading, (each.id for each in lists.chosen))
    return _Result(decision, pending, suppressed, informs)


def _decide(
    reading: ReadTransaction, before: _Before, lists: Lists, now: datetime, *, informs: bool, accepts: bool = False
) -> Decision:
    config = before.config
    manager = config.manager(before.record.name)
    known = known_of(reading, manager, before.state)
    said = Said(lists.chosen, _excluded(before, lists))
    if config.is_enrichment:
        surroundings = around_facts(reading)
    else:
        names = names_that_are_new(known, said)
        surroundings = around_names(reading, manager, names, without_builtin=informs)
    return decide(manager, config, known, said, surroundings, now, accepts=accepts)


def informs_with(reading: ReadTransaction, config: SourceConfig) -> bool:
    """Return whether the built-in facts cease to list models with a good run of this source.

    That is the first good run of any source that lists models, and not the moment when the source is added: until
    it has listed something, the catalogue would be empty.
    """
    installation = reading.installation()
    if config.is_enrichment or installation is None or installation.builtin is not BuiltinMode.LIST:
        return False
    listing = [each.name for each in reading.sources() if not read_config(each.config).is_enrichment]
    states = reading.source_states(listing)
    return all(state.last_good_at is None for state in states.values())


def _excluded(before: _Before, lists: Lists) -> frozenset[str]:
    """The names that the list would have held, had the configuration stayed as it was in the last good run."""
    past = before.state.memory.get(_CONFIG)
    if past is None or past == before.record.config:
        return frozenset()
    then = choose(lists.reading.listed, choice_of(read_config(past)))
    now = {name for each in lists.chosen for name in (each.id, *each.aliases)}
    return frozenset(name for each in then for name in (each.id, *each.aliases)) - now


def _is_settled(before: _Before, basis: str) -> bool:
    """Whether the same answers again come to nothing.

    They may come to something while a grace is running, something waits or was rejected, or where rows depend on
    what the catalogue knows.
    """
    state = before.state
    open_ends = (
        state.pending,
        state.memory.get(_ABSENT),
        state.memory.get(_REJECTED),
        before.config.long_context_rows,
    )
    return state.memory.get(_BASIS) == basis and not any(open_ends)


def _ended(state: SourceState, config: SourceConfig, outcome: Outcome, now: datetime) -> SourceState:
    return replace(state, last_run_at=now, last_outcome=outcome, failures=0, next_run_at=next_run(config, now))


def _good(
    state: SourceState, before: _Before, lists: Lists, decision: Decision, basis: str, counts: Mapping[str, int]
) -> dict[str, Any]:
    """What only a good run writes."""
    now = state.last_run_at
    running = [each for each in decision.absences if now is None or not is_over(before.config.grace, each, now)]
    memory = {
        _BASIS: basis,
        _CONFIG: dict(before.record.config),
        _PATH: sorted(lists.path),
        _REJECTED: dict(decision.rejected),
        _ABSENT: len(running),
    }
    return {
        "digest": lists.digest,
        "etag": lists.validators.etag,
        "last_modified": lists.validators.last_modified,
        "counts": counts,
        "memory": memory,
    }
