"""Plans: making one, which writes nothing, and applying it, which decides again and writes the same or nothing."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeAlias

from callsheet.api.state import DEFAULTS, Options, State
from callsheet.domain.alias import Alias
from callsheet.domain.changes.change import AnyChange, Subject
from callsheet.domain.claims.manager import PERSON, Manager
from callsheet.domain.errors import RefusedError
from callsheet.domain.plan.governed import Governed
from callsheet.domain.plan.plan import Plan, check_installation, check_not_stale, stale
from callsheet.domain.plan.step import Made, steps_of
from callsheet.domain.plan.warnings import PlanWarning, key_warnings_of
from callsheet.domain.sources.source import SourceRecord
from callsheet.service.ceasing import builtin_warnings
from callsheet.service.govern import governed
from callsheet.service.ids import NewThings, NothingNew
from callsheet.service.impact import judge
from callsheet.service.state.load import catch_up, installation_of, load, without_collections
from callsheet.storage.store import Rehearsal, Store
from callsheet.storage.transactions.read import ReadTransaction


class Deciding(NamedTuple):
    """What a decision may ask.

    Parameters
    ----------
    reading
        What is there.
    now
        The time (aware).
    new
        Gives ids to what is new.
    """

    reading: ReadTransaction
    now: datetime
    new: NewThings


#: Decides what is to change. It is called again when its plan is applied, and must then wish for the same.
Decide: TypeAlias = Callable[[Deciding], Iterable[AnyChange]]


#: Does something by services over a `Rehearsal`, which take what is new from the second argument.
Act: TypeAlias = Callable[[Rehearsal, NewThings], object]

#: Models of a catalogue up to which `warnings_before` looks.
MAX_WARNED_MODELS: Final = 2_000


def preview(
    store: Store,
    decide: Decide,
    now: datetime,
    manager: Manager = PERSON,
    options: Options = DEFAULTS,
    known: State | None = None,
) -> Plan:
    """Return the plan of what ``decide`` comes to at present, with its impact; nothing is written.

    Parameters
    ----------
    store, decide, now
        What is there, what is to change, and the time (aware).
    manager
        Who wants it.
    options
        What the operator chose, as it decides what callers see.
    known
        The State that a server has, with these options: to load one of a million models takes seconds.

    Raises
    ------
    RefusedError
        As ``decide`` raises it.
    StorageError
        The database cannot be used.
    """
    with store.read() as reading:
        new = NothingNew()
        changes = list(decide(Deciding(reading, now, new)))
        return _plan_of(reading, changes, now, manager, new.made, options, known)


def rehearse(
    store: Store, act: Act, now: datetime, options: Options = DEFAULTS, known: State | None = None
) -> Plan:
    """Return the plan of what a person wants to do; nothing is written.

    Parameters
    ----------
    store, now, options, known
        As for `preview`.
    act
        Does it. No secret is made.
    known
        The State that a server has, with the same options; it is taken if nothing has changed since, as to load
        one takes long.

    Raises
    ------
    RefusedError, StorageError
        As ``act`` raises them.
    """
    with store.rehearse(now) as rehearsal:
        new = NothingNew()
        act(rehearsal, new)
        transaction = rehearsal.transaction
        return _plan_of(transaction, transaction.planned, now, PERSON, new.made, options, known)


def warnings_before(store: Store, act: Act, now: datetime) -> Sequence[PlanWarning]:
    """Return what a person should know of ``act``, as of `rehearse`, but for what is about keys.

    It is quick, as it comes before what was asked for: of more than `MAX_WARNED_MODELS` it returns nothing.

    Raises
    ------
    RefusedError, StorageError
        As ``act`` raises them.
    """
    with store.rehearse(now) as rehearsal:
        transaction = rehearsal.transaction
        if transaction.count_models() > MAX_WARNED_MODELS:
            return ()
        act(rehearsal, NothingNew())
        if not transaction.planned:
            return ()
        state = load(transaction, DEFAULTS, with_keys=False)
        return judge(state, transaction.planned, now).warnings


def apply(store: Store, plan: Plan, decide: Decide, actor: str, now: datetime) -> Sequence[AnyChange]:
    """Make the changes of ``plan``, all in one revision or none, and return them.

    ``decide`` is asked again, in the transaction that writes. So a plan that was kept applies although other things
    have changed since, and is refused if what it changes has.

    Parameters
    ----------
    store, plan, decide
        Where, what, and what it was made of.
    actor, now
        Who is put down in the change records, and the time (aware).

    Raises
    ------
    ConflictError
        The plan is of another installation; or it is stale, and the sentence names what has changed.
    RefusedError
        As ``decide`` raises it.
    StorageError
        The database cannot be used.
    """
    with store.write(actor, now) as writing:
        changes = _decided_again(writing, plan, decide, now, NewThings())
        writing.apply(changes)
        return changes


def check_applies(store: Store, plan: Plan, decide: Decide, now: datetime) -> None:
    """Check that `apply` would make the changes of ``plan`` at present; nothing is written. Raises as `apply`."""
    with store.read() as reading:
        _decided_again(reading, plan, decide, now, NothingNew())


def _decided_again(
    reading: ReadTransaction, plan: Plan, decide: Decide, now: datetime, new: NewThings
) -> Sequence[AnyChange]:
    installation = installation_of(reading)
    check_installation(plan, installation.organization_id)
    try:
        changes = list(decide(Deciding(reading, now, new)))
    except RefusedError as error:
        moved = _moved_subjects(reading, plan)
        if not moved:
            raise
        raise stale(plan, moved, installation.revision) from error
    check_not_stale(plan, steps_of(changes, plan.manager, new.made), installation.revision)
    return changes


@without_collections()
def _plan_of(
    reading: ReadTransaction,
    changes: Sequence[AnyChange],
    now: datetime,
    manager: Manager,
    made: Made,
    options: Options,
    known: State | None = None,
) -> Plan:
    installation = installation_of(reading)
    plan = Plan(installation=installation.organization_id, base_revision=installation.revision, manager=manager)
    if not changes:
        return plan
    judged = judge(_present(reading, options, known), changes, now)
    warnings = (
        *judged.warnings,
        *builtin_warnings(reading, changes),
        *key_warnings_of(changes, _governed(reading, changes)),
    )
    return replace(plan, steps=steps_of(changes, manager, made), impact=judged.impact, warnings=warnings)


def _present(reading: ReadTransaction, options: Options, known: State | None) -> State:
    """What there is: ``known`` with what has changed since, if the database leads on from it."""
    present = None if known is None else catch_up(reading, known)
    return load(reading, options) if present is None else present


def _governed(reading: ReadTransaction, changes: Sequence[AnyChange]) -> Mapping[str, Governed]:
    """What keys see at most by the sources that change; nothing if lists or rules change with them."""
    after = [change.after for change in changes]
    found = {
        each.name: governed(reading, each.name, each.config) for each in after if isinstance(each, SourceRecord)
    }
    if len(found) < len(changes):
        return {}
    return {name: each for name, each in found.items() if each is not None}


def _moved_subjects(reading: ReadTransaction, plan: Plan) -> list[str]:
    """The subjects of the steps whose rows are not as they were when the plan was made."""
    subjects: dict[Subject, list[str]] = {kind: [] for kind in Subject}
    for step in plan.steps:
        subjects[step.kind].append(step.subject)
    present: dict[tuple[Subject, str], Mapping[str, Any]] = {}
    for model in reading.models(subjects[Subject.MODEL]):
        present[Subject.MODEL, model.id] = model.record()
    for alias in map(Alias._make, reading.aliases(subjects[Subject.ALIAS]).items()):
        present[Subject.ALIAS, alias.alias] = alias.record()
    for workspace in reading.workspaces(subjects[Subject.WORKSPACE]):
        present[Subject.WORKSPACE, workspace.id] = workspace.record()
    for key in reading.api_keys(subjects[Subject.KEY]):
        present[Subject.KEY, key.id] = key.record()
    for admin_key in reading.admin_keys(subjects[Subject.ADMIN_KEY]):
        present[Subject.ADMIN_KEY, admin_key.id] = admin_key.record()
    for calendar in reading.calendars(subjects[Subject.CALENDAR]):
        present[Subject.CALENDAR, calendar.id] = calendar.record()
    for source in reading.sources(subjects[Subject.SOURCE]):
        present[Subject.SOURCE, source.name] = source.record()
    for webhook in reading.webhooks(subjects[Subject.WEBHOOK]):
        present[Subject.WEBHOOK, webhook.id] = webhook.record()
    return [
        step.subject
        for step in plan.steps
        if not step.is_of_claims_only and present.get((step.kind, step.subject)) != step.before
    ]
