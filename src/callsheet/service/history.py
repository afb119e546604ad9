"""History: who changed what, and when."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from callsheet.domain.changes.change import ChangeRecord
from callsheet.domain.errors import DoesNotExistError
from callsheet.domain.hints import Hint
from callsheet.domain.history.moment import Moment
from callsheet.service.moments.locating import last_number
from callsheet.storage.store import Transactions
from callsheet.storage.transactions.paging import MAX_PAGE_ROWS, Cut
from callsheet.storage.transactions.read import NAMED, ReadTransaction
from callsheet.storage.transactions.read_changes import ChosenChanges


class Since(NamedTuple):
    """A moment as it is asked for, and the time (aware) at which it is."""

    moment: Moment
    now: datetime


class ChangesFilter(NamedTuple):
    """Which changes are wanted: those that fit everything that is said here; None is any.

    Parameters
    ----------
    actor, kind, action, revision
        As change records have them.
    since, until
        Only those after the one moment, and up to the other.
    """

    actor: str | None = None
    kind: str | None = None
    action: str | None = None
    revision: int | None = None
    since: Since | None = None
    until: Since | None = None


EVERY_CHANGE: Final = ChangesFilter()


class HistoryService:
    """The change records of one installation.

    Parameters
    ----------
    store
        Where they are kept.
    """

    def __init__(self, store: Transactions) -> None:
        self._store = store

    def list(
        self, subject: str | None = None, limit: int = 100, wanted: ChangesFilter = EVERY_CHANGE
    ) -> Sequence[ChangeRecord]:
        """Return the latest changes, newest first: of everything, or of what has or ever had this id or name.

        Raises
        ------
        DoesNotExistError
            Nothing has or ever had it.
        StorageError
            The database cannot be used.
        """
        with self._store.read() as reading:
            chosen = choose_changes(reading, self._subjects(reading, subject, wanted.kind), wanted)
            found: list[ChangeRecord] = []
            while len(found) < limit:
                size = min(limit - len(found), MAX_PAGE_ROWS)
                rows, has_more = reading.page_of_changes(Cut(size, found[-1].number if found else None), chosen)
                found += rows
                if not has_more:
                    break
        return found

    def subjects(self, subject: str | None, kind: str | None = None) -> Sequence[str] | None:
        """Return all ids of what has or ever had this id or name, itself among them; None is everything.

        Where only one ``kind`` is wanted, the id of one of that kind is no name of another; names take long to find
        among a million changes.

        Raises
        ------
        DoesNotExistError, StorageError
            As for `list`.
        """
        with self._store.read() as reading:
            return self._subjects(reading, subject, kind)

    def _subjects(self, reading: ReadTransaction, subject: str | None, kind: str | None) -> Sequence[str] | None:
        if subject is None:
            return None
        if kind is not None and reading.page_of_changes(Cut(1), ChosenChanges([subject], kind=kind)).rows:
            return [subject]
        if kind is not None and kind not in NAMED:
            raise DoesNotExistError(
                f"No {kind.replace('_', ' ')} has or ever had the id {subject!r}", hint=Hint.LIST_NAMES
            )
        found = [subject, *reading.subjects_named(subject)]
        if not reading.page_of_changes(Cut(1), ChosenChanges(found)).rows:
            raise _unknown(subject)
        return found


def choose_changes(
    reading: ReadTransaction, subjects: Sequence[str] | None, wanted: ChangesFilter
) -> ChosenChanges:
    """Return which change records of ``subjects``, or of everything if that is None, are wanted."""
    bounds = (None if each is None else last_number(reading, *each) for each in (wanted.since, wanted.until))
    return ChosenChanges(subjects, wanted.actor, wanted.kind, wanted.action, wanted.revision, *bounds)


def _unknown(subject: str) -> DoesNotExistError:
    return DoesNotExistError(
        f"No model, alias, workspace, key, webhook or calendar has or ever had the id or name {subject!r}",
        hint=Hint.LIST_NAMES,
    )
