"""``/v1/organizations/admin_keys``: list, get and archive; they are made on the host only."""

from typing import Final, Literal

from pydantic import BaseModel, Field

from callsheet.domain.access.admin_key import AdminKey, Scope
from callsheet.domain.times import format_instant
from callsheet.http.admin.endpoint import ROOT, Answer, Asked, Body, ChangeQuery, Doing, Endpoint, PageQuery
from callsheet.http.admin.errors import AdminError, Code
from callsheet.http.admin.page import cursor_of, page_in_memory
from callsheet.storage.transactions.read import ReadTransaction

_PATH: Final = f"{ROOT}/admin_keys"


class AdminKeyInfo(BaseModel):
    """A key of the Admin API; its secret is not in it."""

    type: Literal["admin_key"] = "admin_key"
    id: str
    name: str
    scopes: list[Scope]
    status: Literal["active", "disabled", "archived"]
    expired: bool = Field(description="Whether it has expired; an active one works unless it has.")
    partial_key_hint: str
    created_at: str
    expires_at: str | None


class AdminKeyPage(BaseModel):
    """A page of admin keys, newest first."""

    data: list[AdminKeyInfo]
    has_more: bool
    first_id: str | None
    last_id: str | None


def _show(_reading: ReadTransaction, asked: Asked, key: AdminKey) -> AdminKeyInfo:
    return AdminKeyInfo(
        id=key.id,
        name=key.name,
        scopes=list(key.scopes),
        status=key.status.value,
        expired=key.is_expired(asked.now),
        partial_key_hint=f"...{key.hint}",
        created_at=format_instant(key.created_at),
        expires_at=None if key.expires_at is None else format_instant(key.expires_at),
    )


def _find(reading: ReadTransaction, key_id: str) -> AdminKey:
    found = next(iter(reading.admin_keys([key_id])), None)
    if found is None:
        raise AdminError(
            Code.DOES_NOT_EXIST, f"There is no admin key {key_id[:80]!r}; the list of admin keys has their ids."
        )
    return found


def _list(reading: ReadTransaction, asked: Asked) -> Answer:
    keys = [_show(reading, asked, key) for key in reversed(reading.admin_keys())]
    return page_in_memory(keys, cursor_of(asked.query), lambda key: key.id)


def _get(reading: ReadTransaction, asked: Asked) -> Answer:
    return _show(reading, asked, _find(reading, asked.ids["admin_key_id"]))


def _archive(doing: Doing, asked: Asked) -> AdminKey:
    with doing.store.read() as reading:
        key = _find(reading, asked.ids["admin_key_id"])
    return doing.admin_keys.archive(key.id)


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path=_PATH,
        operation="listAdminKeys",
        summary="List admin keys, newest first",
        scope=Scope.ALL,
        query=PageQuery,
        answer=AdminKeyPage,
        read=_list,
    ),
    Endpoint(
        method="GET",
        path=f"{_PATH}/{{admin_key_id}}",
        operation="getAdminKey",
        summary="Get one admin key",
        scope=Scope.ALL,
        answer=AdminKeyInfo,
        read=_get,
    ),
    Endpoint(
        method="POST",
        path=f"{_PATH}/{{admin_key_id}}/archive",
        operation="archiveAdminKey",
        summary="Archive an admin key, which stops working for ever",
        scope=Scope.ALL,
        query=ChangeQuery,
        body=Body,
        answer=AdminKeyInfo,
        act=_archive,
        show=_show,
    ),
)
