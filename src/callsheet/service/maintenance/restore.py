"""Restore: replace what a database holds by what a backup holds."""

import os
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from dataclasses import replace as with_fields
from datetime import datetime
from pathlib import Path
from tempfile import gettempdir
from typing import Final, NamedTuple

from callsheet.domain.access.key import KeyStatus, is_past
from callsheet.domain.errors import ConflictError, DoesNotExistError, InvalidError, StorageError
from callsheet.domain.hints import Hint
from callsheet.domain.times import parse_instant
from callsheet.service.maintenance.backup import backup_kept
from callsheet.storage.atomic_file import scratch
from callsheet.storage.store import Store
from callsheet.storage.transactions.rows import Row
from callsheet.storage.whole.file_copy import copy_pages, exchange, file_of, is_damaged, is_in, seal, store_in
from callsheet.storage.whole.transfer import Content, Progress, read_content, write_content

#: Why events that waited in a backup are given up: they may have been sent after it was made.
_HELD: Final = (
    "It waited in a backup that was restored, and may have been sent before; send it again if it was not."
)


class KeyName(NamedTuple):
    """What a key is called."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Restored:
    """The result of a restore.

    Parameters
    ----------
    revision
        The revision of the database now: above that of the backup, and above the one it had.
    backup_revision
        The revision of the backup.
    kept
        The file that holds the former content, if there was any.
    revived
        The keys that had stopped working and work again.
    lost
        The keys that worked and are not in the backup.
    held_events
        How many events waited in the backup to be sent to webhooks; they are not sent by themselves.
    is_another
        Whether the backup is of another installation than the database held; servers do not follow that.
    """

    revision: int
    backup_revision: int
    kept: Path | None
    revived: list[KeyName]
    lost: list[KeyName]
    is_another: bool
    held_events: int = 0


def restore(
    file: Path,
    target: Store,
    actor: str,
    clock: Callable[[], datetime],
    progress: Progress,
    *,
    replace: bool = False,
) -> Restored:
    """Replace everything in ``target`` by what the backup ``file`` holds.

    It is written in one transaction, so that processes that serve from it go on, and notice. Its former content is
    kept in a file beside it; for PostgreSQL, beside the backup, if that folder can be written to. A damaged file is
    renamed.

    Parameters
    ----------
    file
        As `back_up` wrote it, or another SQLite database of Callsheet's; of this version or an earlier one.
    target
        Any database.
    actor, clock
        As for `CatalogService`.
    progress
        Called with how far it is.
    replace
        Whether the target may hold something, or be damaged.

    Raises
    ------
    DoesNotExistError
        There is no such file, or nothing in it.
    ConflictError
        The target holds something and may not be replaced, or it is the file itself.
    StorageError
        The file or the target is not fit for use; neither was changed.
    """
    _refuse_no_backup(file)
    if is_in(target, file):
        raise ConflictError(f"{file} is the database itself; name a backup of it.")
    place = file_of(target)
    now = clock()
    beside = place or _writable_folder(file) / "callsheet.db"
    damaged = is_damaged(target) or _has_lost_installation(target)
    if not replace:
        _refuse_content(target, damaged=damaged)
    with scratch(beside) as path:
        backup = _open(file, path, progress)
        if place is None or not damaged:
            return _put(backup, target, beside, actor, clock, progress)
        with scratch(place) as fresh:  # the old file cannot be written to
            restored = _put(backup, store_in(fresh, shown_as=place), beside, actor, clock, progress)
            exchange(place, fresh, kept := _kept(beside, now))
        return with_fields(restored, kept=kept)


def _refuse_no_backup(file: Path) -> None:
    try:
        empty = file.is_file() and not file.stat().st_size
        with file.open("rb"):
            pass
    except OSError as error:
        raise DoesNotExistError(f"{file} cannot be read: {error.strerror}; name another backup.") from error
    if empty:
        raise DoesNotExistError(f"{file} is empty; name another backup.")


def _put(
    backup: Store, target: Store, beside: Path, actor: str, clock: Callable[[], datetime], progress: Progress
) -> Restored:
    """Put the content of ``backup`` in place of the target's, if any, which is kept in a file ``beside``."""
    target.prepare()
    with read_content(backup, progress) as there, write_content(target, progress) as here:
        now = clock()  # read here, where no other change can be made any more
        restored_at = _time_after(here, now)
        kept = _kept(beside, now)
        past = here.installation()
        with nullcontext() if past is None else backup_kept(target, here, kept, progress, scratch_of=beside):
            before = _keys(here, now)
            here.clear(changes=True)
            here.fill(there)
            after = _keys(here, now)
            held = here.hold_events(_HELD, restored_at)
            revision, backup_revision = here.record_restore(actor, restored_at, past)
            present = here.installation()
    stopped = {each for each, (_, works) in before.items() if not works}
    return Restored(
        revision=revision,
        backup_revision=backup_revision,
        kept=None if past is None else kept,
        revived=[KeyName(each, name) for each, (name, works) in after.items() if works and each in stopped],
        is_another=past is not None and present is not None and past.organization_id != present.organization_id,
        held_events=held,
        lost=[KeyName(each, name) for each, (name, works) in before.items() if works and each not in after],
    )


