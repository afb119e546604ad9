"""New identifiers: a prefix for the kind, and randomness that cannot be guessed."""

import secrets
from typing import Final

from callsheet.domain.access.secret import ADMIN_PREFIX, CALENDAR_PREFIX, SECRET_BYTES, SECRET_PREFIX, make_secret
from callsheet.domain.changes.keys import Credentials
from callsheet.domain.plan.step import Made
from callsheet.domain.webhooks import signing

#: Base 58: digits and letters without those that look alike.
BASE_58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

_LENGTH: Final = 24


def make_id(prefix: str) -> str:
    """Return a new identifier such as ``wrkspc_01…``."""
    return f"{prefix}01{''.join(secrets.choice(BASE_58) for _ in range(_LENGTH - 2))}"


class NewThings:
    """Gives what is new its id, and keys their secret; remembers for what, so that plans can be compared.

    Attributes
    ----------
    made
        What it has given so far.
    """

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._with_secret: set[str] = set()
        self.made = Made(self._ids, self._with_secret)

    def workspace_id(self) -> str:
        """Return an id for a workspace."""
        return self._new("wrkspc_")

    def key_id(self) -> str:
        """Return an id for a key."""
        return self._new("apikey_")

    def credentials(self, secret: str | None = None) -> Credentials:
        """Return an id for a key, with its secret: the one given, or a new one."""
        key_id = self.key_id()
        if secret is None:
            self._with_secret.add(key_id)
            secret = self._secret()
        return Credentials(key_id, secret)

    def webhook_id(self) -> str:
        """Return an id for a webhook."""
        return self._new("webhook_")

    def signing_secret(self, webhook_id: str) -> str:
        """Return a new secret for the webhook with this id."""
        self._with_secret.add(webhook_id)
        return self._signing_secret()

    def admin_credentials(self) -> Credentials:
        """Return an id for an admin key, with its secret, which is always a new one."""
        key_id = self._new("adminkey_")
        self._with_secret.add(key_id)
        return Credentials(key_id, self._secret(ADMIN_PREFIX))

    def calendar_credentials(self) -> Credentials:
        """Return an id for a calendar, with its token, which is always a new one."""
        calendar_id = self._new("calendar_")
        self._with_secret.add(calendar_id)
        return Credentials(calendar_id, self._secret(CALENDAR_PREFIX))

    def _new(self, prefix: str) -> str:
        made = make_id(prefix)
        self._ids.add(made)
        return made

    def _secret(self, prefix: str = SECRET_PREFIX) -> str:
        return make_secret(secrets.token_bytes(SECRET_BYTES), prefix)

    def _signing_secret(self) -> str:
        return signing.make_signing_secret(secrets.token_bytes(signing.SECRET_BYTES))


class NothingNew(NewThings):
    """The same for what is only planned: no secret is made, and each key gets a text that stands for one."""

    def _secret(self, prefix: str = SECRET_PREFIX) -> str:  # noqa: ARG002  # that of none
        return f"{'~' * 32}{len(self._with_secret)}"

    def _signing_secret(self) -> str:
        return signing.make_signing_secret(bytes(signing.SECRET_BYTES))
