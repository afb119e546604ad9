"""Load a State from the database: everything, or only what has changed since another State."""

import gc
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from callsheet.api.state import Options, State
from callsheet.api.views import Views
from callsheet.domain.access.keyring import Keyring
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.catalog import Catalog
from callsheet.domain.changes.change import Subject
from callsheet.domain.errors import StorageError
from callsheet.domain.hints import Hint
from callsheet.service.state.delegated import Delegated, delegated, key_source_of
from callsheet.storage.reading import StateReading
from callsheet.storage.transactions.read import Installation, ReadTransaction


@contextmanager
def without_collections() -> Iterator[None]:
    """Switch garbage collection off while many objects are made that are all kept."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@without_collections()
def load(reading: StateReading, options: Options, past: State | None = None, *, with_keys: bool = True) -> State:
    """Return a State with everything that the database holds.

    Parameters
    ----------
    reading
        A transaction in the database.
    options
        What the operator chose.
    past
        A State whose views may be used again.
    with_keys
        Whether keys are loaded; a State without them is not to be served.

    Raises
    ------
    StorageError
        The database cannot be read, or was never set up.
    """
    installation = installation_of(reading)
    return State(
        catalog=Catalog(reading.models(), reading.aliases(), reading.tombstones()),
        keyring=Keyring(reading.api_keys() if with_keys else ()),
        workspaces={each.id: each for each in reading.workspaces() if each.archived_at is None},
        organization_id=installation.organization_id,
        default_workspace_id=installation.default_workspace_id,
        revision=installation.revision,
        last_change=reading.last_change(installation.revision),
        options=options,
        views=Views() if past is None else past.views,
        has_admin_keys=reading.has_admin_keys(),
        **delegated(key_source_of(reading.sources()), past)._asdict(),
    )


def installation_of(reading: StateReading) -> Installation:
    """Return the installation; StorageError if the database was never set up."""
    installation = reading.installation()
    if installation is None:
        raise StorageError("The database has not been set up", hint=Hint.SET_UP_DATABASE)
    return installation


def catch_up(reading: ReadTransaction, state: State) -> State | None:
    """Return ``state`` with the changes since its revision; None if its last change is not in the database."""
    installation = reading.installation()
    news = None if installation is None else _news(reading, state, installation)
    if installation is None or news is None:
        return None
    if installation.revision == state.revision:
        return state
    return State(
        catalog=_changed_catalog(
            reading, state.catalog, [*news.changed[Subject.MODEL]], [*news.changed[Subject.ALIAS]]
        ),
        keyring=state.keyring.changed(reading.api_keys(news.changed[Subject.KEY])),
        workspaces=_changed_workspaces(reading, state.workspaces, [*news.changed[Subject.WORKSPACE]]),
        organization_id=state.organization_id,
        default_workspace_id=state.default_workspace_id,
        revision=installation.revision,
        last_change=news.last_change,
        options=state.options,
        views=state.views,
        has_admin_keys=state.has_admin_keys or bool(news.changed[Subject.ADMIN_KEY]),
        **_delegated(reading, state, has_changed=bool(news.changed[Subject.SOURCE]))._asdict(),
    )


def _delegated(reading: ReadTransaction, state: State, *, has_changed: bool) -> Delegated:
    """Which source is asked about keys, if any source has changed since ``state``."""
    if not has_changed:
        return Delegated(state.key_source, state.delegation, state.grants)
    return delegated(key_source_of(reading.sources()), state)


class _News(NamedTuple):
    """What has changed since a State: subjects by kind, and number and time of the last change record."""

    changed: defaultdict[str, dict[str, None]]
    last_change: tuple[int, str] | None


def _news(reading: ReadTransaction, state: State, installation: Installation) -> _News | None:
    """What has changed since ``state``; None if its last change is not in the database, as after a restore."""
    if installation.organization_id != state.organization_id or installation.revision < state.revision:
        return None
    known, last = None, None
    changed: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for each in reading.recorded_from(state.revision, 0 if state.last_change is None else state.last_change[0]):
        if each.revision == state.revision:
            known = each.number, each.at
        else:
            changed[each.kind][each.subject] = None
        if each.revision == installation.revision:
            last = each.number, each.at
    return _News(changed, last) if known == state.last_change else None


def _changed_catalog(reading: ReadTransaction, catalog: Catalog, models: list[str], aliases: list[str]) -> Catalog:
    if not models and not aliases:
        return catalog  # so that its views stay valid
    present = {model.id: model for model in reading.models(models)}
    removed = reading.tombstones(set(models) - set(present))
    return catalog.changed(
        {**dict.fromkeys(models), **present},
        {**dict.fromkeys(aliases), **reading.aliases(aliases)},
        {**dict.fromkeys(models), **removed},
    )


def _changed_workspaces(
    reading: ReadTransaction, workspaces: Mapping[str, Workspace], changed: list[str]
) -> Mapping[str, Workspace]:
    if not changed:
        return workspaces
    kept = {key: value for key, value in workspaces.items() if key not in changed}
    fresh = {each.id: each for each in reading.workspaces(changed) if each.archived_at is None}
    return {**kept, **fresh}
