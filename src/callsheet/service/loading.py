"""Loading: a State from the database, whole or only what has changed since."""

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from callsheet.api.state import Options, State
from callsheet.api.view import Views
from callsheet.domain.access import Keyring, Workspace
from callsheet.domain.catalog import Catalog
from callsheet.domain.errors import StorageError
from callsheet.storage.store import Installation, Reading


@contextmanager
def without_collections() -> Iterator[None]:
    """Make much that is to stay: looking for garbage among it, again and again, is work for nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@without_collections()
def load(reading: Reading, options: Options, past: State | None = None) -> State:
    """Return everything, read anew.

    Parameters
    ----------
    reading
        A transaction in the database.
    options
        What the operator chose.
    past
        A State whose views may hold what can be used again.

    Raises
    ------
    StorageError
        The database cannot be read, or was never set up.
    """
    installation = reading.installation()
    if installation is None:
        raise StorageError("The database has not been set up; run: callsheet migrate")
    return State(
        catalog=Catalog(reading.models(), reading.aliases(), reading.tombstones()),
        keyring=Keyring(reading.api_keys()),
        workspaces={each.id: each for each in reading.workspaces() if each.archived_at is None},
        organization_id=installation.organization_id,
        default_workspace_id=installation.default_workspace_id,
        revision=installation.revision,
        last_change=reading.last_change(installation.revision),
        options=options,
        views=Views() if past is None else past.views,
    )


def catch_up(reading: Reading, state: State) -> State:
    """Return ``state`` with what has changed since its revision; everything anew if the database is another one."""
    installation = reading.installation()
    if installation is None or not _goes_on_from(state, reading, installation):
        return load(reading, state.options, state)
    if installation.revision == state.revision:
        return state
    subjects: dict[str, list[str]] = {"model": [], "alias": [], "workspace": [], "key": []}
    for kind, subject in reading.changed_since(state.revision):
        if kind in subjects:  # a restore is recorded too
            subjects[kind].append(subject)
    return State(
        catalog=_changed_catalog(reading, state.catalog, subjects["model"], subjects["alias"]),
        keyring=state.keyring.changed(reading.api_keys(subjects["key"])),
        workspaces=_changed_workspaces(reading, state.workspaces, subjects["workspace"]),
        organization_id=state.organization_id,
        default_workspace_id=state.default_workspace_id,
        revision=installation.revision,
        last_change=reading.last_change(installation.revision),
        options=state.options,
        views=state.views,
    )


def _goes_on_from(state: State, reading: Reading, installation: Installation) -> bool:
    """Whether the database holds all changes that led to ``state``; after a restore, it may be at any revision."""
    return (
        installation.organization_id == state.organization_id
        and installation.revision >= state.revision
        and reading.last_change(state.revision) == state.last_change
    )


def _changed_catalog(reading: Reading, catalog: Catalog, models: list[str], aliases: list[str]) -> Catalog:
    if not models and not aliases:
        return catalog  # views of it stay good
    return catalog.changed(
        {**dict.fromkeys(models), **{model.id: model for model in reading.models(models)}},
        {**dict.fromkeys(aliases), **reading.aliases(aliases)},
        {**dict.fromkeys(models), **reading.tombstones(models)},
    )


def _changed_workspaces(
    reading: Reading, workspaces: Mapping[str, Workspace], changed: list[str]
) -> Mapping[str, Workspace]:
    if not changed:
        return workspaces
    kept = {key: value for key, value in workspaces.items() if key not in changed}
    fresh = {each.id: each for each in reading.workspaces(changed) if each.archived_at is None}
    return {**kept, **fresh}
