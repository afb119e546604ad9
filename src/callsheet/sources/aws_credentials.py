"""What a secret for Bedrock holds: access keys, or an API key."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from callsheet.domain.errors import SourceError
from callsheet.sources.values import text_in
from callsheet.wire.field_values import read_instant
from callsheet.wire.rows import UnreadableError, parse

_PAIR: Final = re.compile(r"(A[A-Z0-9]{15,127}):([^:\s]{16,})(?::(\S+))?", re.ASCII)
_API_KEY: Final = re.compile(r"[!-~]+", re.ASCII)
_ADVICE: Final = (
    "the secret for Bedrock must be a Bedrock API key, ACCESS_KEY_ID:SECRET_ACCESS_KEY[:SESSION_TOKEN], or the "
    "JSON that aws configure export-credentials prints"
)


@dataclass(frozen=True, slots=True)
class AWSKeys:
    """Access keys of AWS. What is secret in them is never shown.

    Parameters
    ----------
    session_token
        Of temporary keys; else empty.
    expires_at
        When they expire (aware), if that is known.
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)
    expires_at: datetime | None = None


def read_secret(secret: str) -> AWSKeys | str:
    """Return the access keys in ``secret``, or the API key that it is.

    Access keys are ``ACCESS_KEY_ID:SECRET_ACCESS_KEY[:SESSION_TOKEN]``, or JSON with ``AccessKeyId``,
    ``SecretAccessKey`` and perhaps ``SessionToken`` and ``Expiration``, as ``aws configure export-credentials``
    prints, ``aws sts assume-role`` (under ``Credentials``) and the endpoints of ECS and EC2 (``Token``).

    Raises
    ------
    SourceError
        It is none of these. The sentence does not hold the secret.
    """
    text = secret.strip()
    if text.startswith("{"):
        return _from_json(text)
    pair = _PAIR.fullmatch(text)
    if pair is not None:
        return AWSKeys(pair[1], pair[2], pair[3] or "")
    if not _API_KEY.fullmatch(text):
        raise SourceError(f"The secret cannot be read: {_ADVICE}.")
    return text


def _from_json(text: str) -> AWSKeys:
    try:
        found = parse(text.encode(errors="replace"))
    except (UnreadableError, RecursionError):
        raise SourceError(f"The secret is not valid JSON: {_ADVICE}.") from None
    keys: dict[str, Any] = found["Credentials"] if isinstance(found.get("Credentials"), dict) else found
    key_id, secret = text_in(keys, "AccessKeyId"), text_in(keys, "SecretAccessKey")
    token = text_in(keys, "SessionToken") or text_in(keys, "Token")
    if (
        not _API_KEY.fullmatch(key_id)
        or not _API_KEY.fullmatch(secret)
        or not (_API_KEY.fullmatch(token) or not token)
    ):
        raise SourceError(f"The secret is JSON without a usable AccessKeyId and SecretAccessKey: {_ADVICE}.")
    return AWSKeys(key_id, secret, token, read_instant(keys.get("Expiration")))
