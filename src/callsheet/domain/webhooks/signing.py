"""Signing: the secrets of webhooks and the signatures that they make, as Standard Webhooks has them."""

import base64
import binascii
import hmac
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import Final, NamedTuple

from callsheet.domain.access.key import is_past
from callsheet.domain.errors import InvalidError
from callsheet.domain.times import format_instant

SECRET_PREFIX: Final = "whsec_"

#: Of a secret that is made here, and what Standard Webhooks allows for one that is brought along.
SECRET_BYTES: Final = 32
MIN_SECRET_BYTES: Final = 24
MAX_SECRET_BYTES: Final = 64

_HINT_LENGTH: Final = 4


class SigningSecret(NamedTuple):
    """A secret that deliveries are signed with.

    Parameters
    ----------
    text
        ``whsec_`` and the key in base 64.
    expires_at
        When it signs no more, as it was rotated (aware); None for the one in force.
    """

    text: str
    expires_at: datetime | None = None

    def __repr__(self) -> str:
        """Return what may be logged."""
        return f"SigningSecret(...{self.hint})"

    @property
    def hint(self) -> str:
        """The last four characters, by which people recognise it."""
        return self.text[-_HINT_LENGTH:]

    def record(self) -> dict[str, object]:
        """Return what may be shown and recorded."""
        return {
            "hint": f"...{self.hint}",
            "expires_at": None if self.expires_at is None else format_instant(self.expires_at),
        }


def make_signing_secret(randomness: bytes) -> str:
    """Return a new secret: ``whsec_`` and these random bytes in base 64."""
    if len(randomness) != SECRET_BYTES:
        raise ValueError(f"a signing secret is made of {SECRET_BYTES} random bytes")
    return f"{SECRET_PREFIX}{base64.b64encode(randomness).decode()}"


def check_signing_secret(text: str) -> str:
    """Return ``text`` if deliveries can be signed with it.

    Raises
    ------
    InvalidError
        It is not ``whsec_`` and 24 to 64 bytes in base 64; the secret is not repeated.
    """
    try:
        key = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith(SECRET_PREFIX) or not MIN_SECRET_BYTES <= len(key) <= MAX_SECRET_BYTES:
        raise InvalidError(
            f"A signing secret must be {SECRET_PREFIX} followed by {MIN_SECRET_BYTES} to {MAX_SECRET_BYTES} bytes "
            "in base 64; leave it out to have one made."
        )
    return text


def signature_header(
    secrets: Iterable[SigningSecret], message_id: str, timestamp: int, body: str, now: datetime
) -> str:
    """Return the value of ``webhook-signature``: one signature for each secret in force at ``now`` (aware).

    Parameters
    ----------
    secrets
        The newest first.
    message_id, timestamp, body
        What is signed: the values of ``webhook-id`` and ``webhook-timestamp`` (Unix time), and the body as sent.
    """
    content = f"{message_id}.{timestamp}.{body}".encode()
    return " ".join(_signature(each.text, content) for each in secrets if not is_past(each.expires_at, now))


def _signature(secret: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    return f"v1,{base64.b64encode(hmac.new(key, content, sha256).digest()).decode()}"
