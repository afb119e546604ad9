"""Lineage: whether the database still continues the history that this process has served."""

import logging
from typing import NamedTuple

from callsheet.api.state import State
from callsheet.domain.errors import ForeignDatabaseError
from callsheet.domain.times import parse_instant
from callsheet.storage.store import Store
from callsheet.storage.transactions.read import ReadTransaction

_log = logging.getLogger("callsheet")


class _Mark(NamedTuple):
    """Identifies a history: a revision, and number and time of its last change record."""

    revision: int
    last_change: tuple[int, str] | None


class Lineage:
    """Judges a database that does not hold the last change of this process's State.

    Another *organization* is another installation, with other keys. It is never followed: ForeignDatabaseError is
    raised, and the State stays until the operator restarts the process, and thereby chooses the other installation.

    The same organization without the last change of the State is another *history*. It is followed, as all further
    changes are made there, and it is logged: a restore, which leaves a change record, as information; anything else
    as an error, and `lost` is set until that change is there again, a backup is restored, or the process is
    restarted.

    Parameters
    ----------
    store
        The database.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.regressions = 0
        """Times the database was found without changes that it had held, other than after a restore."""
        self.lost: _Mark | None = None
        """The last change that was lost in this way, or None."""

    def judge(self, reading: ReadTransaction, state: State) -> None:
        """Log what happened to the database, which does not hold the last change of ``state``.

        Raises
        ------
        ForeignDatabaseError
            It holds another installation.
        CorruptDatabaseError
            It holds none.
        """
        installation = reading.installation()
        if installation is None and reading.is_bare():
            raise self._store.database.emptied()
        if installation is None:
            raise self._store.database.ownerless()
        if installation.organization_id != state.organization_id:
            raise ForeignDatabaseError(
                f"The database {self._store.display_name} holds another installation (organization "
                f"{installation.organization_id}) than this server serves (organization {state.organization_id}); "
                "put the right database back, or restart the server to serve this one."
            )
        mark = _Mark(state.revision, state.last_change)
        if _is_restored_since(reading, mark):
            _log.info(
                "The database %s was restored; revision %d is served in place of revision %d.",
                self._store.display_name,
                installation.revision,
                state.revision,
            )
            return
        _log.error(
            "The database %s went back without a restore: it is at revision %d, and this server had read revision "
            "%d%s. It answers from revision %d now; if that is not the right database, put that back or restore a "
            "backup; if it is, restart the server.",
            self._store.display_name,
            installation.revision,
            state.revision,
            "" if state.last_change is None else f", made at {state.last_change[1]}",
            installation.revision,
        )
        self.regressions += 1
        self.lost = self.lost or mark

    def look_for_lost(self, reading: ReadTransaction) -> None:
        """Reset `lost` if the database holds the lost change again, or was restored since."""
        lost = self.lost
        if lost is None:
            return
        installation = reading.installation()
        is_back = installation is not None and installation.revision >= lost.revision
        if is_back and reading.last_change(lost.revision) == lost.last_change:
            _log.info(
                "The database %s holds the change of revision %d again.", self._store.display_name, lost.revision
            )
            self.lost = None
        elif _is_restored_since(reading, lost):
            self.lost = None


def _is_restored_since(reading: ReadTransaction, mark: _Mark) -> bool:
    """Whether a backup was restored after the change of ``mark`` was made."""
    restored_at = reading.last_restore()
    if restored_at is None or mark.last_change is None:
        return restored_at is not None
    return parse_instant(restored_at) >= parse_instant(mark.last_change[1])
