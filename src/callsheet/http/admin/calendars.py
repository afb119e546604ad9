"""Calendars: ``/v1/organizations/calendars``."""

from typing import Final

from pydantic import BaseModel, Field

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.access.calendar import Calendar
from callsheet.http.admin.endpoint import ROOT, Answer, Asked, Body, ChangeQuery, Doing, Endpoint, Input
from callsheet.http.admin.plain import Everything
from callsheet.service.retirements.calendars import NewCalendar
from callsheet.storage.transactions.read import ReadTransaction

_CALENDARS: Final = f"{ROOT}/calendars"


class CalendarToCreate(Input):
    """A calendar to create."""

    name: str
    workspace: str | None = Field(
        None, description="Id or name of a workspace, whose models it holds; all models if it is left out."
    )


class CalendarRecord(BaseModel):
    """An address that calendar programs subscribe to. Its token is not kept."""

    id: str
    name: str
    workspace_id: str | None = Field(description="null: of the whole organization.")
    partial_token_hint: str
    created_at: str
    revoked_at: str | None


class NewCalendarRecord(CalendarRecord):
    """A calendar just made."""

    token: str | None = Field(description="Shown this once; null in an answer that is repeated.")
    path: str | None = Field(description="Where a server has it, below its base URL; it holds the token.")


def _list(reading: ReadTransaction, _asked: Asked) -> Answer:
    return {"data": [each.record() for each in reading.calendars()]}


def _create(doing: Doing, asked: Asked) -> NewCalendar:
    return doing.calendars.create(asked.body.name, asked.body.workspace)


def _made(_reading: ReadTransaction, _asked: Asked, new: NewCalendar) -> Answer:
    return {**new.calendar.record(), "token": new.token, "path": new.path}


def _revoke(doing: Doing, asked: Asked) -> Calendar:
    return doing.calendars.revoke(asked.ids["calendar"])


def _shown(_reading: ReadTransaction, _asked: Asked, calendar: Calendar) -> Answer:
    return calendar.record()


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path=_CALENDARS,
        operation="listCalendars",
        summary="List all calendars, oldest first, revoked ones too.",
        scope=Scope.READ,
        answer=Everything[CalendarRecord],
        read=_list,
    ),
    Endpoint(
        method="POST",
        path=_CALENDARS,
        operation="createCalendar",
        summary="Create a calendar; its token is in the answer once.",
        scope=Scope.CATALOG,
        query=ChangeQuery,
        body=CalendarToCreate,
        answer=NewCalendarRecord,
        act=_create,
        show=_made,
        shown_once=("token", "path"),
    ),
    Endpoint(
        method="POST",
        path=f"{_CALENDARS}/{{calendar}}/revoke",
        operation="revokeCalendar",
        summary="Stop a calendar from working for ever, by id or name.",
        scope=Scope.CATALOG,
        query=ChangeQuery,
        body=Body,
        answer=CalendarRecord,
        act=_revoke,
        show=_shown,
    ),
)
