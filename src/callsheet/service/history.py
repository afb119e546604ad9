"""History: who changed what, and when."""

from collections.abc import Sequence

from callsheet.domain.changes.change import ChangeRecord
from callsheet.domain.errors import DoesNotExistError
from callsheet.domain.hints import Hint
from callsheet.storage.store import Transactions
from callsheet.storage.transactions.paging import Cut
from callsheet.storage.transactions.read_changes import ChosenChanges


class HistoryService:
    """The change records of one installation.

    Parameters
    ----------
    store
        Where they are kept.
    """

    def __init__(self, store: Transactions) -> None:
        self._store = store

    def list(self, subject: str | None = None, limit: int = 100) -> Sequence[ChangeRecord]:
        """Return the latest changes, newest first: of everything, or of what has or ever had this id or name.

        Raises
        ------
        DoesNotExistError
            Nothing has or ever had it.
        StorageError
            The database cannot be used.
        """
        with self._store.read() as reading:
            if subject is None:
                return reading.changes(None, limit)
            changes = reading.changes([subject, *reading.subjects_named(subject)], limit)
        if not changes:
            raise _unknown(subject)
        return changes

    def subjects(self, subject: str | None) -> Sequence[str] | None:
        """Return all ids of what has or ever had this id or name, itself among them; None is everything.

        Raises
        ------
        DoesNotExistError, StorageError
            As for `list`.
        """
        if subject is None:
            return None
        with self._store.read() as reading:
            found = [subject, *reading.subjects_named(subject)]
            if not reading.page_of_changes(Cut(1), ChosenChanges(found)).rows:
                raise _unknown(subject)
        return found


def _unknown(subject: str) -> DoesNotExistError:
    return DoesNotExistError(
        f"No model, alias, workspace, key, webhook or calendar has or ever had the id or name {subject!r}",
        hint=Hint.LIST_NAMES,
    )
