"""Calendars: who may subscribe to the dates of models, as operators change it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from callsheet.domain.access.calendar import Calendar
from callsheet.domain.changes.calendars import create_calendar, find_calendar, revoke_calendar
from callsheet.domain.changes.lookup import find_workspace
from callsheet.domain.errors import about
from callsheet.service.ids import NewThings
from callsheet.storage.store import Transactions


@dataclass(frozen=True, slots=True)
class NewCalendar:
    """A calendar just made, with its token, which is shown this once."""

    calendar: Calendar
    token: str = field(repr=False)

    @property
    def path(self) -> str:
        """Where a server has it."""
        return f"/calendars/{self.token}.ics"


class CalendarService:
    """The calendars of one installation.

    Parameters
    ----------
    store, actor, clock, new
        As for `AccessService`.

    A method that raises has changed nothing. Each may also raise StorageError: the database cannot be used.
    """

    def __init__(
        self, store: Transactions, actor: str, clock: Callable[[], datetime], new: NewThings | None = None
    ) -> None:
        self._store = store
        self._actor = actor
        self._clock = clock
        self._new = new or NewThings()

    def create(self, name: str, workspace: str | None = None) -> NewCalendar:
        """Create a calendar of a workspace, by its id or name, or of the whole organization.

        Raises
        ------
        InvalidError, ConflictError
            As for `create_calendar`.
        DoesNotExistError
            There is no such workspace.
        """
        with self._store.write(self._actor, self._clock()) as writing:
            with about("workspace"):
                of = None if workspace is None else find_workspace(writing, workspace)
            new = self._new.calendar_credentials()
            changes = create_calendar(writing.calendars(), new, name, of, writing.now)
            writing.apply(changes)
            return NewCalendar(changes[0].value, new.secret)

    def list(self) -> Sequence[Calendar]:
        """Return all calendars, oldest first, revoked ones too."""
        with self._store.read() as reading:
            return reading.calendars()

    def revoke(self, name: str) -> Calendar:
        """Stop a calendar from working for ever.

        Raises
        ------
        DoesNotExistError
            There is none with this id or name.
        ConflictError
            It is revoked already.
        """
        with self._store.write(self._actor, self._clock()) as writing:
            changes = revoke_calendar(find_calendar(writing.calendars(), name), writing.now)
            writing.apply(changes)
            return changes[0].value
