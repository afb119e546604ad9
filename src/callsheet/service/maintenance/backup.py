"""Backup: a snapshot of a database in one file."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from callsheet.domain.errors import ConflictError, DoesNotExistError
from callsheet.service.maintenance.copy import copy_content
from callsheet.storage.atomic_file import draft
from callsheet.storage.store import Store
from callsheet.storage.whole.file_copy import copy_pages, file_of, is_in, revision_in, seal, store_in
from callsheet.storage.whole.transfer import Content, Progress, read_content


def back_up(source: Store, file: Path, progress: Progress, *, replace: bool = False) -> int:
    """Write everything that ``source`` holds to ``file``: a SQLite database for its owner only, also of PostgreSQL.

    Other processes may go on changing the source. ``file`` is replaced atomically. Returns the revision in it.

    Raises
    ------
    DoesNotExistError
        There is nothing to back up.
    ConflictError
        There is such a file and ``replace`` is false, or it is the database itself.
    StorageError
        The database cannot be read, or is damaged, or the file cannot be written.
    """
    if source.is_empty():
        raise DoesNotExistError(f"There is no database at {source.display_name} to back up.")
    if is_in(source, file):
        raise ConflictError(f"{file} is the database itself; name another file.")
    reading: AbstractContextManager[Content | None] = nullcontext()  # pages are copied as they are
    if file_of(source) is None:
        source.is_ready()  # rows can only be read as this program knows them
        reading = read_content(source, progress)
    with reading as content, backup_kept(source, content, file, progress, replace=replace) as revision:
        return revision


@contextmanager
def backup_kept(
    source: Store,
    content: Content | None,
    file: Path,
    progress: Progress,
    *,
    replace: bool = False,
    scratch_of: Path | None = None,
) -> Iterator[int]:
    """Write ``source`` as `back_up` does and yield the revision; where it is not in a file, ``content`` is written.

    ``file`` gets its name at the end of the block; if there is an error, it is removed. ``scratch_of`` as for
    `draft`.

    Raises
    ------
    DoesNotExistError
        The database has not been set up.
    ConflictError
        ``file`` is there, and ``replace`` is not given.
    StorageError
        The database cannot be read, is damaged, or ``file`` cannot be written.
    """
    with draft(file, replace=replace, scratch_of=scratch_of) as path:
        if content is None or file_of(source) is not None:
            copy_pages(source, path, progress)
        else:
            copy_content(content, store_in(path, shown_as=file), progress)
        if not seal(path):
            raise source.database.damaged()
        revision = revision_in(path)
        if revision is None:
            raise source.database.not_set_up()
        yield revision
