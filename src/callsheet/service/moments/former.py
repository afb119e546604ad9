"""Former values: what a change record holds of a thing before it, as a value of this release."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from operator import itemgetter
from typing import Any, Final, TypeVar

from callsheet.domain.access.key import APIKey, KeyStatus
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.changes.change import Subject
from callsheet.domain.claims.values import bare_model
from callsheet.domain.errors import CallsheetError, StorageError
from callsheet.domain.hints import Hint
from callsheet.domain.model import MODEL_FIELDS, Model
from callsheet.domain.sources.source import SourceRecord
from callsheet.domain.times import parse_instant
from callsheet.storage.transactions import rows
from callsheet.storage.transactions.read import ReadTransaction
from callsheet.storage.transactions.read_history import Former

T = TypeVar("T")

#: What a model has of which an older record says nothing, but for its id and its name.
_BARE: Final = bare_model("-").record()

#: In the order of the columns; there may be a hundred thousand records.
_values_of: Final = itemgetter(*MODEL_FIELDS)

#: What a workspace has of which an older record says nothing.
_WORKSPACE: Final = {"allow": (), "deny": (), "shape": None, "archived_at": None}


def former_values(
    formers: Iterable[Former], kind: Subject, read: Callable[[str, Mapping[str, Any]], T]
) -> Iterator[tuple[str, T | None]]:
    """Yield each subject and what it was, None if it was not there; what ``read`` makes of the fields.

    Raises
    ------
    StorageError
        A record is damaged.
    """
    for subject, number, before in formers:
        if before is None:
            yield subject, None
            continue
        try:
            fields = json.loads(before)
            yield subject, None if fields is None else read(subject, fields)
        except (CallsheetError, LookupError, TypeError, ValueError, AttributeError) as error:
            raise StorageError(
                f"Change {number} of the {kind} {subject} is damaged ({type(error).__name__}), so what was there "
                "before it is not known",
                hint=Hint.CHECK_DATABASE,
            ) from error


def read_model(model_id: str, fields: Mapping[str, Any]) -> Model:
    """Return the model of a record; a field that the release which wrote it did not have is as on a bare model."""
    return rows.model_of(_values_of({**_BARE, "display_name": model_id, **fields, "id": model_id}))


def read_alias(_alias: str, fields: Mapping[str, Any]) -> str:
    """Return the model that the alias of a record meant."""
    return str(fields["model_id"])


def read_workspace(workspace_id: str, fields: Mapping[str, Any]) -> Workspace:
    """Return the workspace of a record."""
    return rows.read_workspace({**_WORKSPACE, **fields, "id": workspace_id})


def read_source(name: str, fields: Mapping[str, Any]) -> SourceRecord:
    """Return the source of a record."""
    return rows.read_source({**fields, "name": name})


def former_keys(present: ReadTransaction, formers: Iterable[Former]) -> Iterator[tuple[str, APIKey | None]]:
    """Yield each key's id and what it was; records hold no fingerprint, and a key keeps that of its row for ever.

    A key without a row is left out: only damage takes the row of a key away.
    """
    some = list(formers)
    there = {key.id: key for key in present.api_keys([each.subject for each in some])}

    def read(key_id: str, fields: Mapping[str, Any]) -> APIKey | None:
        key = there.get(key_id)
        return None if key is None else _with_fields(key, fields)

    return former_values(some, Subject.KEY, read)


def _with_fields(key: APIKey, fields: Mapping[str, Any]) -> APIKey:
    expires_at = fields["expires_at"]
    return replace(
        key,
        name=fields["name"],
        workspace_id=fields["workspace_id"],
        status=KeyStatus(fields["status"]),
        expires_at=None if expires_at is None else parse_instant(expires_at),
    )
