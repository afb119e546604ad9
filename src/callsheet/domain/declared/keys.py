"""API keys of a file: which are created, changed, replaced and archived."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from callsheet.domain.access.key import APIKey, KeyStatus, is_past
from callsheet.domain.access.key_names import holds_name
from callsheet.domain.access.secret import check_not_in_name, check_secret, fingerprint, hint
from callsheet.domain.changes.change import Action, Change, Subject, change_of
from callsheet.domain.changes.keys import archive_key, check_not_of_another
from callsheet.domain.changes.lookup import find_key, replaced_keys
from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import Manager
from callsheet.domain.declared.deciding import Declaring
from callsheet.domain.declared.held import Held, settle
from callsheet.domain.declared.named import wanted_by_name
from callsheet.domain.declared.reader import DeclaredReader
from callsheet.domain.errors import ConflictError, DoesNotExistError, InvalidError
from callsheet.domain.manifest import Entry
from callsheet.domain.times import format_instant, parse_instant

_KIND: Final = ClaimKind.KEY


def wanted_keys(
    reader: DeclaredReader, manager: Manager, entries: Sequence[Entry], now: datetime
) -> Iterator[Claims]:
    """Return what ``manager`` is to say of keys, from what its files hold; see `declare_keys`.

    Raises
    ------
    ConflictError
        What is protected would go, or a name means several keys.
    """
    return wanted_by_name(reader, manager, _KIND, entries, lambda name: _named(reader, name, now))


def declare_keys(declaring: Declaring, wanted: Iterable[Claims]) -> None:
    """Decide what becomes of keys, given what the manager is to say of each; after `declare_workspaces`.

    The subject of claims is the id of a key; of one that is to be created, its name. Claims that are empty are of
    one that left the file: it is archived if the file made it. Another secret in the file makes another key, and
    archives the one before.

    Raises
    ------
    InvalidError
        A value is not valid, or the secret of a new key is missing.
    ConflictError
        Two keys would have the same name or secret.
    DoesNotExistError
        A workspace does not exist.
    """
    wanted = list(wanted)
    present = {each.id: each for each in declaring.reader.api_keys([each.subject for each in wanted])}
    applied = declaring.applied(_KIND, present)
    keys = _Keys(declaring)
    for claims in wanted:
        if claims.is_empty and claims.subject in present:
            keys.drop(present[claims.subject], applied.get(claims.subject))
    for claims in wanted:
        if claims.is_empty:
            continue
        if claims.subject in present:
            keys.change(present[claims.subject], claims, applied.get(claims.subject))
        else:
            keys.create(claims)
    keys.check_names()


class _Keys:
    def __init__(self, declaring: Declaring) -> None:
        self._declaring = declaring
        self._reader = declaring.reader
        self._now = declaring.now
        self._default = declaring.reader.default_workspace_id()
        made = declaring.workspaces().values()
        self._workspaces = {each.name: each.id for each in made if each.archived_at is None}
        self._after: dict[str, APIKey] = {}

    def drop(self, key: APIKey, applied: Claims | None) -> None:
        """Archive a key that the file made and no longer holds."""
        self._declaring.claim(applied, None)
        if key.id in self._declaring.replaced:
            self._end(key)
        elif applied is not None and applied.lists and key.status is not KeyStatus.ARCHIVED:
            self._put(archive_key(key))

    def create(self, claims: Claims) -> None:
        """Create a key."""
        fields = claims.fields
        name = str(fields["name"])
        print_, shown = self._fingerprint(fields, name)
        if print_ is None and self._declaring.secret_of is None:
            print_ = fingerprint(f"the secret of {name}")  # of a plan that is only looked at
        if print_ is None:
            raise InvalidError(
                f"The key {name!r} is to be created, and the environment variable {fields['secret_env']} that "
                "holds its secret is not set; set it where the file is applied."
            )
        values = {**self._defaults(), **self._wanted(fields), **self._planned(name)}
        self._create(claims, name, print_, shown, values)

    def _create(self, claims: Claims, name: str, print_: bytes, shown: str, values: Mapping[str, Any]) -> None:
        check_not_of_another(self._reader, print_)
        other = self._reader.key_with(print_)
        if other is not None:
            raise ConflictError(
                f"The key {name!r} has the secret of {other.name!r} ({other.id}); a secret can belong to one key "
                f"only. If it was renamed, say was: {other.name}."
            )
        expires_at = values["expires_at"]
        key = APIKey(
            id=self._declaring.new.key_id(),
            name=name,
            workspace_id=values["workspace_id"],
            fingerprint=print_,
            hint=shown,
            status=KeyStatus(values["status"]),
            expires_at=None if expires_at is None else parse_instant(expires_at),
            created_at=self._now,
        )
        self._check_future(key)
        self._declaring.claim(None, replace(claims, subject=key.id, lists=True))
        self._put([Change(Action.CREATE, None, key)])

    def change(self, key: APIKey, claims: Claims, applied: Claims | None) -> None:
        """Change a key, or replace it if the file holds another secret."""
        declaring = self._declaring
        made = claims.lists or declaring.adopt
        claims = replace(claims, lists=True if made else None)
        if key.status is KeyStatus.ARCHIVED:
            declaring.claim(applied, claims)
            declaring.held.append(Held(Subject.KEY, str(claims.fields["name"]), "lists", True, False))
            return
        print_, shown = self._fingerprint(claims.fields, str(claims.fields["name"]))
        if print_ is not None and print_ != key.fingerprint:
            if declaring.adopt or _has_given_secret(applied, key):
                self._replace(key, claims, applied, print_, shown)
                return
            declaring.held.append(Held(Subject.KEY, key.name, "secret", "another", "as it is"))
        declaring.claim(applied, claims)
        values = self._settled(key, claims.fields, {} if applied is None else applied.fields)
        after = replace(
            key,
            name=values["name"],
            workspace_id=values["workspace_id"],
            status=KeyStatus(values["status"]),
            expires_at=None if values["expires_at"] is None else parse_instant(values["expires_at"]),
        )
        if after.expires_at != key.expires_at:
            self._check_future(after)
        self._put(change_of(_action(key, after), key, after))

    def _replace(self, key: APIKey, claims: Claims, applied: Claims | None, print_: bytes, shown: str) -> None:
        """Archive a key, and create one with another secret in its place."""
        values = self._settled(key, claims.fields, {} if applied is None else applied.fields)
        self._declaring.claim(applied, None)
        self._end(key)
        self._create(claims, values["name"], print_, shown, values)

    def _end(self, key: APIKey) -> None:
        """Archive a key that another takes the place of."""
        self._put([Change(Action.ROTATE, key, replace(key, status=KeyStatus.ARCHIVED))])

    def _planned(self, name: str) -> dict[str, Any]:
        """What a plan that was kept says of a key that it creates: some of it may be of the key before."""
        record = self._declaring.planned.get(name)
        if record is None:
            return {}
        workspace = record["workspace_id"]
        values = {each: record[each] for each in ("status", "expires_at")}
        return {**values, "workspace_id": self._workspaces.get(workspace, workspace)}

    def _settled(self, key: APIKey, wanted: Mapping[str, Any], applied: Mapping[str, Any]) -> dict[str, Any]:
        """The values that a key gets; what another manager decides stays, and is noted."""
        present = {
            "name": key.name,
            "workspace_id": key.workspace_id,
            "status": str(key.status),
            "expires_at": None if key.expires_at is None else format_instant(key.expires_at),
        }
        name = {"name": wanted["name"]}
        before = {"name": applied["name"], **self._wanted(applied)} if applied else {}
        defaults = {**self._defaults(), "name": key.name if not applied else wanted["name"]}
        settled = settle({**name, **self._wanted(wanted)}, before, present, defaults, adopt=self._declaring.adopt)
        self._declaring.held += [
            Held(Subject.KEY, key.name, "workspace" if field == "workspace_id" else field, value, present[field])
            for field, value in settled.held.items()
        ]
        return {**present, **settled.changed}

    def _defaults(self) -> dict[str, Any]:
        return {"workspace_id": self._default, "status": str(KeyStatus.ACTIVE), "expires_at": None}

    def _wanted(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of a file in the terms of a key."""
        found = {name: fields[name] for name in ("status", "expires_at") if name in fields}
        if fields.get("organization"):
            found["workspace_id"] = None
        elif "workspace" in fields:
            found["workspace_id"] = self._workspace_id(str(fields["workspace"]))
        return found

    def _workspace_id(self, name: str) -> str:
        return self._workspaces.get(name) or self._declaring.workspace_id(name, "the key")

    def _fingerprint(self, fields: Mapping[str, Any], name: str) -> tuple[bytes | None, str]:
        """The fingerprint and the hint of the secret that a file means; None if its variable is not set."""
        if "secret_sha256" in fields:
            return bytes.fromhex(fields["secret_sha256"]), str(fields.get("hint", ""))
        secret_of = self._declaring.secret_of
        secret = None if secret_of is None else secret_of(str(fields["secret_env"]))
        if not secret:
            return None, ""
        check_not_in_name(check_secret(secret), name)
        return fingerprint(secret), hint(secret)

    def _check_future(self, key: APIKey) -> None:
        if is_past(key.expires_at, self._now):
            raise InvalidError(f"expires_at of the key {key.name!r} must lie in the future.")

    def _put(self, changes: Sequence[Change[APIKey]]) -> None:
        self._declaring.add(changes)
        self._after.update((change.subject, change.value) for change in changes)

    def check_names(self) -> None:
        """Raise ConflictError if two keys in use would have the same name, or the same secret."""
        for key in self._after.values():
            named = {each.id: each for each in self._reader.api_keys_named(key.name)}
            others = [each for each in {**named, **self._after}.values() if each.name == key.name]
            replaced = replaced_keys(self._reader, named.values(), self._now)
            holding = [each for each in others if holds_name(each, self._now, replaced)]
            if len(holding) > 1 and key in holding:
                ids = ", ".join(each.id for each in holding if each.id in named)
                there = f" ({ids} is there)" if ids else ""
                raise ConflictError(f"Two keys would be named {key.name!r}{there}; rename one, or say was.")
        prints = Counter(key.fingerprint for key in self._after.values())
        for key in self._after.values():
            if prints[key.fingerprint] > 1:
                raise ConflictError(f"The secret of the key {key.name!r} belongs to another key of the file, too.")


def _has_given_secret(applied: Claims | None, key: APIKey) -> bool:
    """Whether the secret of a key is what the file said last: of a key that it found there, it may be another."""
    if applied is None:
        return False
    return bool(applied.lists) or applied.fields.get("secret_sha256") == key.fingerprint.hex()


def _action(before: APIKey, after: APIKey) -> Action:
    if replace(before, status=after.status) == after and before.status is not after.status:
        return Action.ENABLE if after.status is KeyStatus.ACTIVE else Action.DISABLE
    return Action.CHANGE


def _named(reader: DeclaredReader, name: str, now: datetime) -> APIKey | None:
    """The key that a name means; None if none but archived ones have it."""
    if not any(key.status is not KeyStatus.ARCHIVED for key in reader.api_keys_named(name)):
        return None
    try:
        return find_key(reader, name, now)
    except DoesNotExistError:
        return None
