"""API keys by id or name: ``/v1/organizations/access/keys``."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, cast

from pydantic import Field, StringConstraints

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.access.key import APIKey, KeyCondition, KeyFilter
from callsheet.domain.changes.change import Action
from callsheet.domain.changes.key_import import Entry, Imported, import_keys
from callsheet.domain.changes.keys import MAX_OVERLAP_HOURS
from callsheet.domain.changes.lookup import find_workspace, replaced_keys
from callsheet.domain.errors import about
from callsheet.domain.query import MAX_LIMIT
from callsheet.domain.times import parse_instant
from callsheet.http.admin.access.answers import (
    ImportedKeys,
    KeyRecord,
    KnownKeyRecord,
    ListedKeyRecord,
    NewKeyRecord,
)
from callsheet.http.admin.endpoint import (
    ROOT,
    Act,
    Answer,
    Asked,
    Body,
    ChangeQuery,
    Doing,
    Endpoint,
    Input,
)
from callsheet.http.admin.moments import DatedPage, MomentPageQuery, MomentQuery, at_moment, cut_items
from callsheet.http.admin.page import cursor_of
from callsheet.http.admin.plain import AnyReading, MomentReader, catalog_of, instant, instants, page
from callsheet.service.access import AccessService, NewKey
from callsheet.service.ids import NewThings
from callsheet.service.moments.reading import MomentReading
from callsheet.storage.transactions.read import ReadTransaction

if TYPE_CHECKING:
    from callsheet.domain.changes.keys import KeyChange

_KEYS: Final = f"{ROOT}/access/keys"
_MAX_ENTRIES: Final = 10_000

#: Of a text that keys are looked for by: that of their names.
MAX_TEXT_CHARACTERS: Final = 128

SHA256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class KeyToCreate(Input):
    """A key to create."""

    name: str
    workspace: str | None = Field(None, description="Id or name; the default one if it is left out.")
    organization: bool = Field(False, description="Let the key choose among all workspaces.")
    expires_at: str | None = Field(None, description="A day or an RFC 3339 time; never if it is left out.")
    secret: str | None = Field(None, description="An existing secret, so that clients keep theirs.")


class KeyToChange(Input):
    """What is to change of a key; what is left out stays as it is."""

    name: str = ""
    workspace: str | None = Field(None, description="Id or name; null makes it a key of the whole organization.")
    expires_at: str | None = Field(None, description="null lets it never expire.")


class Rotation(Input):
    """How a key is replaced."""

    overlap_hours: float = Field(0, ge=0, le=MAX_OVERLAP_HOURS, description="How long the old secret works on.")


class KeyEntry(Input):
    """A key that another program knows."""

    place: str = Field("An entry", description="What messages call it, such as Line 7.")
    name: str
    workspace: str | None = None
    sha256: SHA256 = Field(description="Of its secret.")
    hint: str = Field("", max_length=4, description="The last four characters of its secret.")
    expires_at: str | None = None


class KeyEntries(Input):
    """Keys that another program knows."""

    entries: list[KeyEntry] = Field(min_length=1, max_length=_MAX_ENTRIES)


class KeyQuery(MomentQuery):
    """What is shown of a key."""

    models: bool = Field(False, description="Whether to name the models that are listed for it.")
    limit: int | None = Field(
        None, ge=1, le=MAX_LIMIT, description="Maximum number of models that are named; all if it is left out."
    )


class KeysQuery(MomentPageQuery):
    """Which keys are listed."""

    status: Literal["active", "disabled", "archived", "expired"] | None = Field(
        None, description="Active ones have not expired."
    )
    workspace: str | None = Field(None, min_length=1, description="Of the workspace with this id or name.")
    text: str | None = Field(
        None,
        min_length=1,
        max_length=MAX_TEXT_CHARACTERS,
        description="What is in the name or among the last characters of the secret; or the id.",
    )


def _list(reading: AnyReading, asked: Asked) -> dict[str, Any]:
    query: KeysQuery = asked.query
    now = asked.now.replace(microsecond=0)
    with about("workspace"):
        workspace = None if query.workspace is None else find_workspace(reading, query.workspace).id
    keys: Sequence[APIKey]
    if isinstance(reading, MomentReading):
        condition = None if query.status is None else KeyCondition(query.status)
        wanted = KeyFilter(condition=condition, workspace=query.workspace, text=query.text)
        there = [key for key in reading.api_keys() if wanted.takes(key, workspace, now)]
        there = sorted(there, key=lambda key: (key.created_at, key.id), reverse=True)
        keys, has_more = cut_items(there, lambda key: key.id, query)
    else:
        keys, has_more = reading.key_page(
            cursor_of(query), now, status=query.status, workspace_id=workspace, text=query.text
        )
    return page(_listed(reading, keys, asked), "id", has_more=has_more)


def _listed(reading: AnyReading, keys: Sequence[APIKey], asked: Asked) -> list[dict[str, Any]]:
    """``keys`` as a list shows them."""
    ids = [key.id for key in keys]
    replaced = replaced_keys(reading, keys, asked.now)
    creators, uses = _of_present(reading, ids)
    return [
        {
            **key.record(),
            "expired": key.is_expired(asked.now),
            "replaced": key.id in replaced,
            "created_by": creators.get(key.id),
            "last_used_at": uses.get(key.id),
        }
        for key in keys
    ]


def _of_present(reading: AnyReading, key_ids: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Who created keys, and when they were last used, which is known of the present only."""
    if isinstance(reading, MomentReading):
        created = (each for each in reading.changes_of(key_ids) if each.action == Action.CREATE)
        return {each.subject: each.actor for each in created}, {}
    return reading.creators(key_ids), reading.last_uses(key_ids)


