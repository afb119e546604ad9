"""Calendars: what may be created and revoked."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from callsheet.domain.access.calendar import Calendar
from callsheet.domain.access.secret import check_not_in_name, fingerprint, hint
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.changes.change import Action, Change
from callsheet.domain.changes.keys import Credentials
from callsheet.domain.errors import ConflictError, DoesNotExistError
from callsheet.domain.hints import Hint


def find_calendar(calendars: Iterable[Calendar], name: str) -> Calendar:
    """Return the calendar with this id, or the one with this name that works; DoesNotExistError if none."""
    every = list(calendars)
    for found in (*(each for each in every if each.id == name), *_working(every)):
        if name in (found.id, found.name):
            return found
    raise DoesNotExistError(f"There is no calendar {name!r}", hint=Hint.LIST_CALENDARS)


def create_calendar(
    calendars: Iterable[Calendar], new: Credentials, name: str, workspace: Workspace | None, now: datetime
) -> list[Change[Calendar]]:
    """Create a calendar, of one workspace or of the whole organization.

    Raises
    ------
    InvalidError
        The name is not valid.
    ConflictError
        A calendar that works has this name, or the workspace is archived.
    """
    for other in _working(calendars):
        if other.name == name:
            raise ConflictError(
                f"There is a calendar named {name!r} already: {other.id}; choose another name, or revoke that one.",
                field="name",
            )
    if workspace is not None and workspace.archived_at is not None:
        raise ConflictError(
            f"The workspace {workspace.name} is archived, so it can have no calendar.", field="workspace"
        )
    check_not_in_name(new.secret, name)
    calendar = Calendar(
        id=new.key_id,
        name=name,
        workspace_id=None if workspace is None else workspace.id,
        fingerprint=fingerprint(new.secret),
        hint=hint(new.secret),
        created_at=now,
    )
    return [Change(Action.CREATE, None, calendar)]


def revoke_calendar(calendar: Calendar, now: datetime) -> list[Change[Calendar]]:
    """Stop ``calendar`` from working for ever; ConflictError if it is revoked already."""
    if calendar.revoked_at is not None:
        raise ConflictError(f"The calendar {calendar.name} ({calendar.id}) is revoked already.")
    return [Change(Action.REVOKE, calendar, replace(calendar, revoked_at=now))]


def _working(calendars: Iterable[Calendar]) -> list[Calendar]:
    return [each for each in calendars if each.revoked_at is None]
