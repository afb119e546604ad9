"""Check a database: whether it is undamaged, its rows are valid, and its change records lead to them."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from callsheet.domain.errors import CorruptDatabaseError, DoesNotExistError, StorageError
from callsheet.service.counts import count_models
from callsheet.service.maintenance.check_claims import check_claims
from callsheet.service.maintenance.check_history import check_history
from callsheet.service.maintenance.check_rows import check_rows
from callsheet.service.maintenance.problem import Problem
from callsheet.storage.store import Store
from callsheet.storage.whole.file_copy import page_faults
from callsheet.storage.whole.integrity import read_integrity

_UNPROTECTED: Final = (
    "Nothing prevents change records from being edited, as triggers are missing; "
    "copy everything to an empty database, which has them."
)


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of a check.

    Parameters
    ----------
    revision
        Of the content; None if that cannot be read.
    counts
        Rows by the name of their table.
    problems
        What is wrong.
    listed
        How many models a list without a filter holds; None where there are problems.
    """

    revision: int | None
    counts: dict[str, int]
    problems: list[Problem]
    listed: int | None = None


def check_database(store: Store) -> Checked:
    """Check everything that ``store`` holds, in one snapshot. Changes nothing.

    Raises
    ------
    DoesNotExistError
        There is nothing to check.
    StorageError
        It is not a database that this program can read.
    """
    with suppress(CorruptDatabaseError):  # damage is reported below
        if not store.is_ready():
            raise DoesNotExistError(f"There is no database at {store.display_name} to check.")
    problems = [
        Problem("database", store.display_name, f"The file is damaged: {fault}.") for fault in page_faults(store)
    ]
    if problems:  # anything else would be a consequence
        return Checked(None, {}, problems)
    with read_integrity(store) as integrity:
        installation = integrity.installation()
        if installation is None:
            if any(integrity.counts().values()):
                raise store.database.ownerless()
            raise store.database.not_set_up()
        if not integrity.is_append_only():
            problems.append(Problem("database", store.display_name, _UNPROTECTED))
        invalid = _all_of(check_rows(integrity, installation), store)
        problems += [*invalid, *_all_of(check_history(integrity, installation), store)]
        if not invalid:  # else claims may come to nothing
            problems += _all_of(check_claims(integrity), store)
        listed = None if problems else count_models(integrity.reading()).listed
        return Checked(installation.revision, integrity.counts(), problems, listed)


def _all_of(part: Iterator[Problem], store: Store) -> list[Problem]:
    """What one part of the check finds, until a column that is not valid text ends its query."""
    found: list[Problem] = []
    try:
        with store.database.translating_errors():
            found.extend(part)
    except StorageError as error:
        found.append(Problem("database", store.display_name, str(error)))
    return found
