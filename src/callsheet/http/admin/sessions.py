"""``/v1/organizations/sessions``: who is signed in at the console; list them, and end one or all."""

from typing import Final, Literal

from pydantic import BaseModel, Field

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.access.session import Session
from callsheet.http.admin.endpoint import ROOT, Answer, Asked, Body, Endpoint, PageQuery
from callsheet.http.admin.page import cursor_of, page_in_memory
from callsheet.http.admin.plain import Everything, Page
from callsheet.service.admin.sessions import SessionService, present_sessions
from callsheet.storage.store import Store
from callsheet.storage.transactions.read import ReadTransaction

_PATH: Final = f"{ROOT}/sessions"


class SessionInfo(BaseModel):
    """Someone who is signed in at the console; the token is not in it."""

    type: Literal["session"] = "session"
    id: str
    name: str = Field(description="Who it is: the name of the admin key or of the person.")
    actor: str = Field(description="What change records call them.")
    signed_in_by: Literal["admin_key", "link", "proxy"]
    admin_key_id: str | None = Field(description="The admin key with which the session ends; null for another way.")
    scopes: list[Scope]
    created_at: str
    last_used_at: str = Field(description="Exact to about five minutes.")
    ends_at: str = Field(description="When it ends unless it is used until then.")


def _show(session: Session) -> SessionInfo:
    return SessionInfo.model_validate(session.record())


def _list(reading: ReadTransaction, asked: Asked) -> Answer:
    sessions = [_show(each) for each in reversed(present_sessions(reading, asked.now))]
    return page_in_memory(sessions, cursor_of(asked.query), lambda session: session.id)


def _end(store: Store, asked: Asked) -> Answer:
    return _show(_service(store, asked).end(asked.ids["session"]))


def _end_all(store: Store, asked: Asked) -> Answer:
    return {"data": [each.record() for each in _service(store, asked).end_all()]}


def _service(store: Store, asked: Asked) -> SessionService:
    return SessionService(store, lambda: asked.now)


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path=_PATH,
        operation="listSessions",
        summary="List who is signed in at the console, newest first.",
        scope=Scope.ALL,
        query=PageQuery,
        answer=Page[SessionInfo],
        read=_list,
    ),
    Endpoint(
        method="POST",
        path=f"{_PATH}/{{session}}/end",
        operation="endSession",
        summary="End a session of the console at once.",
        scope=Scope.ALL,
        body=Body,
        answer=SessionInfo,
        run=_end,
    ),
    Endpoint(
        method="POST",
        path=f"{_PATH}/end",
        operation="endSessions",
        summary="End every session of the console at once, and every sign-in link that was not followed yet.",
        scope=Scope.ALL,
        body=Body,
        answer=Everything[SessionInfo],
        run=_end_all,
    ),
)
