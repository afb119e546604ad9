"""Reading for those who administer: admin keys, pages of keys and workspaces, and answers that were given."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Column, ColumnElement, Select, Table, and_, func, or_, select, tuple_

from callsheet.domain.access.admin_key import AdminKey
from callsheet.domain.access.key import APIKey, KeyStatus
from callsheet.domain.access.secret import HINT_LENGTH
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.times import format_instant
from callsheet.storage import tables
from callsheet.storage.transactions import rows
from callsheet.storage.transactions.selecting import VALUE_BATCH_SIZE, Selecting, is_nowhere, plain

_KEYS: Final = tables.api_keys.c


class Cursor(NamedTuple):
    """Which page is asked for: the rows behind ``after_id``, those before ``before_id``, or the first ones."""

    limit: int
    after_id: str | None = None
    before_id: str | None = None


class Rows(NamedTuple):
    """A page of rows, newest first, and whether more follow in its direction."""

    rows: Sequence[Mapping[str, Any]]
    has_more: bool


class GivenAnswer(NamedTuple):
    """The answer that a request of an admin key with an idempotency key was given: no secret is in it."""

    request_digest: str
    status: int
    answer: Mapping[str, Any]


class UnknownCursorError(LookupError):
    """A cursor is the id of nothing; its argument is the name of the parameter."""


class AdminReading(Selecting):
    """What those who administer read in one transaction."""

    def admin_keys(self, ids: Iterable[str] | None = None) -> list[AdminKey]:
        """Return the admin keys, archived ones too, all or those with these ids, oldest first."""
        found = map(rows.read_admin_key, self._rows(tables.admin_keys, "id", ids))
        return sorted(found, key=lambda key: (key.created_at, key.id))

    def admin_key_with(self, fingerprint: bytes) -> AdminKey | None:
        """Return the admin key with this fingerprint."""
        return next(map(rows.read_admin_key, self._rows(tables.admin_keys, "fingerprint", [fingerprint])), None)

    def has_admin_keys(self) -> bool:
        """Return whether an admin key was ever made."""
        return self._connection.execute(select(tables.admin_keys.c.id).limit(1)).first() is not None

    def given_answer(self, admin_key_id: str, idempotency_key: str) -> GivenAnswer | None:
        """Return what a request of this admin key with this idempotency key was answered."""
        given = tables.repeated_requests.c
        query = select(given.request_digest, given.status, given.answer).where(
            given.admin_key_id == admin_key_id, given.idempotency_key == idempotency_key
        )
        row = self._connection.execute(query).first()
        return None if row is None else GivenAnswer(*row)

    def key_page(
        self,
        cursor: Cursor,
        now: datetime,
        *,
        status: str | None = None,
        workspace_id: str | None = None,
        created_by: str | None = None,
        text: str | None = None,
    ) -> tuple[list[APIKey], bool]:
        """Return a page of keys, newest first, and whether more follow.

        Parameters
        ----------
        cursor
            Which page.
        now
            A time without a fraction of a second, by which keys have expired.
        status
            Only these: a `KeyStatus`, or ``expired``; active ones have not.
        workspace_id, created_by
            Only those of this workspace, or created by this actor.
        text
            Only those whose id it is, or in whose name or hint it is found, whatever the case of its letters.

        Raises
        ------
        UnknownCursorError
            A cursor is not the id of a key.
        """
        conditions: list[ColumnElement[bool]] = []
        if any(map(is_nowhere, (workspace_id, created_by, text))):
            return [], False
        walks = text is not None or status == "expired" or None not in (status, workspace_id)
        if status is not None:
            conditions.append(_has_status(status, now, walks=walks))
        if workspace_id is not None:
            conditions.append(_unindexed(_KEYS.workspace_id, walks=walks) == workspace_id)
        if created_by is not None:
            conditions.append(_unindexed(_KEYS.created_by, walks=walks) == created_by)
        if text is not None:
            conditions.append(_has_text(text, folds=self._connection.dialect.name == "sqlite"))
        page = self._page(tables.api_keys, cursor, conditions)
        return list(map(rows.read_key, page.rows)), page.has_more

    def workspace_page(
        self,
        cursor: Cursor,
        *,
        archived: bool,
        without: str | None = None,
        ids: Sequence[str] | None = None,
        search: str = "",
    ) -> tuple[list[Workspace], bool]:
        """Return a page of workspaces, newest first, and whether more follow.

        Parameters
        ----------
        cursor
            Which page.
        archived
            Whether archived ones are among them.
        without
            The id of one that is left out, or None.
        ids
            Only these, or None.
        search
            Only those whose name or id holds this text, in either case as far as it is ASCII.

        Raises
        ------
        UnknownCursorError
            A cursor is not the id of a workspace.
        """
        columns = tables.workspaces.c
        conditions: list[ColumnElement[bool]] = []
        if not archived:
            conditions.append(columns.archived_at.is_(None))
        if without is not None:
            conditions.append(columns.id != without)
        if ids is not None:
            conditions.append(columns.id.in_([each for each in ids if not is_nowhere(each)]))
        if is_nowhere(search):
            return [], False
        if search:
            texts = (func.lower(columns.name), func.lower(columns.id))
            conditions.append(or_(*(text.contains(search.lower(), autoescape=True) for text in texts)))
        page = self._page(tables.workspaces, cursor, conditions)
        return list(map(rows.read_workspace, page.rows)), page.has_more

    def creators(self, key_ids: Sequence[str]) -> dict[str, str]:
        """Return by id the actor who created each of these keys, as far as the change records say."""
        found: dict[str, str] = {}
        for start in range(0, len(key_ids), VALUE_BATCH_SIZE):
            some = key_ids[start : start + VALUE_BATCH_SIZE]
            query = select(_KEYS.id, _KEYS.created_by).where(_KEYS.id.in_(some), _KEYS.created_by.is_not(None))
            found |= {row.id: row.created_by for row in self._connection.execute(query)}
        return found

    def last_uses(self, key_ids: Iterable[str]) -> dict[str, str]:
        """Return by id when each of these keys was last used, to the hour; those never used are absent."""
        return {row["key_id"]: row["last_used_at"] for row in self._rows(tables.key_uses, "key_id", key_ids)}

    def _page(self, table: Table, cursor: Cursor, conditions: Sequence[ColumnElement[bool]]) -> Rows:
        place = tuple_(table.c.created_at, table.c.id)
        query = select(table).where(*conditions)
        backward = cursor.before_id is not None and cursor.after_id is None
        if cursor.after_id is not None:
            query = query.where(place < tuple_(*self._place(table, "after_id", cursor.after_id)))
        if cursor.before_id is not None:
            query = query.where(place > tuple_(*self._place(table, "before_id", cursor.before_id)))
        found = self._first(query, table, cursor.limit + 1, backward=backward)
        has_more = len(found) > cursor.limit
        page = found[: cursor.limit]
        return Rows(page[::-1] if backward else page, has_more)

    def _first(self, query: Select[Any], table: Table, count: int, *, backward: bool) -> list[Mapping[str, Any]]:
        columns = (table.c.created_at, table.c.id)
        order = columns if backward else tuple(column.desc() for column in columns)
        wanted = query.with_only_columns(table.c.id).order_by(*order).limit(count)  # an index alone may answer this
        found = select(table).where(table.c.id.in_(wanted)).order_by(*order)
        return list(plain(self._connection.execute(found)))

    def _place(self, table: Table, name: str, row_id: str) -> tuple[str, str]:
        query = select(table.c.created_at, table.c.id).where(table.c.id == row_id)
        row = None if is_nowhere(row_id) else self._connection.execute(query).first()
        if row is None:
            raise UnknownCursorError(name)
        return row[0], row[1]


def _has_status(status: str, now: datetime, *, walks: bool) -> ColumnElement[bool]:
    """The keys with this status at ``now``, a whole second, so that fractions in the column do not matter."""
    column = _unindexed(_KEYS.status, walks=walks)
    if status not in (KeyStatus.ACTIVE, "expired"):
        return column == status
    second = format_instant(now)
    expired = or_(_KEYS.expires_at < second[:-1], _KEYS.expires_at == second)
    active = column == KeyStatus.ACTIVE
    if status == "expired":
        return and_(active, expired)
    return and_(active, or_(_KEYS.expires_at.is_(None), ~expired))


def _unindexed(column: Column[str], *, walks: bool) -> ColumnElement[str]:
    """A column as it is, or such that the keys are walked through in their order, by the index that covers them.

    An index on one column finds the keys that fit it, but each must then be looked up to know what else fits.
    """
    return column + "" if walks else column


def _has_text(text: str, *, folds: bool) -> ColumnElement[bool]:
    """The keys with this id, and those in whose name or hint it is found."""
    found = [_unindexed(_KEYS.id, walks=True) == text, _found_in(_KEYS.name, text, folds=folds)]
    hint = text.removeprefix("...")
    if 0 < len(hint) <= HINT_LENGTH:
        found.append(_found_in(_KEYS.hint, hint, folds=folds))
    return or_(*found)


def _found_in(column: Column[str], text: str, *, folds: bool) -> ColumnElement[bool]:
    """The rows in whose ``column`` a text is found, whatever the case of its letters.

    Parameters
    ----------
    folds
        Whether LIKE knows the cases of ASCII's letters, as that of SQLite. Of other letters databases know cases or
        not: so they are looked for as they are, in small letters, in capitals, and with a capital for each word.
    """
    if not text.isascii():
        forms = dict.fromkeys((text, text.lower(), text.upper(), text.title()))
        return or_(*(column.contains(form, autoescape=True) for form in forms))
    if folds:
        return column.contains(text, autoescape=True)
    return func.strpos(func.lower(column.collate("C")), text.lower()) > 0
