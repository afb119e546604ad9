"""Run: one source asked once, and what came of it written, in one transaction or not at all."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from callsheet.domain.errors import ConflictError, DoesNotExistError, InvalidError, SourceError, StorageError
from callsheet.domain.sources.source import SourceRecord
from callsheet.domain.sources.state import SourceState
from callsheet.service.sync.absence import is_over
from callsheet.service.sync.collecting import no_collections
from callsheet.service.sync.config import SourceConfig, read_config
from callsheet.service.sync.decide import Decision, Outcome
from callsheet.service.sync.due import is_due, next_attempt, next_run
from callsheet.service.sync.failures import StoppedError
from callsheet.service.sync.fetched import Validators
from callsheet.service.sync.lease import Lease
from callsheet.service.sync.listing import Lists, Upstreams, basis_of
from callsheet.service.sync.memory import ABSENT, BASIS, CONFIG, PATH, REJECTED
from callsheet.service.sync.quarantine import sentence_of
from callsheet.service.sync.report import Report
from callsheet.service.sync.result import Before, Result, result_of
from callsheet.service.sync.write import Progress, no_progress, write_claims
from callsheet.storage.store import Store
from callsheet.storage.transactions.read import ReadTransaction

_ATTEMPTS: Final = 3  # to decide, if another changes what it depends on meanwhile


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
            with suppress(StorageError):  # else the lease ends by itself
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
            return self._write_failure(name, str(error), by_itself=only_if_due)

    def _before(self, name: str) -> Before:
        with self._store.read() as reading:
            record = find_source(reading, name)
            state = reading.source_states([name])[name]
            installation = reading.installation()
        assert installation is not None  # noqa: S101  # a store that is ready has one
        return Before(record, read_config(record.config), state, installation)

    def _ask(self, before: Before, basis: str) -> Lists | None:
        """What the upstream lists; None if that comes to nothing new."""
        organization_id, state = before.installation.organization_id, before.state
        if not _is_settled(before, basis):
            return self._upstreams.ask(before.config, organization_id, basis=basis)
        known = Validators(state.etag, state.last_modified)
        return self._upstreams.ask(before.config, organization_id, known, basis, state.digest)

    def _write(self, before: Before, lists: Lists, basis: str, progress: Progress) -> Report:
        name = before.record.name
        for attempt in range(_ATTEMPTS):
            now = self._clock()
            with self._store.read() as reading, no_collections():
                result = result_of(reading, before, lists, now)
            try:
                return self._commit(before, lists, result, basis, now, progress)
            except _MovedError as error:
                if attempt == _ATTEMPTS - 1:
                    raise SourceError(f"Others changed names that {name} lists again and again: {error}") from error
        raise AssertionError

    def _commit(
        self, before: Before, lists: Lists, result: Result, basis: str, now: datetime, progress: Progress
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

    def _write_unchanged(self, before: Before) -> Report:
        name, now = before.record.name, self._clock()
        with self._store.write(f"source:{name}", now) as writing:
            state = self._lease.check(writing, name)
            ended = _ended(state, before.config, Outcome.UNCHANGED, now)
            writing.put_source_state(replace(ended, last_good_at=now, last_error=None))
            writing.release_lease(name, self._lease.holder)
        return Report(source=name, outcome=Outcome.UNCHANGED, counts={**state.counts, "new": 0, "changed": 0})

    def _write_failure(self, name: str, sentence: str, *, by_itself: bool) -> Report:
        now = self._clock()
        with self._store.write(f"source:{name}", now) as writing:
            state = self._lease.check(writing, name)
            if by_itself and _only_asks_keys(writing, name):  # since this run began, so that no other will follow
                writing.release_lease(name, self._lease.holder)
                return Report(source=name, outcome=None)
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


def _only_asks_keys(reading: ReadTransaction, name: str) -> bool:
    try:
        return read_config(find_source(reading, name).config).only_asks_keys
    except InvalidError:
        return False


def _is_settled(before: Before, basis: str) -> bool:
    """Whether the same answers again come to nothing.

    They may come to something while a grace is running, something waits or was rejected, or where rows depend on
    what the catalogue knows.
    """
    state = before.state
    open_ends = (
        state.pending,
        state.memory.get(ABSENT),
        state.memory.get(REJECTED),
        before.config.long_context_rows,
    )
    return state.memory.get(BASIS) == basis and not any(open_ends)


def _ended(state: SourceState, config: SourceConfig, outcome: Outcome, now: datetime) -> SourceState:
    return replace(state, last_run_at=now, last_outcome=outcome, failures=0, next_run_at=next_run(config, now))


def _good(
    state: SourceState, before: Before, lists: Lists, decision: Decision, basis: str, counts: Mapping[str, int]
) -> dict[str, Any]:
    """What only a good run writes."""
    now = state.last_run_at
    running = [each for each in decision.absences if now is None or not is_over(before.config.grace, each, now)]
    memory = {
        BASIS: basis,
        CONFIG: dict(before.record.config),
        PATH: sorted(lists.path),
        REJECTED: dict(decision.rejected),
        ABSENT: len(running),
    }
    return {
        "digest": lists.digest,
        "etag": lists.validators.etag,
        "last_modified": lists.validators.last_modified,
        "counts": counts,
        "memory": memory,
    }
