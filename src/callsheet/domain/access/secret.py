"""Secrets: what a key is proven by. Shown once, never stored."""

import re
from hashlib import sha256
from typing import Final
from zlib import crc32

from callsheet.domain.errors import InvalidError

SECRET_PREFIX: Final = "sk-cs-"
#: Of the secrets of admin keys; none of a key that lists models may begin so.
ADMIN_PREFIX: Final = "sk-cs-admin-"
#: Of the tokens of calendars; none of a key may begin so, either.
CALENDAR_PREFIX: Final = "sk-cs-calendar-"
SECRET_BYTES: Final = 32
MIN_SECRET_LENGTH: Final = 16
MAX_SECRET_LENGTH: Final = 512

HINT_LENGTH: Final = 4
_BODY_LENGTH: Final = 43
_CHECKSUM_LENGTH: Final = 6
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VISIBLE = re.compile(r"[!-~]+", re.ASCII)


def fingerprint(secret: str) -> bytes:
    """Return the SHA-256 by which a key is found."""
    return sha256(secret.encode()).digest()


def make_secret(randomness: bytes, prefix: str = SECRET_PREFIX) -> str:
    """Return a new secret: ``prefix``, 32 random bytes in base 62, and a checksum of 6 characters."""
    if len(randomness) != SECRET_BYTES:
        raise ValueError(f"a secret is made of {SECRET_BYTES} random bytes")
    body = _base_62(int.from_bytes(randomness), _BODY_LENGTH)
    return f"{prefix}{body}{_base_62(crc32(body.encode()), _CHECKSUM_LENGTH)}"


def may_be_admin_secret(secret: str) -> bool:
    """Return whether ``secret`` has the form of an admin key's, with a checksum that fits.

    Admin keys bring no secret along, so whatever has another form need not be looked up.
    """
    return _has_form(secret, ADMIN_PREFIX)


def may_be_calendar_token(token: str) -> bool:
    """Return the same for the token of a calendar."""
    return _has_form(token, CALENDAR_PREFIX)


def _has_form(secret: str, prefix: str) -> bool:
    body = secret.removeprefix(prefix)
    if body == secret or len(body) != _BODY_LENGTH + _CHECKSUM_LENGTH or not body.isascii():
        return False
    return _base_62(crc32(body[:_BODY_LENGTH].encode()), _CHECKSUM_LENGTH) == body[_BODY_LENGTH:]


def check_secret(secret: str) -> str:
    """Return ``secret`` if it is acceptable as that of an imported key.

    Raises
    ------
    InvalidError
        Too short, too long, with characters a header cannot carry, or like that of an admin key or a calendar; the
        secret is not repeated.
    """
    if secret.startswith(ADMIN_PREFIX):
        raise InvalidError(
            f"A secret that begins with {ADMIN_PREFIX} is that of an admin key, which lists no models."
        )
    if secret.startswith(CALENDAR_PREFIX):
        raise InvalidError(
            f"A secret that begins with {CALENDAR_PREFIX} is the token of a calendar, which lists no models."
        )
    if not MIN_SECRET_LENGTH <= len(secret) <= MAX_SECRET_LENGTH:
        raise InvalidError(f"A secret must have {MIN_SECRET_LENGTH} to {MAX_SECRET_LENGTH} characters.")
    if not _VISIBLE.fullmatch(secret):
        raise InvalidError("A secret must be visible ASCII characters without spaces, as headers carry it.")
    return secret


def check_not_in_name(secret: str, name: str) -> None:
    """Raise InvalidError if ``name`` holds ``secret``: names are listed, logged and recorded."""
    if secret in name:
        raise InvalidError("The name of a key must not contain its secret.")


def hint(secret: str) -> str:
    """Return the last four characters, by which people recognise a key."""
    return secret[-HINT_LENGTH:]


def _base_62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
