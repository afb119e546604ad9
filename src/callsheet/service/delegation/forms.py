"""The forms in which a credential is sent: as it came, then as the kind of gateway expects it. Pure."""

import re
from collections.abc import Mapping
from enum import Enum
from typing import Final

from callsheet.service.delegation.limits import MAX_CREDENTIAL_BYTES
from callsheet.sources.asking import KeyList

_VISIBLE: Final = re.compile(rb"[!-~]+")


class Form(Enum):
    """The header that a credential came in."""

    X_API_KEY = "x-api-key"
    BEARER = "bearer"

    def headers(self, secret: str) -> Mapping[str, str]:
        """Return the headers that carry ``secret`` in this form."""
        return {"x-api-key": secret} if self is Form.X_API_KEY else {"authorization": f"Bearer {secret}"}


def can_be_sent(secret: bytes) -> bool:
    """Return whether a header of ours can carry a credential: visible ASCII, not longer than the limit."""
    return len(secret) <= MAX_CREDENTIAL_BYTES and _VISIBLE.fullmatch(secret) is not None


def forms_of(secret: str, came: Form, asked: KeyList) -> list[Mapping[str, str]]:
    """Return the headers to ask with, in this order: as the credential came, and as the gateway expects keys."""
    forms = [came.headers(secret)]
    usual = asked.authorization(secret)
    return forms if usual in forms else [*forms, usual]
