"""SourcesService: the sources of an installation, as its operators configure and judge them."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from callsheet.domain.changes.change import Action, AnyChange, Change, change_of
from callsheet.domain.changes.claiming import claim
from callsheet.domain.changes.lookup import find_workspace
from callsheet.domain.claims.builtin_mode import BuiltinMode
from callsheet.domain.claims.claims import Claims
from callsheet.domain.claims.manager import check_manager_name
from callsheet.domain.errors import ConflictError, DoesNotExistError, InvalidError, about
from callsheet.domain.sources.asking import check_asking
from callsheet.domain.sources.source import SourceRecord
from callsheet.domain.sources.state import SourceState
from callsheet.domain.times import format_instant
from callsheet.service.ceasing import claims_in_mode
from callsheet.service.sync.builtin import lists_models, may_inform, set_builtin
from callsheet.service.sync.config import SourceConfig, read_config
from callsheet.service.sync.decide import Outcome
from callsheet.service.sync.lease import Lease
from callsheet.service.sync.memory import BASIS, REJECTED
from callsheet.service.sync.order import order_of
from callsheet.service.sync.pending import Pending, pending_from
from callsheet.service.sync.run import find_source
from callsheet.service.sync.write import write_claims
from callsheet.storage.store import Writable
from callsheet.storage.transactions.read import ReadTransaction
from callsheet.storage.transactions.write import WriteTransaction


class Source(NamedTuple):
    """A source as it is configured, and how its runs went.

    Parameters
    ----------
    record, state
        As they are stored.
    config
        What is in the record.
    pending
        What waits for a person, or None.
    """

    record: SourceRecord
    state: SourceState
    config: SourceConfig
    pending: Pending | None

    @property
    def name(self) -> str:
        """Its name."""
        return self.record.name

    @property
    def rejected(self) -> Mapping[str, str]:
        """What a person rejected: names, each with its cause."""
        return dict(self.state.memory.get(REJECTED, {}))


class SourcesService:
    """The sources of one installation.

    Parameters
    ----------
    store
        Where they are kept. There are no rehearsals, as their state is written as well; an `Intent` is for plans.
    actor
        Who is put down in the change records.
    clock
        Gives the time (aware).

    A method that raises has changed nothing. Each may also raise StorageError: the database cannot be used.
    """

    def __init__(self, store: Writable, actor: str, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._actor = actor
        self._clock = clock

    def list(self) -> Sequence[Source]:
        """Return every source, that with the highest precedence first."""
        with self._store.read() as reading:
            states = reading.source_states()
            return [_source(record, states[record.name]) for record in reading.sources()]

    def show(self, name: str) -> Source:
        """Return one source; DoesNotExistError if there is none with this name."""
        with self._store.read() as reading:
            return _found(reading, name)

    def add(self, name: str, config: SourceConfig) -> Source:
        """Add a source, which the others outrank. It is run when it is due, which is at once.

        Raises
        ------
        InvalidError
            It may not be called so.
        ConflictError
            There is one of this name, another is asked about keys, or the workspace of its keys is archived.
        DoesNotExistError
            There is no such workspace.
        """
        with self._write() as writing:
            writing.apply(addition_of(writing, name, config, writing.now))
            return _found(writing, name)

    def change(self, name: str, change: Mapping[str, Any], before: str | None = None) -> Source:
        """Set members of the configuration, which the next run, due at once, respects.

        Parameters
        ----------
        change
            As in `SourceConfig.record`.
        before
            Name of another source, whose claims those of this one are to outrank.

        Raises
        ------
        DoesNotExistError
            There is no such source, or no workspace as its keys are to belong to.
        InvalidError
            A value is not valid, or the source would become an enrichment, or cease to be one.
        ConflictError
            Another source is asked about keys, or the workspace of its keys is archived.
        """
        with self._write() as writing:
            writing.apply(reconfiguration_of(writing, name, change, before))
            source = _found(writing, name)
            if source.config.only_asks_keys and source.state.last_outcome == Outcome.FAILED:
                writing.put_source_state(_without_failure(source.state))  # no run will end it
            return _found(writing, name)

    def remove(self, name: str) -> Source:
        """Remove a source and everything that it claims; return it as it was.

        Models that no other manager lists leave the catalogue.

        Raises
        ------
        DoesNotExistError
            There is no such source.
        """
        with self._write() as writing:
            source = _found(writing, name)
            writing.apply(removal_of(writing, name))
            return source

    def forget(self, name: str) -> Source:
        """Let every process drop what it remembers of the keys that a source was asked about.

        Each drops it as it sees this change. Such a key is asked about again when it is next used.

        Raises
        ------
        DoesNotExistError
            There is no such source.
        ConflictError
            It is not asked about keys.
        """
        with self._write() as writing:
            writing.apply(forgetting_of(writing, name, writing.now))
            return _found(writing, name)

    def pause(self, name: str) -> Source:
        """Run a source only on demand from now on; DoesNotExistError if there is none with this name."""
        return self._put_paused(name, paused=True)

    def resume(self, name: str) -> Source:
        """Run a source by itself again, at once; DoesNotExistError if there is none with this name."""
        return self._put_paused(name, paused=False)

    def accept(self, name: str) -> Source:
        """Let what waits for a person count, or, if nothing waits, what was rejected before; return it as it was.

        Raises
        ------
        DoesNotExistError
            There is no such source, or nothing waits and nothing was rejected.
        ConflictError
            It is being run at the moment, or a name that it lists has been taken by others.
        """
        with self._held(name), self._write() as writing:
            source = _found(writing, name)
            if source.pending is None:
                if not source.rejected:
                    raise _nothing_waits(name)
                _remember(writing, source, {})
            else:
                _accept(writing, source, source.pending)
            return source

    def reject(self, name: str) -> Source:
        """Leave what waits as it was before, until the upstream takes it back; return the source as it was.

        Raises
        ------
        DoesNotExistError
            There is no such source, or nothing waits.
        ConflictError
            It is being run at the moment.
        """
        with self._held(name), self._write() as writing:
            source = _found(writing, name)
            if source.pending is None:
                raise _nothing_waits(name)
            _remember(writing, source, {**source.rejected, **source.pending.refused()})
            return source

    def let_builtin(self, mode: BuiltinMode) -> bool:
        """Say whether the built-in models are listed, or only inform; return whether that changed."""
        with self._write() as writing:
            return set_builtin(writing, mode)

    def _write(self) -> AbstractContextManager[WriteTransaction]:
        return self._store.write(self._actor, self._clock())

    def _held(self, name: str) -> AbstractContextManager[None]:
        self.show(name)
        return Lease(self._store, self._clock).held(name)

    def _put_paused(self, name: str, *, paused: bool) -> Source:
        with self._write() as writing:
            state = replace(_found(writing, name).state, paused=paused)
            writing.put_source_state(state if paused else replace(state, next_run_at=None))
            return _found(writing, name)


def addition_of(reading: ReadTransaction, name: str, config: SourceConfig, now: datetime) -> Sequence[AnyChange]:
    """Return what adding a source changes; errors as of `SourcesService.add`."""
    with about("name"):
        _check_name(reading, name)
    position = max((each.position for each in reading.sources()), default=0) + 1
    record = SourceRecord(name, position, _with_workspace(reading, config).record(), now)
    _check_asking(reading, record)
    return [Change(Action.ADD, None, record)]


def _check_name(reading: ReadTransaction, name: str) -> None:
    check_manager_name(name, "source")
    if any(each.name == name for each in reading.sources()):
        raise ConflictError(f"There is a source {name} already; change it, or choose another name.")


def reconfiguration_of(
    reading: ReadTransaction, name: str, change: Mapping[str, Any], before: str | None = None
) -> Sequence[AnyChange]:
    """Return what changing the configuration of a source changes; errors as of `SourcesService.change`."""
    present = _found(reading, name)
    config = _with_workspace(reading, read_config({**present.config.record(), **change}))
    if config.is_enrichment is not present.config.is_enrichment:
        with about("kind"):
            raise InvalidError(
                f"{name} is of kind {present.config.kind}; to make {config.kind} of it, remove it and add another."
            )
    after = replace(present.record, config=config.record())
    _check_asking(reading, after)
    with about("before"):
        order = () if before is None else order_of(reading, after, before)
    return [*change_of(Action.CHANGE, present.record, after), *order]


def forgetting_of(reading: ReadTransaction, name: str, now: datetime) -> Sequence[AnyChange]:
    """Return what forgetting the keys of a source changes; errors as of `SourcesService.forget`."""
    present = _found(reading, name)
    if not present.config.asks_keys:
        raise ConflictError(f"The source {name} is not asked about keys, so there are none to forget.")
    config = replace(present.config, keys_forgotten_at=format_instant(now))
    return change_of(Action.CHANGE, present.record, replace(present.record, config=config.record()))


def removal_of(reading: ReadTransaction, name: str) -> Sequence[AnyChange]:
    """Return what removing a source changes; errors as of `SourcesService.remove`."""
    source = _found(reading, name)
    claimed = reading.claims_by(source.config.manager(name))
    released = [Claims(each.subject, each.manager, kind=each.kind) for each in claimed]
    return [*claim(reading, released), Change(Action.REMOVE, source.record, None)]


def acceptance_of(reading: ReadTransaction, name: str) -> Sequence[AnyChange]:
    """Return what accepting what waits changes; errors as of `SourcesService.accept`."""
    source = _found(reading, name)
    if source.pending is None:
        if source.rejected:
            return ()  # that counts again from the next run on
        raise _nothing_waits(name)
    informing = claims_in_mode(reading, BuiltinMode.INFORM) if _informs(reading, source, source.pending) else ()
    return claim(reading, [*informing, *source.pending.claims])


def _informs(reading: ReadTransaction, source: Source, pending: Pending) -> bool:
    """Whether the built-in facts cease to list models once what waits is accepted."""
    return may_inform(reading, source.config) and lists_models(pending.claims)


def _accept(writing: WriteTransaction, source: Source, pending: Pending) -> None:
    name = source.name
    write_claims(writing, pending.claims, inform=_informs(writing, source, pending))
    if pending.is_quarantine:
        writing.delete_absences(name, pending.returned)
        writing.put_absences(name, pending.absences)
    _remember(writing, source, pending.rejected, last_outcome=Outcome.APPLIED, last_good_at=pending.since)


def _remember(writing: WriteTransaction, source: Source, rejected: Mapping[str, str], **more: Any) -> None:
    """Let nothing wait, and the next run look at everything."""
    memory = {**source.state.memory, REJECTED: dict(rejected)}
    memory.pop(BASIS, None)
    state = replace(source.state, pending=None, last_error=None, memory=memory, **more)
    if state.last_outcome == Outcome.QUARANTINED:
        state = replace(state, last_outcome=Outcome.UNCHANGED)
    writing.put_source_state(state)


def _without_failure(state: SourceState) -> SourceState:
    return replace(state, last_outcome=None, last_error=None, failures=0)


def _found(reading: ReadTransaction, name: str) -> Source:
    record = find_source(reading, name)
    return _source(record, reading.source_states([name])[name])


def _source(record: SourceRecord, state: SourceState) -> Source:
    config = read_config(record.config)
    manager = config.manager(record.name)
    pending = None if state.pending is None else pending_from(state.pending, manager)
    return Source(record, state, config, pending)


def _with_workspace(reading: ReadTransaction, config: SourceConfig) -> SourceConfig:
    """The configuration with the id of the workspace that it names; DoesNotExistError if there is none."""
    if not config.workspace:
        return config
    with about("workspace"):
        return replace(config, workspace=find_workspace(reading, config.workspace).id)


def _check_asking(reading: ReadTransaction, record: SourceRecord) -> None:
    others = [each for each in reading.sources() if each.name != record.name]
    check_asking([*others, record], lambda each: next(iter(reading.workspaces([each])), None))


def _nothing_waits(name: str) -> DoesNotExistError:
    return DoesNotExistError(f"Nothing of the source {name} waits for a person.")