def _time_after(content: Content, now: datetime) -> datetime:
    """``now``, or the time of the last change if it is later, as the clock that dated it may be ahead of ours.

    Servers take a database for restored if the restore is not older than what they read last.
    """
    try:
        return max(now, parse_instant(content.last_change_at()))
    except (InvalidError, TypeError):  # the content to be replaced may hold anything, or nothing
        return now


def _refuse_content(target: Store, *, damaged: bool) -> None:
    if damaged:
        raise ConflictError(f"The database {target.display_name} is damaged", hint=Hint.SET_DAMAGED_ASIDE)
    if not target.is_ready():
        return
    with target.read() as reading:
        present = reading.installation()
        if present is not None:
            raise ConflictError(
                f"The database {target.display_name} holds {reading.count_models()} models at revision "
                f"{present.revision}",
                hint=Hint.REPLACE_CONTENT,
            )


def _has_lost_installation(target: Store) -> bool:
    """Whether a database has rows, but not the one that says whose they are."""
    if not target.is_ready():
        return False
    with target.read() as reading:
        return reading.installation() is None and not reading.is_bare()


def _open(file: Path, path: Path, progress: Progress) -> Store:
    """A copy of the backup ``file`` at ``path``: undamaged, migrated to this schema, each row read once."""
    copy_pages(store_in(file), path, progress)
    if not seal(path):
        raise StorageError(f"The backup {file} is damaged; name another.")
    backup = store_in(path, shown_as=file)
    if backup.is_empty():
        raise DoesNotExistError(f"{file} has no tables; name another backup.")
    backup.migrate()
    with backup.read() as reading:
        if reading.installation() is None:
            raise DoesNotExistError(f"{file} has not been set up; name another backup.")
        rows: tuple[Iterable[object], ...] = (
            reading.models(), reading.aliases(), reading.tombstones(), reading.workspaces(), reading.api_keys(),
            reading.every_claim(), reading.source_states(),
            *(reading.absences(source.name) for source in reading.sources()),
        )  # fmt: skip
        for each in rows:
            deque(each, maxlen=0)
    return backup


def _writable_folder(file: Path) -> Path:
    """A folder for the former content of a database that is not in a file; that of the backup may be read-only."""
    folders = (file.parent, Path(), Path(gettempdir()))
    return next((each for each in folders if os.access(each, os.W_OK)), file.parent)


def _kept(beside: Path, now: datetime) -> Path:
    return beside.with_name(f"{beside.stem}-before-restore-{now:%Y%m%dT%H%M%SZ}{beside.suffix}")


def _keys(content: Content, now: datetime) -> dict[str, tuple[str, bool]]:
    """By the id of every key, its name and whether it works."""
    return {row["id"]: (row["name"], _works(row, now)) for row in content.api_keys()}


def _works(row: Row, now: datetime) -> bool:
    if row["status"] != KeyStatus.ACTIVE or row["expires_at"] is None:
        return bool(row["status"] == KeyStatus.ACTIVE)
    try:
        return not is_past(parse_instant(row["expires_at"]), now)
    except (InvalidError, TypeError):  # the content to be replaced may hold anything
        return False