def _show(reading: AnyReading, asked: Asked) -> dict[str, Any]:
    query: KeyQuery = asked.query
    access = MomentReader(reading, asked).access
    details = access.show_key(
        asked.ids["key"],
        in_order=query.models,
        limit=query.limit if query.models else 0,
        known=catalog_of(reading, asked),
    )
    sight = details.sight
    return {
        **details.key.record(),
        "expired": details.key.is_expired(asked.now),
        "replaced": details.replaced,
        "last_used_at": _of_present(reading, [details.key.id])[1].get(details.key.id),
        "workspace": None if details.workspace is None else details.workspace.name,
        "works": details.fault is None,
        "fault": details.fault,
        "created_by": details.created_by,
        "models_visible": sight.total,
        "models_listed": sight.listed,
        "models": list(sight.visible) if query.models else None,
    }


def _create(doing: Doing, asked: Asked) -> NewKey:
    new: KeyToCreate = asked.body
    expires_at = None if new.expires_at is None else instant(new.expires_at, "expires_at")
    made = doing.access.create_key(
        new.name, new.workspace, organization=new.organization, expires_at=expires_at, secret=new.secret
    )
    return made if new.secret is None else NewKey(made.key, "")


def _change(doing: Doing, asked: Asked) -> APIKey:
    wanted = instants(asked.body.model_dump(exclude_unset=True), ("expires_at",))
    return doing.access.change_key(asked.ids["key"], cast("KeyChange", wanted))


def _rotate(doing: Doing, asked: Asked) -> NewKey:
    return doing.access.rotate_key(asked.ids["key"], timedelta(hours=asked.body.overlap_hours))


def _import(doing: Doing, asked: Asked) -> Imported:
    return doing.access.import_keys(_entries(asked.body))


def _check_import(reading: ReadTransaction, asked: Asked) -> Answer:
    new = NewThings()
    return _imported(reading, asked, import_keys(reading, _entries(asked.body), asked.now, new.key_id))


