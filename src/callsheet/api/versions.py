"""`anthropic-version` and `anthropic-beta`: what is accepted, and how the rest is refused (contract, section 4)."""

from collections.abc import Mapping
from typing import Final

from callsheet.api.request import MAX_QUOTED_CHARACTERS
from callsheet.domain.errors import InvalidRequestError

#: Every version that clients of the official SDKs have sent; the setting `extra_versions` adds others.
ACCEPTED_VERSIONS: Final = frozenset({b"2023-01-01", b"2023-06-01", b"2026-10-21"})

#: Values of ``anthropic-beta`` in one request.
MAX_BETAS: Final = 100


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


def check_betas(headers: Mapping[bytes, bytes], accepted: frozenset[str] | None) -> None:
    """Check that ``anthropic-beta`` has at most `MAX_BETAS` values, all ``accepted``; None accepts any.

    Raises
    ------
    InvalidRequestError
        There are more values, or others.
    """
    header = headers.get(b"anthropic-beta")
    if header is None:
        return
    if header.count(b",") >= MAX_BETAS:
        raise InvalidRequestError(f"anthropic-beta: at most {MAX_BETAS} values are allowed")
    if accepted is None:
        return
    values = [value.strip() for value in header.decode(errors="replace").split(",")]
    unknown = [value for value in values if value and value not in accepted]
    if unknown:
        shown = ", ".join(f"`{value}`" for value in unknown)[:MAX_QUOTED_CHARACTERS]
        raise InvalidRequestError(
            f"Unexpected value(s) {shown} for the `anthropic-beta` header. Please consult our documentation at "
            "platform.claude.com/docs or try again without the header."
        )
