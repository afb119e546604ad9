"""The keyring: every key as authentication needs it, by the fingerprint of its secret."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from hashlib import sha256
from typing import Final, NamedTuple

from callsheet.domain.access.grant import Grant
from callsheet.domain.access.key import APIKey, KeyStatus
from callsheet.domain.shards import Shards

#: Expiry of a key that never expires, in seconds since the epoch.
NEVER: Final = float("inf")


class KeyFault(StrEnum):
    """Why a key that is known may not be used."""

    INACTIVE = "inactive"
    ARCHIVED_WORKSPACE = "archived-workspace"
    EXPIRED = "expired"


class KeyRecord(NamedTuple):
    """A key as the hot path needs it: one look-up by fingerprint gives all it must know.

    Parameters
    ----------
    key_id
        Its id.
    workspace_id
        The workspace it belongs to; None for a key of the whole organization.
    usable
        Whether it is active; an active key may have expired.
    expires
        When it expires, in seconds since the epoch; infinity if it never does.
    """

    key_id: str
    workspace_id: str | None
    usable: bool
    expires: float

    def is_expired(self, now: float) -> bool:
        """Return whether it has expired at ``now``, in seconds since the epoch."""
        return self.expires <= now


class Keyring:
    """All keys by fingerprint, immutable. Look-ups are by hash, so their timing reveals nothing about a secret."""

    __slots__ = ("_credentials",)

    def __init__(self, keys: Iterable[APIKey] = ()) -> None:
        self._credentials = Shards((_index(key), _credential(key)) for key in keys)

    @classmethod
    def of(cls, credentials: Iterable[tuple[str, KeyRecord]]) -> "Keyring":
        """Return the keyring whose `credentials` are these."""
        result = cls.__new__(cls)
        result._credentials = Shards(credentials)
        return result

    def __len__(self) -> int:
        return len(self._credentials)

    def credentials(self) -> Iterator[tuple[str, KeyRecord]]:
        """Yield the fingerprint of every key, in hexadecimal, with what is known of it, in no order."""
        return self._credentials.items()

    def differing(self, other: "Keyring") -> Iterator[tuple[KeyRecord | None, KeyRecord | None]]:
        """Yield what is known here, and in ``other``, of each key of which that differs; None if nothing is.

        It is quick if one has come from the other by few changes.
        """
        return ((own, others) for _, own, others in self._credentials.differing(other._credentials))

    def find(self, secret: bytes) -> KeyRecord | None:
        """Return what is known of the key with this secret."""
        return self._credentials.get(sha256(secret).hexdigest())

    def get(self, fingerprint: bytes) -> KeyRecord | None:
        """Return what is known of the key whose secret has this SHA-256."""
        return self._credentials.get(fingerprint.hex())

    def changed(self, keys: Iterable[APIKey]) -> "Keyring":
        """Return this keyring with ``keys`` added or replaced; a key is never dropped, only archived."""
        changes = {_index(key): _credential(key) for key in keys}
        if not changes:
            return self
        result = Keyring.__new__(Keyring)
        result._credentials = self._credentials.changed(changes)
        return result


def _index(key: APIKey) -> str:
    return key.fingerprint.hex()


def _credential(key: APIKey) -> KeyRecord:
    expires = NEVER if key.expires_at is None else key.expires_at.timestamp()
    return KeyRecord(key.id, key.workspace_id, key.status is KeyStatus.ACTIVE, expires)


class Principal(NamedTuple):
    """Who is asking, after authentication.

    Parameters
    ----------
    key_id
        Names the key in logs and for rate limits.
    workspace_id
        The workspace that it is bound to; None for any.
    expires
        Until when that is certain, in seconds since the epoch; infinity if it never expires.
    grant
        What its gateway listed to it, if it is a delegated key.
    """

    key_id: str
    workspace_id: str | None
    expires: float
    grant: Grant | None = None
