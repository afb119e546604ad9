"""History: who changed what, and when."""

from callsheet.domain.errors import DoesNotExistError
from callsheet.storage.transactions.read import ReadTransaction
from callsheet.storage.transactions.rows import Row


def read_history(reading: ReadTransaction, subject: str | None, limit: int) -> list[Row]:
    """Return the latest changes, newest first, of everything or of what has, or ever had, this id or name.

    Raises
    ------
    UnknownError
        Nothing ever had.
    """
    if subject is None:
        return reading.changes(None, limit)
    changes = reading.changes([subject, *reading.subjects_named(subject)], limit)
    if not changes:
        raise DoesNotExistError(
            f"No model, alias, workspace or key has or ever had the id or name {subject!r}; "
            "catalog list, workspaces list and keys list show what there is."
        )
    return changes
