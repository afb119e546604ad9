"""Importing API keys that another program knows: all of them, or none."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Final, NamedTuple

from callsheet.domain.access.key import APIKey, KeyStatus
from callsheet.domain.access.key_names import check_name_is_free
from callsheet.domain.access.names import check_name
from callsheet.domain.access.secret import fingerprint
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.errors import InvalidError, RefusedError
from callsheet.service.ids import make_id
from callsheet.service.naming import replaced_keys
from callsheet.storage.store import Store
from callsheet.storage.transactions.read import ReadTransaction

_SHOWN: Final = 10  # places of further faults in a message


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A key to import.

    Parameters
    ----------
    place
        Where it was read, for messages: ``Line 7``.
    name, workspace
        As for `AccessService.create_key`.
    fingerprint, hint
        As of `APIKey`: the SHA-256 of the secret, and its last four characters if they are known.
    expires_at
        An aware time, or None.
    """

    place: str
    name: str
    workspace: str | None
    fingerprint: bytes
    hint: str
    expires_at: datetime | None


class Fault(NamedTuple):
    """Why one entry cannot be imported. ``reason`` continues ``place`` to a sentence and quotes nothing secret."""

    place: str
    reason: str


class Imported(NamedTuple):
    """What an import did, or would do: the keys it creates, and those that were there already."""

    created: list[APIKey]
    present: list[APIKey]


def import_keys(
    store: Store, entries: Sequence[Entry], actor: str, clock: Callable[[], datetime], *, dry_run: bool = False
) -> Imported:
    """Create a key for each of ``entries``, in one transaction, unless it is there already.

    Raises
    ------
    RefusedError
        One of them cannot be created; then none is. The sentence names each place and the first reason, and
        repeats nothing that was read, as what is in the wrong column may be a secret.
    """
    if dry_run:
        with store.read() as reading:
            return _plan(reading, entries, clock())
    with store.write(actor, clock()) as writing:
        imported = _plan(writing, entries, writing.now)
        writing.create_keys(imported.created)
        return imported


def refuse(faults: Sequence[Fault]) -> RefusedError:
    """Return the refusal of an import for these faults, of which there is at least one."""
    first, *others = faults
    places = ", ".join(dict.fromkeys(fault.place for fault in others[:_SHOWN]))
    if len(others) > _SHOWN:
        places += f" and {len(others) - _SHOWN} more"
    also = f"; also wrong: {places}" if others else ""
    return InvalidError(f"{first.place}: {first.reason}. Nothing was imported{also}.")


def _plan(reading: ReadTransaction, entries: Sequence[Entry], now: datetime) -> Imported:
    known = _Known(reading, now)
    imported, faults = Imported([], []), list(_doubles(entries))
    for entry in entries:
        try:
            key, is_new = known.key_for(entry)
        except RefusedError as error:
            faults.append(Fault(entry.place, str(error).rstrip(".")))
        else:
            (imported.created if is_new else imported.present).append(key)
    if faults:
        raise refuse(faults)
    return imported


def _doubles(entries: Sequence[Entry]) -> Iterator[Fault]:
    """Entries that have the secret or the name of an earlier one."""
    for what, value_of in (("secret", attrgetter("fingerprint")), ("name", attrgetter("name"))):
        first: dict[object, Entry] = {}
        for entry in entries:
            earlier = first.setdefault(value_of(entry), entry)
            if earlier is not entry:
                yield Fault(entry.place, f"it has the {what} of {earlier.place[:1].lower()}{earlier.place[1:]}")


class _Known:
    """What is in the database already: read once, as there may be thousands of entries."""

    def __init__(self, reading: ReadTransaction, now: datetime) -> None:
        installation = reading.installation()
        self._now = now
        self._default = None if installation is None else installation.default_workspace_id
        self._keys: dict[bytes, APIKey] = {}
        self._named: dict[str, list[APIKey]] = {}
        for key in reading.api_keys():
            self._keys[key.fingerprint] = key
            self._named.setdefault(key.name, []).append(key)
        self._replaced = replaced_keys(reading, self._keys.values(), now)
        workspaces = list(reading.workspaces())
        named = {each.name: each for each in workspaces if each.archived_at is None}
        self._workspaces: dict[str, Workspace] = {**named, **{each.id: each for each in workspaces}}

    def key_for(self, entry: Entry) -> tuple[APIKey, bool]:
        """Return the key of ``entry``, and whether it is a new one."""
        _check_name(entry)
        workspace_id = self._workspace_id(entry.workspace)
        present = self._keys.get(entry.fingerprint)
        if present is not None:
            _check_same(present, entry, workspace_id)
            return present, False
        key = APIKey(
            id=make_id("apikey_"),
            name=entry.name,
            workspace_id=workspace_id,
            fingerprint=entry.fingerprint,
            hint=entry.hint,
            expires_at=entry.expires_at,
            created_at=self._now,
        )
        if key.is_expired(self._now):
            raise InvalidError("it has expired; leave it out")
        check_name_is_free(key, self._named.get(key.name, ()), self._now, self._replaced)
        return key, True

    def _workspace_id(self, name: str | None) -> str:
        if name is None and self._default is not None:
            return self._default
        workspace = self._workspaces.get(name or "")
        if workspace is None:
            raise InvalidError("there is no workspace of this name or id; create it first")
        if workspace.archived_at is not None:
            raise InvalidError(f"its workspace {workspace.id} is archived; name another")
        return workspace.id


def _check_same(present: APIKey, entry: Entry, workspace_id: str) -> None:
    """Refuse an entry whose secret belongs to a key that is not as the entry wants it."""
    if present.status is KeyStatus.ARCHIVED:
        raise InvalidError(f"its secret belonged to {present.id}, which is archived and cannot come back")
    differs = {
        "name": present.name != entry.name,
        "workspace": present.workspace_id != workspace_id,
        "expiry": present.expires_at != entry.expires_at,
    }
    if any(differs.values()):
        fields = " and ".join(name for name, is_different in differs.items() if is_different)
        raise InvalidError(
            f"its secret belongs to {present.id}, which has another {fields}; "
            "change that key with callsheet keys change, or leave this entry out"
        )


def _check_name(entry: Entry) -> None:
    """Refuse a name that is not valid, or is the secret, without repeating it."""
    try:
        check_name(entry.name, "A key name")
    except InvalidError:
        raise InvalidError("its name must be 1 to 128 printable characters") from None
    if fingerprint(entry.name) == entry.fingerprint:
        raise InvalidError("its name is its secret; give it a name that people may see")
