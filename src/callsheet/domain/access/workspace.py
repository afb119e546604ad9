"""Who may ask, and what they may see: workspaces, API keys, visibility."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fnmatch import translate
from functools import lru_cache
from hashlib import sha256
from typing import Final, NamedTuple
from unicodedata import category

from callsheet.domain.errors import InvalidError
from callsheet.domain.model import UNPRINTABLE
from callsheet.domain.shards import Shards
from callsheet.domain.times import format_instant

_WORKSPACE_ID = re.compile(r"wrkspc_[A-Za-z0-9]{1,64}", re.ASCII)
#: Of all patterns with wildcards of a workspace; to compile these takes some 60 ms.
MAX_GLOB_CHARACTERS: Final = 16_384

_MAX_PATTERN_LENGTH: Final = 256  # characters, as of an id
_SPREADING: Final = frozenset("*?")  # what matches itself and more
_WILDCARDS: Final = _SPREADING | {"["}  # without one of them, a pattern means itself anyway


class Shape(StrEnum):
    """Which fields a model is written with (contract, section 2)."""

    CURRENT = "current"
    CLASSIC = "classic"


class KeyStatus(StrEnum):
    """Whether a key may be used; an archived one never again."""

    ACTIVE = "active"
    DISABLED = "disabled"
    ARCHIVED = "archived"


class Visibility(NamedTuple):
    """Which models may be seen: shell globs on model ids. Deny wins; no ``allow`` means all.

    Parameters
    ----------
    allow, deny
        The patterns.
    exact
        Those patterns that are ids, letter for letter, and so mean that id; see `among`.
    """

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    exact: frozenset[str] = frozenset()

    def sees(self, model_id: str) -> bool:
        """Return whether a model with this id exists for the beholder."""
        if self.deny and _matcher(self.deny, self.exact)(model_id):
            return False
        return not self.allow or bool(_matcher(self.allow, self.exact)(model_id))

    def among(self, is_id: Callable[[str], bool]) -> "Visibility":
        """Return these rules as they are where ``is_id`` says which texts are ids (contract, section 1).

        ``claude-opus-4-8[1m]`` is a glob that matches ``claude-opus-4-81``, until there is a model of that name:
        then it means that model only. ``openai/*`` stays the glob that it is: it matches the id ``openai/*``, which
        gateways list, anyway, and no new model may undo a rule that denies them all.
        """
        patterns = (*self.allow, *self.deny)
        exact = frozenset(each for each in patterns if has_wildcards(each) and is_id(each))
        return self if exact == self.exact else Visibility(self.allow, self.deny, exact)


def has_wildcards(pattern: str) -> bool:
    """Return whether ``pattern`` may match more than the one id that it spells."""
    return not _WILDCARDS.isdisjoint(pattern)


SEES_ALL: Final = Visibility()

#: When a key expires that does not, in seconds since the epoch.
NEVER: Final = float("inf")


@lru_cache(maxsize=4096)
def _matcher(patterns: tuple[str, ...], exact: frozenset[str]) -> Callable[[str], object]:
    """What says whether one of ``patterns`` matches an id. Those that are ids, however many, are not compiled."""
    ids = frozenset(each for each in patterns if each in exact or not has_wildcards(each))
    globs = [each for each in patterns if each not in ids or not _SPREADING.isdisjoint(each)]
    if not globs:
        return ids.__contains__
    match = re.compile("|".join(map(translate, globs))).match
    return (lambda model_id: model_id in ids or match(model_id)) if ids else match


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A group of keys that see the same models.

    Parameters
    ----------
    id
        ``wrkspc_`` and 1-64 letters and digits.
    name
        For people; unique among workspaces that are not archived.
    visibility
        What its keys see.
    shape
        Overrides the installation's shape, or None.
    created_at, archived_at
        Aware times.

    Raises
    ------
    InvalidError
        A value is not valid.
    """

    id: str
    name: str
    visibility: Visibility = SEES_ALL
    shape: Shape | None = None
    created_at: datetime
    archived_at: datetime | None = None

    def __post_init__(self) -> None:
        if not _WORKSPACE_ID.fullmatch(self.id):
            raise InvalidError(
                f"A workspace id must be wrkspc_ followed by 1 to 64 letters and digits, not {self.id[:80]!r}."
            )
        check_name(self.name, "A workspace name")
        for pattern in (*self.visibility.allow, *self.visibility.deny):
            _check_pattern(pattern)

    def record(self) -> dict[str, object]:
        """Return every field as plain JSON values."""
        return {
            "id": self.id,
            "name": self.name,
            "allow": list(self.visibility.allow),
            "deny": list(self.visibility.deny),
            "shape": self.shape,
            "created_at": format_instant(self.created_at),
            "archived_at": None if self.archived_at is None else format_instant(self.archived_at),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class APIKey:
    """The record of a key; the secret itself is nowhere.

    Parameters
    ----------
    id
        ``apikey_…``; names the key without giving it away.
    name
        For people; unique among keys in use (see `callsheet.domain.access.key_names`).
    workspace_id
        The workspace it belongs to; None for a key of the whole organization.
    fingerprint
        SHA-256 of the secret. Secrets are long and random, so a slow hash would add nothing.
    hint
        The last four characters of the secret; empty if only its fingerprint was known.
    status, expires_at, created_at
        An expired key is active with a past ``expires_at``.
    """

    id: str
    name: str
    workspace_id: str | None
    fingerprint: bytes
    hint: str
    status: KeyStatus = KeyStatus.ACTIVE
    expires_at: datetime | None = None
    created_at: datetime

    def __post_init__(self) -> None:
        check_name(self.name, "A key name")

    def is_expired(self, now: datetime) -> bool:
        """Return whether its time is over at ``now`` (aware)."""
        return self.expires_at is not None and self.expires_at <= now

    def record(self) -> dict[str, object]:
        """Return what may be shown and recorded: everything but the fingerprint."""
        return {
            "id": self.id,
            "name": self.name,
            "workspace_id": self.workspace_id,
            "partial_key_hint": f"...{self.hint}" if self.hint else None,
            "status": self.status,
            "expires_at": None if self.expires_at is None else format_instant(self.expires_at),
            "created_at": format_instant(self.created_at),
        }


class Credential(NamedTuple):
    """A key as the hot path needs it: one look-up by fingerprint gives all it must know."""

    key_id: str
    workspace_id: str | None
    usable: bool
    expires: float
    """Seconds since the epoch; infinity if it never does."""


class Keyring:
    """All keys by fingerprint, immutable. Looking up a hash leaks nothing of a secret by its timing."""

    __slots__ = ("_credentials",)

    def __init__(self, keys: Iterable[APIKey] = ()) -> None:
        self._credentials = Shards((_index(key), _credential(key)) for key in keys)

    @classmethod
    def of(cls, credentials: Iterable[tuple[str, Credential]]) -> "Keyring":
        """Return the keyring that gives these as its `credentials`."""
        result = cls.__new__(cls)
        result._credentials = Shards(credentials)
        return result

    def __len__(self) -> int:
        return len(self._credentials)

    def credentials(self) -> Iterator[tuple[str, Credential]]:
        """Yield the fingerprint of every key, in hexadecimal, with what is known of it, in no order."""
        return self._credentials.items()

    def find(self, secret: bytes) -> Credential | None:
        """Return what is known of the key with this secret."""
        return self._credentials.get(sha256(secret).hexdigest())

    def changed(self, keys: Iterable[APIKey]) -> "Keyring":
        """Return this keyring with ``keys`` set anew; a key is never dropped, only archived."""
        result = Keyring.__new__(Keyring)
        result._credentials = self._credentials.changed({_index(key): _credential(key) for key in keys})
        return result


def _index(key: APIKey) -> str:
    return key.fingerprint.hex()


def _credential(key: APIKey) -> Credential:
    expires = NEVER if key.expires_at is None else key.expires_at.timestamp()
    return Credential(key.id, key.workspace_id, key.status is KeyStatus.ACTIVE, expires)


class Principal(NamedTuple):
    """Who is asking, after authentication: a key, the workspace it is bound to (None: any), and until when."""

    key_id: str
    workspace_id: str | None
    expires: float
    """Seconds since the epoch; infinity if it never does."""


def _check_pattern(pattern: str) -> None:
    """Raise InvalidError unless ``pattern`` could match an id, or be one: any script, spaces inside."""
    if (
        not 1 <= len(pattern) <= _MAX_PATTERN_LENGTH
        or pattern != pattern.strip()
        or any(category(character) in UNPRINTABLE for character in pattern)
    ):
        raise InvalidError(
            f"A pattern must be 1 to {_MAX_PATTERN_LENGTH} printable characters such as claude-*, without blanks "
            f"at either end, not {pattern[:60]!r}."
        )


def check_name(name: str, what: str) -> str:
    """Return ``name`` if people can read it: 1-128 printable characters.

    Raises
    ------
    InvalidError
        It is not; the sentence begins with ``what``.
    """
    if not 1 <= len(name) <= 128 or name != name.strip() or not name.isprintable():
        raise InvalidError(f"{what} must be 1 to 128 printable characters, not {name[:60]!r}.")
    return name


def check_patterns(visibility: Visibility) -> None:
    """See that the rules of a workspace can be looked through quickly; those of old databases are not checked.

    Raises
    ------
    InvalidError
        Its patterns with wildcards are too long, all together: they are compiled where requests are answered.
    """
    length = sum(len(each) for each in (*visibility.allow, *visibility.deny) if has_wildcards(each))
    if length > MAX_GLOB_CHARACTERS:
        raise InvalidError(
            f"The patterns of a workspace may have {MAX_GLOB_CHARACTERS:,} characters together, not {length:,}; "
            "use fewer or shorter ones such as claude-*. Ids without wildcards do not count."
        )
