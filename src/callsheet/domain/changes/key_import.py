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
from callsheet.domain.changes.change import Action, Change
from callsheet.domain.changes.lookup import replaced_keys
from callsheet.domain.changes.reader import AccessReader
from callsheet.domain.errors import InvalidError, RefusedError
from callsheet.domain.hints import Hint

_MAX_PLACES: Final = 10  # in a message, of further faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A key to import.

    Parameters
    ----------
    place
        Where it was read, for messages: ``Line 7``.
    name, workspace
        The name of the key, and the id or name of its workspace; None is the default one.
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
    """Why one entry cannot be imported.

    Parameters
    ----------
    place
        Where the entry was read.
    reason
        Continues ``place`` to a sentence, without its full stop; it quotes nothing secret.
    hint
        What to do, if ``reason`` does not say it.
    """

    place: str
    reason: str
    hint: Hint | None = None


class Imported(NamedTuple):
    """What an import does: the changes that create keys, and the keys that were there already."""

    changes: list[Change[APIKey]]
    present: list[APIKey]

    @property
    def created(self) -> list[APIKey]:
        """The keys that are new."""
        return [change.value for change in self.changes]


def import_keys(
    reader: AccessReader, entries: Sequence[Entry], now: datetime, new_id: Callable[[], str]
) -> Imported:
    """Create a key for each of ``entries`` unless it is there already.

    Parameters
    ----------
    reader, entries, now
        What is there, what is to be, and the time (aware).
    new_id
        Gives each new key an id that is in use nowhere else.

    Raises
    ------
    RefusedError
        One of them cannot be created; then none is. The sentence names each place and the first reason, and
        repeats nothing that was read, as what is in the wrong column may be a secret.
    """
    known = _Known(reader, now)
    imported, faults = Imported([], []), list(_doubles(entries))
    for entry in entries:
        try:
            present = known.key_of(entry)
            if present is None:
                imported.changes.append(Change(Action.CREATE, None, known.new_key(entry, new_id)))
            else:
                imported.present.append(present)
        except RefusedError as error:
            faults.append(Fault(entry.place, error.problem.rstrip("."), error.hint))
    if faults:
        raise refuse(faults)
    return imported


def refuse(faults: Sequence[Fault]) -> RefusedError:
    """Return the refusal of an import for these faults, of which there is at least one."""
    first, *others = faults
    places = ", ".join(dict.fromkeys(fault.place for fault in others[:_MAX_PLACES]))
    if len(others) > _MAX_PLACES:
        places += f" and {len(others) - _MAX_PLACES} more"
    also = f"; also wrong: {places}" if others else ""
    problem = f"{first.place}: {first.reason}. Nothing was imported{also}"
    return InvalidError(f"{problem}." if first.hint is None else problem, hint=first.hint)


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

    def __init__(self, reader: AccessReader, now: datetime) -> None:
        self._now = now
        self._default = reader.default_workspace_id()
        self._keys: dict[bytes, APIKey] = {}
        self._others = {key.fingerprint: "an admin key" for key in reader.admin_keys()}
        self._others |= {each.fingerprint: "a calendar" for each in reader.calendars()}
        self._named: dict[str, list[APIKey]] = {}
        for key in reader.api_keys():
            self._keys[key.fingerprint] = key
            self._named.setdefault(key.name, []).append(key)
        self._replaced = replaced_keys(reader, self._keys.values(), now)
        workspaces = list(reader.workspaces())
        named = {each.name: each for each in workspaces if each.archived_at is None}
        self._workspaces: dict[str, Workspace] = {**named, **{each.id: each for each in workspaces}}

    def key_of(self, entry: Entry) -> APIKey | None:
        """Return the key that has the secret of ``entry`` already; RefusedError if it is not as that wants it."""
        _check_name(entry)
        present = self._keys.get(entry.fingerprint)
        if present is not None:
            _check_same(present, entry, self._workspace_id(entry.workspace))
        return present

    def new_key(self, entry: Entry, new_id: Callable[[], str]) -> APIKey:
        """Return the key that ``entry`` is to become; RefusedError if it cannot."""
        if (other := self._others.get(entry.fingerprint)) is not None:
            raise InvalidError(f"its secret is that of {other}, which can list no models")
        key = APIKey(
            id=new_id(),
            name=entry.name,
            workspace_id=self._workspace_id(entry.workspace),
            fingerprint=entry.fingerprint,
            hint=entry.hint,
            expires_at=entry.expires_at,
            created_at=self._now,
        )
        if key.is_expired(self._now):
            raise InvalidError("it has expired; leave it out")
        check_name_is_free(key, self._named.get(key.name, ()), self._now, self._replaced)
        return key

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
        raise InvalidError(f"its secret belongs to {present.id}, which has another {fields}", hint=Hint.CHANGE_KEY)


def _check_name(entry: Entry) -> None:
    """Refuse a name that is not valid, or is the secret, without repeating it."""
    try:
        check_name(entry.name, "A key name")
    except InvalidError:
        raise InvalidError("its name must be 1 to 128 printable characters") from None
    if fingerprint(entry.name) == entry.fingerprint:
        raise InvalidError("its name is its secret; give it a name that people may see")
