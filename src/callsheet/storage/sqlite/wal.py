"""WalGuard: whether the -wal belongs to the database file that it is beside."""

from pathlib import Path

from callsheet.domain.errors import CorruptDatabaseError, StorageError, StorageUnavailableError
from callsheet.domain.hints import Hint
from callsheet.storage.file_status import status_of
from callsheet.storage.sqlite.files import Files, name_of, names_of, uses_wal


class WalGuard:
    """Refuses a -wal that belongs to another database.

    SQLite takes a -wal for a part of whatever file it is beside, and mixes the two.

    Parameters
    ----------
    path
        Of the database file.
    display_name
        Of the database, for people.
    """

    def __init__(self, path: Path, display_name: str) -> None:
        self._path = path
        self._display_name = display_name
        self._overwritten: Files | None = None
        self.watched: Files | None = None
        """The files as the watch last found them, or as they were when the last watch ended."""

    def has_wal(self) -> bool:
        """Return whether there is a -wal that holds anything."""
        status = status_of(Path(name_of(self._path, "-wal")))  # once: SQLite may remove it at any time
        return status is not None and status.st_size > 0

    def has_database(self) -> bool:
        """Return whether there is a database that is not empty, with which SQLite would use no -wal of another.

        Raises
        ------
        StorageUnavailableError
            It is missing or empty, but its -wal holds changes, which SQLite would remove.
        CorruptDatabaseError
            There is a -wal beside a database that does not use one.
        """
        status = status_of(self._path)
        if status is None or status.st_size == 0:
            self._refuse_missing_database()
            return False
        self._refuse_unused()
        return True

    def refuse_unfit(self) -> None:
        """Raise StorageError if SQLite would remove a -wal, or use that of another database."""
        if self.has_database() and self.watched is not None:
            self.refuse_mismatch(Files.of(self._path))

    def _refuse_missing_database(self) -> None:
        if self.has_wal():
            wal = name_of(self._path, "-wal")
            raise StorageUnavailableError(
                f"The database {self._path} is missing or empty, but {wal} holds changes to it; "
                f"put the database back, or remove {wal} to lose them."
            )

    def _refuse_unused(self) -> None:
        if self.has_wal() and not uses_wal(self._path):
            raise self._mismatch()

    def refuse_mismatch(self, files: Files) -> None:
        """Raise StorageError if the -wal of ``files`` was watched beside another file of the same name.

        An empty -wal counts as a new one: the file system may reuse the number of a file that was removed.
        """
        past = self.watched
        both_hold_changes = past is not None and past.holds_changes and files.holds_changes
        if past is not None and both_hold_changes and past.wal == files.wal and past.main != files.main:
            raise self._mismatch()
        past = self._overwritten
        if past is not None and (past.main, past.wal) == (files.main, files.wal):
            raise self.overwritten(files)
        self._overwritten = None

    def overwritten(self, files: Files) -> StorageError:
        """Return the refusal of a database that was written to without SQLite, and refuse ``files`` from now on."""
        self._overwritten = files
        return CorruptDatabaseError(
            f"The database {self._display_name} was overwritten while it was in use, and may hold parts of two "
            "databases",
            hint=Hint.RESTORE_OVERWRITTEN,
        )

    def _mismatch(self) -> StorageError:
        _, wal, shm = names_of(self._path)
        return CorruptDatabaseError(
            f"The file {wal} does not belong to the database {self._display_name}, which was put there by hand; "
            f"remove {wal} and {shm}, or put back the database that was there before."
        )
