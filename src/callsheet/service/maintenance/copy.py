"""Copy: everything in one database to another, whichever of the two kinds each is."""

from dataclasses import dataclass

from callsheet.domain.errors import ConflictError, DoesNotExistError
from callsheet.domain.hints import Hint
from callsheet.storage.store import Store
from callsheet.storage.transactions.read import Installation
from callsheet.storage.whole.transfer import (
    UNRECORDED,
    Content,
    Progress,
    Tallies,
    WritableContent,
    read_content,
    write_content,
)


@dataclass(frozen=True, slots=True)
class Copied:
    """The result of a copy: what both databases hold.

    Parameters
    ----------
    revision
        Of both.
    tallies
        By the name of the table: its rows and their digest, read back from both.
    changed
        Whether anything had to be written.
    repaired
        Whether that was although the change records were equal: rows had been changed with SQL. The revision
        does not show that, so servers that serve from the target have to be restarted.
    """

    revision: int
    tallies: Tallies
    changed: bool
    repaired: bool = False


def copy_installation(source: Store, target: Store, progress: Progress) -> Copied:
    """Copy a snapshot of ``source`` to ``target``: an empty database, or an earlier copy.

    The target is written in one transaction, and read back before the commit. Copying again brings it up to the
    source, or finds it equal.

    Raises
    ------
    DoesNotExistError
        There is nothing to copy.
    ConflictError
        The target is the source, holds another installation, or has changes that the source does not have.
    StorageError
        One of the two is not fit for use, or what is read back is not what was written.
    """
    if not source.is_ready():
        raise DoesNotExistError(f"There is no database at {source.display_name} to copy from.")
    with read_content(source, progress) as content:
        return copy_content(content, target, progress)


def copy_content(there: Content, target: Store, progress: Progress) -> Copied:
    """Copy ``there``, all that a database holds, into ``target``; see `copy_installation`.

    Raises
    ------
    DoesNotExistError, ConflictError, StorageError
        As for `copy_installation`.
    """
    installation = there.installation()
    if installation is None:
        raise DoesNotExistError(
            "There is nothing to copy, as the database has not been set up", hint=Hint.SET_UP_DATABASE
        )
    target.prepare()
    with write_content(target, progress) as here:
        if here.identity() == there.identity():
            raise ConflictError(f"Both are the database {target.display_name}; name another to copy to.")
        present = here.installation()
        if present is not None:
            _refuse_another(installation, present, f"The database {target.display_name}")
        return _bring_up(there, here, f"The database {target.display_name}", installation, present)


def _refuse_another(wanted: Installation, present: Installation, name: str) -> None:
    if present.organization_id != wanted.organization_id:
        raise ConflictError(f"{name} holds another installation; name an empty database to copy to.")
    if present.revision > wanted.revision:
        raise ConflictError(
            f"{name} is newer, at revision {present.revision}, than what is to be copied, at revision "
            f"{wanted.revision}; copy the other way, or name an empty database to copy to."
        )


def _bring_up(
    there: Content, here: WritableContent, name: str, wanted: Installation, present: Installation | None
) -> Copied:
    last = here.last_number()
    kept = here.changes_until(last)
    if kept != there.changes_until(last):
        raise ConflictError(
            f"{name} holds changes that are not in what is to be copied; name an empty database to copy to."
        )
    is_repair = False
    same_history = present is not None and there.last_number() == last
    if same_history:
        tallies = there.tallies(kept)
        present_tallies = here.tallies(kept)
        if present_tallies == tallies:
            return Copied(wanted.revision, tallies, changed=False)
        is_repair = any(present_tallies[name] != tally for name, tally in tallies.items() if name not in UNRECORDED)
    here.clear(changes=False)
    return Copied(wanted.revision, here.fill(there, last, kept), changed=True, repaired=is_repair)
