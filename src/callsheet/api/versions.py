"""`anthropic-version`: which are accepted, and how any other is refused (contract, section 4)."""

from collections.abc import Mapping
from typing import Final

from callsheet.api.request import MAX_QUOTED_CHARACTERS
from callsheet.domain.errors import InvalidRequestError

#: Every version that clients of the official SDKs have sent; the setting `extra_versions` adds others.
ACCEPTED_VERSIONS: Final = frozenset({b"2023-01-01", b"2023-06-01", b"2026-10-21"})


def check_version(headers: Mapping[bytes, bytes], accepted: frozenset[bytes]) -> None:
    """Check that ``anthropic-version`` is there and one of ``accepted``.

    Raises
    ------
    InvalidRequestError
        It is not.
    """
    version = headers.get(b"anthropic-version")
    if version is None:
        raise InvalidRequestError("anthropic-version: header is required")
    if version not in accepted:
        shown = version.decode(errors="replace")[:MAX_QUOTED_CHARACTERS]
        raise InvalidRequestError(f'anthropic-version: "{shown}" is not a valid version')
