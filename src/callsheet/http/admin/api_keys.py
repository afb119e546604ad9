"""``/v1/organizations/api_keys``: list, create, get, update and rotate."""

from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, Literal

from pydantic import Field

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.access.key import APIKey, KeyStatus
from callsheet.domain.changes.keys import KeyChange
from callsheet.http.admin.endpoint import ROOT, Answer, Asked, ChangeQuery, Doing, Endpoint, PageQuery
from callsheet.http.admin.errors import AdminError, Code
from callsheet.http.admin.key_types import (
    STATUSES,
    AdminAPIKey,
    AdminAPIKeyPage,
    KeyUpdate,
    NewAdminAPIKey,
    NewKeyBody,
    RotateBody,
    show_keys,
)
from callsheet.http.admin.page import cursor_of, page_of
from callsheet.http.admin.plain import instant
from callsheet.http.admin.workspaces import find_workspace_by_id
from callsheet.service.access import NewKey
from callsheet.storage.transactions.read import ReadTransaction

_PATH: Final = f"{ROOT}/api_keys"


class KeyQuery(PageQuery):
    """Which keys are listed."""

    nullable: ClassVar[frozenset[str]] = frozenset({"status", "workspace_id", "created_by_user_id"})

    status: Literal["active", "inactive", "archived", "expired"] | None = None
    workspace_id: str | None = None
    created_by_user_id: str | None = Field(None, description="As created_by has it.")


def _find(reading: ReadTransaction, key_id: str) -> APIKey:
    found = next(iter(reading.api_keys([key_id])), None)
    if found is None:
        raise AdminError(Code.DOES_NOT_EXIST, f"There is no key {key_id[:80]!r}; the list of keys has their ids.")
    return found


def _list(reading: ReadTransaction, asked: Asked) -> Answer:
    query: KeyQuery = asked.query
    now = asked.now.replace(microsecond=0)
    status = None if query.status is None else STATUSES.get(query.status, query.status)
    found, has_more = reading.key_page(
        cursor_of(query),
        now,
        status=status,
        workspace_id=query.workspace_id,
        created_by=query.created_by_user_id,
    )
    return page_of(show_keys(reading, found, now), has_more=has_more)


def _get(reading: ReadTransaction, asked: Asked) -> Answer:
    return _show(reading, asked, _find(reading, asked.ids["api_key_id"]))


def _show(reading: ReadTransaction, asked: Asked, key: APIKey) -> Answer:
    return show_keys(reading, [key], asked.now.replace(microsecond=0))[0]


def _create(doing: Doing, asked: Asked) -> NewKey:
    new: NewKeyBody = asked.body
    workspace_id, organization = _owner(new)
    if workspace_id is not None:
        with doing.store.read() as reading:
            find_workspace_by_id(reading, workspace_id)
    return doing.access.create_key(
        new.name,
        workspace_id,
        organization=organization,
        expires_at=_expiry(new.expires_at),
        secret_sha256=_sha256(new.secret_sha256),
    )


def _owner(new: NewKeyBody) -> tuple[str | None, bool]:
    """The workspace of a new key, and whether it is one of the organization."""
    scope = new.scope
    if scope is None:
        return new.workspace_id, False
    if scope.type == "organization":
        if scope.workspace_id is not None or new.workspace_id is not None:
            raise AdminError(
                Code.INVALID_REQUEST, "scope: a key of the organization has no workspace_id; say one.", "scope"
            )
        return None, True
    if scope.workspace_id is None:
        raise AdminError(Code.INVALID_REQUEST, "scope.workspace_id: Field required", "scope.workspace_id")
    if new.workspace_id not in (None, scope.workspace_id):
        raise AdminError(Code.INVALID_REQUEST, "workspace_id: must be that of the scope.", "workspace_id")
    return scope.workspace_id, False


def _update(doing: Doing, asked: Asked) -> APIKey:
    update: KeyUpdate = asked.body
    with doing.store.read() as reading:
        key = _find(reading, asked.ids["api_key_id"])
        if update.workspace_id is not None:
            find_workspace_by_id(reading, update.workspace_id)
    sent = update.model_fields_set
    wanted = KeyChange()
    if update.name is not None:
        wanted["name"] = update.name
    if "workspace_id" in sent:
        wanted["workspace"] = update.workspace_id
    if "expires_at" in sent:
        wanted["expires_at"] = _expiry(update.expires_at)
    status = None if update.status is None else STATUSES[update.status]
    if wanted:
        key = doing.access.change_key(key.id, wanted)
    if status is None or status is key.status:
        return key
    if status is KeyStatus.ARCHIVED:
        return doing.access.archive_key(key.id)
    return doing.access.enable_key(key.id) if status is KeyStatus.ACTIVE else doing.access.disable_key(key.id)


def _rotate(doing: Doing, asked: Asked) -> NewKey:
    how: RotateBody = asked.body
    with doing.store.read() as reading:
        key = _find(reading, asked.ids["api_key_id"])
    return doing.access.rotate_key(
        key.id, timedelta(hours=how.overlap_hours), secret_sha256=_sha256(how.secret_sha256)
    )


def _show_new(reading: ReadTransaction, asked: Asked, new: NewKey) -> Answer:
    now = asked.now.replace(microsecond=0)
    made: dict[str, Any] = show_keys(reading, [new.key], now)[0].model_dump()
    replaced = None if new.replaced is None else show_keys(reading, [new.replaced], now)[0].model_dump()
    return NewAdminAPIKey.model_validate({**made, "secret": new.secret or None, "replaced": replaced})


def _expiry(text: str | None) -> datetime | None:
    return None if text is None else instant(text, "expires_at")


def _sha256(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path=_PATH,
        operation="listAPIKeys",
        summary="List API keys, newest first",
        scope=Scope.READ,
        query=KeyQuery,
        answer=AdminAPIKeyPage,
        read=_list,
    ),
    Endpoint(
        method="POST",
        path=_PATH,
        operation="createAPIKey",
        summary="Create an API key; its secret is shown this once",
        scope=Scope.KEYS,
        query=ChangeQuery,
        body=NewKeyBody,
        answer=NewAdminAPIKey,
        act=_create,
        show=_show_new,
    ),
    Endpoint(
        method="GET",
        path=f"{_PATH}/{{api_key_id}}",
        operation="getAPIKey",
        summary="Get one API key",
        scope=Scope.READ,
        answer=AdminAPIKey,
        read=_get,
    ),
    Endpoint(
        method="POST",
        path=f"{_PATH}/{{api_key_id}}",
        operation="updateAPIKey",
        summary="Change an API key; its secret stays",
        scope=Scope.KEYS,
        query=ChangeQuery,
        body=KeyUpdate,
        answer=AdminAPIKey,
        act=_update,
        show=_show,
    ),
    Endpoint(
        method="POST",
        path=f"{_PATH}/{{api_key_id}}/rotate",
        operation="rotateAPIKey",
        summary="Replace an API key by a new one of the same name and workspace",
        scope=Scope.KEYS,
        query=ChangeQuery,
        body=RotateBody,
        answer=NewAdminAPIKey,
        act=_rotate,
        show=_show_new,
    ),
)
