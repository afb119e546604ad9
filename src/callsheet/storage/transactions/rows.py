"""Rows and domain values, each turned into the other; the only place that knows both."""

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from callsheet.domain.access.key import APIKey, KeyStatus
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.access.workspace import Shape, Workspace
from callsheet.domain.changes.change import ChangeRecord
from callsheet.domain.errors import StorageError
from callsheet.domain.model import LIFECYCLES, MODEL_FIELDS, Lifecycle, Model
from callsheet.domain.ordering import sort_key
from callsheet.domain.times import format_instant, parse_instant

Row = Mapping[str, Any]


def model_row(model: Model) -> dict[str, Any]:
    """Return the row of ``model``."""
    return model.record()


def read_model(row: Row) -> Model:
    """Return the model of ``row``; errors as for `model_of`."""
    return model_of([row[name] for name in MODEL_FIELDS])


def model_of(values: Sequence[Any]) -> Model:
    """Return the model of a row's ``values``, in the order of `MODEL_FIELDS`, which is that of the columns.

    Raises
    ------
    StorageError
        The row was damaged, or written by another program.
    """
    (
        model_id,
        display_name,
        created_at,
        line,
        max_input_tokens,
        max_tokens,
        capabilities,
        lifecycle,
        deprecated_at,
        retires_at,
        replacement,
        description,
        hidden,
        source,
    ) = values
    try:
        return Model(
            id=model_id,
            display_name=display_name,
            created_at=parse_instant(created_at),
            line=_shared(line),
            max_input_tokens=max_input_tokens,
            max_tokens=max_tokens,
            capabilities=capabilities,
            lifecycle=_lifecycle(lifecycle),
            deprecated_at=_instant(deprecated_at),
            retires_at=_instant(retires_at),
            replacement=replacement,
            description=description,
            hidden=hidden,
            source=_shared(source),
        )
    except Exception as error:
        raise _damaged("model", model_id, error) from error


def _shared(text: Any) -> Any:
    """The same string object for equal texts, of which a million rows have few; any other value as it is."""
    return sys.intern(text) if isinstance(text, str) else text


def _lifecycle(value: Any) -> Lifecycle:
    try:
        return LIFECYCLES[value]
    except (KeyError, TypeError):
        return Lifecycle(value)  # raises, saying what is wrong with it


def tombstone_row(model: Model) -> dict[str, Any]:
    """Return what stays of a removed ``model``: enough for its sort key."""
    return {"id": model.id, "created_at": format_instant(model.created_at), "line": model.line}


def read_tombstone(row: Row) -> tuple[str, str]:
    """Return id and sort key of a removed model."""
    try:
        return row["id"], sort_key(parse_instant(row["created_at"]), row["line"], row["id"])
    except Exception as error:
        raise _damaged("tombstone", row["id"], error) from error


def workspace_row(workspace: Workspace) -> dict[str, Any]:
    """Return the row of ``workspace``."""
    return workspace.record()


def read_workspace(row: Row) -> Workspace:
    """Return the workspace of ``row``; StorageError if it was damaged."""
    try:
        return Workspace(
            id=row["id"],
            name=row["name"],
            visibility=Visibility(tuple(row["allow"]), tuple(row["deny"])),
            shape=None if row["shape"] is None else Shape(row["shape"]),
            created_at=parse_instant(row["created_at"]),
            archived_at=_instant(row["archived_at"]),
        )
    except Exception as error:
        raise _damaged("workspace", row["id"], error) from error


def key_row(key: APIKey) -> dict[str, Any]:
    """Return the row of ``key``."""
    record = key.record()
    del record["partial_key_hint"]
    return {**record, "fingerprint": key.fingerprint, "hint": key.hint}


def read_key(row: Row) -> APIKey:
    """Return the key of ``row``; StorageError if it was damaged."""
    try:
        return APIKey(
            id=row["id"],
            name=row["name"],
            workspace_id=row["workspace_id"],
            fingerprint=bytes(row["fingerprint"]),
            hint=row["hint"],
            status=KeyStatus(row["status"]),
            expires_at=_instant(row["expires_at"]),
            created_at=parse_instant(row["created_at"]),
        )
    except Exception as error:
        raise _damaged("API key", row["id"], error) from error


def read_change(row: Row) -> ChangeRecord:
    """Return the change record of ``row`` as it is: a damaged one must not stop those who only look for others."""
    return ChangeRecord(**row)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else parse_instant(text)


def _damaged(kind: str, subject: object, error: Exception) -> StorageError:
    return StorageError(
        f"The row of {kind} {subject!r} is damaged ({type(error).__name__}); restore the database from a backup."
    )
