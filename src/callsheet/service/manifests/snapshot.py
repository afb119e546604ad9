"""Snapshot: everything that a plan depends on, as JSON, so that files can be planned where no database is.

No secret is in it, and the fingerprints of those keys alone that a file holds by their fingerprint already.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from callsheet.domain.access.key import APIKey, KeyStatus
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.access.workspace import Shape, Workspace
from callsheet.domain.alias import Alias
from callsheet.domain.changes.change import Action, AnyChange, Change
from callsheet.domain.claims.builtin_mode import BuiltinMode
from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import parse_manager
from callsheet.domain.claims.values import own_values
from callsheet.domain.errors import InvalidError, StorageError
from callsheet.domain.hints import Hint
from callsheet.domain.model import Model
from callsheet.domain.sources.source import SourceRecord
from callsheet.domain.times import parse_instant
from callsheet.storage.store import Store

FORMAT_VERSION: Final = 1

_ACTOR: Final = "snapshot"


def take_snapshot(store: Store) -> dict[str, Any]:
    """Return what a plan depends on as plain JSON values; StorageError if nothing has been set up."""
    with store.read() as reading:
        installation = reading.installation()
        if installation is None:
            raise StorageError("The database holds nothing yet", hint=Hint.SET_UP_DATABASE)
        claims = list(reading.every_claim())
        in_files = {
            each.subject for each in claims if each.kind is ClaimKind.KEY and "secret_sha256" in each.fields
        }
        return {
            "format_version": FORMAT_VERSION,
            "installation": installation.organization_id,
            "default_workspace": installation.default_workspace_id,
            "revision": installation.revision,
            "builtin": str(installation.builtin),
            "models": [model.record() for model in reading.models()],
            "aliases": reading.aliases(),
            "claims": [{"kind": each.kind, "subject": each.subject, **each.record()} for each in claims],
            "workspaces": [each.record() for each in reading.workspaces()],
            "keys": [
                {**key.record(), "sha256": key.fingerprint.hex() if key.id in in_files else None}
                for key in reading.api_keys()
            ],
            "sources": [source.record() for source in reading.sources()],
        }


@contextmanager
def opened_snapshot(text: str, file: str) -> Iterator[tuple[Store, int]]:
    """Yield a database with what a snapshot holds, and the revision that it was taken at; it is removed afterwards.

    Parameters
    ----------
    text, file
        The snapshot as JSON, and the name of its file for messages.

    Raises
    ------
    InvalidError
        It is not a snapshot, or is damaged.
    """
    try:
        content = json.loads(text)
        version, revision = content["format_version"], int(content["revision"])
        if version != FORMAT_VERSION:
            raise InvalidError(f"{file} has the format version {version}, not {FORMAT_VERSION}; export it again.")
        changes = list(_changes(content))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise InvalidError(f"{file} is not a snapshot, or is damaged", hint=Hint.EXPORT_SNAPSHOT) from None
    with TemporaryDirectory(prefix="callsheet-") as folder:
        store = Store(f"sqlite:///{Path(folder) / 'snapshot.db'}")
        store.prepare()
        with store.write(_ACTOR, datetime.now(UTC)) as writing:
            writing.create_installation(content["installation"], content["default_workspace"])
            writing.set_builtin(BuiltinMode(content["builtin"]))
            writing.apply(changes)
        yield store, revision


def _changes(content: Mapping[str, Any]) -> Iterator[AnyChange]:
    for row in content["workspaces"]:
        yield Change(Action.CREATE, None, _workspace(row))
    for row in content["keys"]:
        yield Change(Action.CREATE, None, _key(row))
    for row in content["sources"]:
        source = SourceRecord(row["name"], row["position"], row["config"], parse_instant(row["created_at"]))
        yield Change(Action.ADD, None, source)
    for row in content["claims"]:
        claims = Claims(
            row["subject"], parse_manager(row["manager"]), row["lists"], row["fields"], ClaimKind(row["kind"])
        )
        yield Change(Action.CLAIM, None, claims, claims.manager)
    for row in content["models"]:
        yield Change(Action.ADD, None, Model(id=row["id"], **own_values(row)))
    for alias, model_id in content["aliases"].items():
        yield Change(Action.ALIAS, None, Alias(alias, model_id))


def _workspace(row: Mapping[str, Any]) -> Workspace:
    return Workspace(
        id=row["id"],
        name=row["name"],
        visibility=Visibility(tuple(row["allow"]), tuple(row["deny"])),
        shape=None if row["shape"] is None else Shape(row["shape"]),
        created_at=parse_instant(row["created_at"]),
        archived_at=None if row["archived_at"] is None else parse_instant(row["archived_at"]),
    )


def _key(row: Mapping[str, Any]) -> APIKey:
    known = row["sha256"]
    return APIKey(
        id=row["id"],
        name=row["name"],
        workspace_id=row["workspace_id"],
        fingerprint=sha256(row["id"].encode()).digest() if known is None else bytes.fromhex(known),
        hint=(row["partial_key_hint"] or "").removeprefix("..."),
        status=KeyStatus(row["status"]),
        expires_at=None if row["expires_at"] is None else parse_instant(row["expires_at"]),
        created_at=parse_instant(row["created_at"]),
    )
