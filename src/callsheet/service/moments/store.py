"""MomentStore: takes the place of a store for services that only read, and that read another moment."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import NamedTuple

from callsheet.domain.errors import ConflictError
from callsheet.domain.history.moment import AsOf, Moment
from callsheet.service.moments.future import FutureReading, turned_by
from callsheet.service.moments.kept import KeptMoments, Present
from callsheet.service.moments.locating import Located, locate
from callsheet.service.moments.past import PastReading
from callsheet.service.moments.reading import MomentReading
from callsheet.service.state.load import installation_of
from callsheet.storage.store import Store
from callsheet.storage.transactions.read import ReadTransaction
from callsheet.storage.transactions.rehearse import RehearsalTransaction
from callsheet.storage.transactions.write import WriteTransaction


class Found(NamedTuple):
    """A moment: when it is, and what there is then."""

    as_of: AsOf
    reading: MomentReading


def found_at(present: ReadTransaction, located: Located) -> Found:
    """Return what there is at a moment that was located in the transaction ``present``."""
    as_of, position = located
    if position is None:
        return Found(as_of, FutureReading(present, turned_by(present, as_of.at)))
    return Found(as_of, PastReading(present, position))


@contextmanager
def kept_at(present: ReadTransaction, located: Located, kept: KeptMoments) -> Iterator[Found]:
    """Yield the same as `found_at`; what is read of an earlier moment as a whole is known the next time."""
    as_of, position = located
    if position is None:
        yield found_at(present, located)
        return
    installation = installation_of(present)
    revision = installation.revision
    now = Present(installation.organization_id, revision, present.last_change(revision))
    reading = PastReading(present, position, kept.known(now, position.number))
    yield Found(as_of, reading)
    kept.keep(now, position.number, reading.complete())


class MomentStore:
    """Takes the place of a store for services that are to read another moment, and to write nothing.

    Parameters
    ----------
    store
        The database.
    moment
        Of which its content is read.
    clock
        Gives the time (aware).

    Raises
    ------
    DoesNotExistError, ConflictError, StorageError
        As for `locate`.
    """

    def __init__(self, store: Store, moment: Moment, clock: Callable[[], datetime]) -> None:
        self._store = store
        with store.read() as present:
            self._located = locate(present, moment, clock())

    @property
    def as_of(self) -> AsOf:
        """The moment."""
        return self._located.as_of

    def clock(self) -> datetime:
        """Return the time of the moment, by which expiry is judged."""
        return self.as_of.at

    @contextmanager
    def read(self) -> Iterator[MomentReading]:
        """Yield what there is at the moment."""
        with self._store.read() as present:
            yield found_at(present, self._located).reading

    def write(
        self,
        actor: str,  # noqa: ARG002
        now: datetime,  # noqa: ARG002
        reason: str | None = None,  # noqa: ARG002
    ) -> AbstractContextManager[WriteTransaction | RehearsalTransaction]:
        """Raise ConflictError: another moment than the present cannot be changed."""
        raise ConflictError("Only the present can be changed; leave the other moment out.")