def _entries(body: KeyEntries) -> list[Entry]:
    return [
        Entry(
            place=each.place,
            name=each.name,
            workspace=each.workspace,
            fingerprint=bytes.fromhex(each.sha256),
            hint=each.hint,
            expires_at=None if each.expires_at is None else parse_instant(each.expires_at, "expires_at"),
        )
        for each in body.entries
    ]


def _shown(_reading: ReadTransaction, _asked: Asked, key: APIKey) -> Answer:
    return key.record()


def _made(_reading: ReadTransaction, _asked: Asked, new: NewKey) -> Answer:
    replaced = None if new.replaced is None else new.replaced.record()
    return {**new.key.record(), "secret": new.secret or None, "replaced": replaced}


def _imported(_reading: ReadTransaction, _asked: Asked, imported: Imported) -> Answer:
    sides = {"created": imported.created, "present": imported.present}
    return {name: [key.record() for key in keys] for name, keys in sides.items()}


def _act(do: Callable[[AccessService, str], APIKey]) -> Act:
    return lambda doing, asked: do(doing.access, asked.ids["key"])


KEYS: Final = (
    Endpoint(
        method="GET",
        path=_KEYS,
        operation="listKeyRecords",
        summary="List all keys, newest first, archived ones too.",
        scope=Scope.READ,
        query=KeysQuery,
        answer=DatedPage[ListedKeyRecord],
        read=at_moment(_list),
    ),
    Endpoint(
        method="POST",
        path=_KEYS,
        operation="createKeyRecord",
        summary="Create a key; a secret made here is in the answer once.",
        scope=Scope.KEYS,
        query=ChangeQuery,
        body=KeyToCreate,
        answer=NewKeyRecord,
        act=_create,
        show=_made,
    ),
    Endpoint(
        method="GET",
        path=f"{_KEYS}/{{key}}",
        operation="getKeyRecord",
        summary="Show one key, by id or name, and what it sees.",
        scope=Scope.READ,
        query=KeyQuery,
        answer=KnownKeyRecord,
        read=at_moment(_show),
    ),
    Endpoint(
        method="POST",
        path=f"{_KEYS}/{{key}}",
        operation="updateKeyRecord",
        summary="Change a key, by id or name; its secret stays.",
        scope=Scope.KEYS,
        query=ChangeQuery,
        body=KeyToChange,
        answer=KeyRecord,
        act=_change,
        show=_shown,
    ),
    Endpoint(
        method="POST",
        path=f"{_KEYS}/{{key}}/rotate",
        operation="rotateKeyRecord",
        summary="Replace a key by a new one of the same name and workspace.",
        scope=Scope.KEYS,
        query=ChangeQuery,
        body=Rotation,
        answer=NewKeyRecord,
        act=_rotate,
        show=_made,
    ),
    *(
        Endpoint(
            method="POST",
            path=f"{_KEYS}/{{key}}/{verb}",
            operation=f"{verb}KeyRecord",
            summary=summary,
            scope=Scope.KEYS,
            query=ChangeQuery,
            body=Body,
            answer=KeyRecord,
            act=_act(do),
            show=_shown,
        )
        for verb, summary, do in (
            ("disable", "Stop a key from working until it is enabled again.", AccessService.disable_key),
            ("enable", "Let a disabled key work again.", AccessService.enable_key),
            ("archive", "Stop a key from working for ever.", AccessService.archive_key),
        )
    ),
    Endpoint(
        method="POST",
        path=f"{ROOT}/access/import",
        operation="importKeyRecords",
        summary="Create many keys by the SHA-256 of their secrets: all of them or none.",
        scope=Scope.KEYS,
        query=ChangeQuery,
        body=KeyEntries,
        answer=ImportedKeys,
        act=_import,
        show=_imported,
    ),
    Endpoint(
        method="POST",
        path=f"{ROOT}/access/check_import",
        operation="checkKeyImport",
        summary="Return which keys an import would create; nothing is changed.",
        scope=Scope.KEYS,
        body=KeyEntries,
        answer=ImportedKeys,
        read=_check_import,
    ),
)
