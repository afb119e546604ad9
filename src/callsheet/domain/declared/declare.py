"""Declare: everything that a catalogue file changes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from callsheet.domain.access.key import APIKey, KeyStatus
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.changes.change import Action, AnyChange, Change
from callsheet.domain.changes.claiming import claim
from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.declared.deciding import Declaring
from callsheet.domain.declared.keys import declare_keys, wanted_keys
from callsheet.domain.declared.models import wanted_claims
from callsheet.domain.declared.reader import DeclaredReader
from callsheet.domain.declared.sources import declare_sources, wanted_sources
from callsheet.domain.declared.workspaces import declare_workspaces, wanted_workspaces
from callsheet.domain.errors import ConflictError
from callsheet.domain.manifest import Manifest

_MAX_NAMES: Final = 5  # in a message


def wanted_by(reader: DeclaredReader, manifest: Manifest, now: datetime, *, adopt: bool = False) -> list[Claims]:
    """Return the claims that ``manifest`` comes to at present, on everything that it names; see `declare`.

    Raises
    ------
    ConflictError
        What is protected would go.
    """
    manager = manifest.manager
    wanted = wanted_claims(reader, manifest, adopt=adopt)
    if manifest.workspaces is not None:
        wanted += wanted_workspaces(reader, manager, manifest.workspaces)
    if manifest.keys is not None:
        wanted += wanted_keys(reader, manager, manifest.keys, now)
    if manifest.sources is not None:
        wanted += wanted_sources(reader, manager, manifest.sources)
    return wanted


def declare(declaring: Declaring, wanted: Sequence[Claims]) -> Sequence[AnyChange]:
    """Return what changes if each of ``wanted`` replaces what its manager said; a second time, that is nothing.

    What goes comes before what is new, so that a name or an alias that becomes free can be taken at once.

    Parameters
    ----------
    declaring
        What to ask; what the file does not decide is noted there.
    wanted
        Whole claims, each once, on any kind of thing; those that are empty are dropped.

    Raises
    ------
    RefusedError
        Something that is wanted is not allowed; then nothing is.
    """
    declare_workspaces(declaring, _of(wanted, ClaimKind.WORKSPACE))
    released = declare_sources(declaring, _of(wanted, ClaimKind.SOURCE))
    declare_keys(declaring, _of(wanted, ClaimKind.KEY))
    on_models = {(each.kind, each.subject, each.manager): each for each in released}
    for each in wanted:
        if each.kind in (ClaimKind.MODEL, ClaimKind.ALIAS):
            on_models[each.kind, each.subject, each.manager] = each
    return [*claim(declaring.reader, on_models.values()), *declaring.changes]


def check_deletes(changes: Sequence[AnyChange], max_deletes: int | None) -> None:
    """Raise ConflictError if more things go than ``max_deletes``; None is any number."""
    gone = [change.subject for change in changes if _is_end(change)]
    if max_deletes is not None and len(gone) > max_deletes:
        names = ", ".join(gone[:_MAX_NAMES]) + (", …" if len(gone) > _MAX_NAMES else "")
        raise ConflictError(
            f"The plan would remove {len(gone):,} things, and at most {max_deletes:,} are allowed: {names}. Put "
            "them back into the file, or allow more."
        )


def _of(wanted: Sequence[Claims], kind: ClaimKind) -> list[Claims]:
    return [each for each in wanted if each.kind is kind]


def _is_end(change: Change[object]) -> bool:  # type: ignore[type-var]  # of anything that changes
    match change.value:
        case Claims():
            return False
        case Workspace():
            return change.action is Action.ARCHIVE
        case APIKey(status=status):
            return status is KeyStatus.ARCHIVED
        case _:
            return change.after is None
