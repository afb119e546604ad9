"""LiveState: the present State of this process, replaced when the database changes."""

import gc
import logging
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from callsheet.api.encoding import work_off
from callsheet.api.state import Options, State
from callsheet.api.view import Views
from callsheet.domain.access import Keyring, Workspace
from callsheet.domain.catalog import Catalog
from callsheet.domain.errors import StorageError
from callsheet.storage.store import Installation, Reading, Store
from callsheet.storage.watch import Watch

_log = logging.getLogger("callsheet")

#: How long to wait after a failure before the database is asked again, in seconds.
_RETRY: Final = 1.0


class LiveState:
    """Holds the present State; a thread of its own replaces it within ``poll_seconds`` of a change.

    Parameters
    ----------
    store
        The database, ready for use.
    options
        What the operator chose.
    poll_seconds
        How often the database is asked whether it has changed; that costs microseconds.

    Raises
    ------
    StorageError
        The database cannot be read.
    """

    def __init__(self, store: Store, options: Options, poll_seconds: float = 0.1) -> None:
        self._store = store
        self._poll_seconds = poll_seconds
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._watching: Watch | None = None
        self._pid: int | None = None
        self._lock = threading.Lock()
        self._refreshing = threading.Lock()
        with store.read() as reading, _without_collections():
            self.current: State = _load(reading, options)
        self._checked = time.monotonic()

    @property
    def age(self) -> float:
        """Seconds since the present State was last known to be that of the database."""
        return time.monotonic() - self._checked

    def start(self) -> None:
        """Begin to watch, once per process; a process forked from this one begins anew."""
        if self._pid == os.getpid():
            return
        with self._lock:
            if self._pid != os.getpid():
                self._stop = threading.Event()
                self._thread = threading.Thread(target=self._watch, name="callsheet-watch", daemon=True)
                self._thread.start()
                self._pid = os.getpid()

    def stop(self) -> None:
        """End the watch; a later `start` begins it again."""
        with self._lock:
            if self._thread is not None and self._pid == os.getpid():
                self._stop.set()
                if (watching := self._watching) is not None:
                    watching.wake()
                self._thread.join()
            self._thread = self._pid = None

    def refresh(self) -> bool:
        """Bring the State up to the database; return whether it moved.

        Raises
        ------
        StorageError
            The database cannot be read; the State stays as it was.
        """
        with self._refreshing:  # of two at once, the one that read less could come last
            with self._store.read() as reading:
                fresh = _catch_up(reading, self.current)
            moved = fresh is not self.current
            self.current = fresh
            self._checked = time.monotonic()
        return moved

    def _watch(self) -> None:
        complained = False
        while not self._stop.is_set():
            try:
                with self._store.watch() as watch:
                    self._watching = watch
                    while not self._stop.is_set():
                        if watch.changed(self._poll_seconds):
                            self.refresh()
                        self._checked = max(self._checked, watch.answered_at)
                        if complained:
                            _log.info("The database answers again, at revision %d.", self.current.revision)
                            complained = False
                        work_off(self.current.views.backlog)
            except Exception as error:  # the State in memory goes on answering, whatever this was
                if not complained:
                    _log.error("%s Answers come from revision %d.", _told(error), self.current.revision)
                complained = True
                self._stop.wait(_RETRY)


@contextmanager
def _without_collections() -> Iterator[None]:
    """Make much that is to stay: looking for garbage among it, again and again, is work for nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, StorageError) else f"Watching the database failed: {error!r}."


def _load(reading: Reading, options: Options, past: State | None = None) -> State:
    """Everything, read anew."""
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


def _catch_up(reading: Reading, state: State) -> State:
    """``state`` with what has changed since its revision; everything anew if the database is another one."""
    installation = reading.installation()
    if installation is None or not _goes_on_from(state, reading, installation):
        return _load(reading, state.options, state)
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
