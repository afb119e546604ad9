"""Headers that a caller adds to every request, for a gateway: validated, and never shown. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from callsheet.domain.errors import SettingsError

#: Headers that carry a key. If a caller gives one, no key is taken from the environment.
CREDENTIALS: Final = frozenset({"authorization", "x-api-key"})

#: Headers that carry a key of a gateway. If a caller gives one, no other key is needed.
GATEWAY_CREDENTIALS: Final = frozenset({"api-key", "ocp-apim-subscription-key"})

#: Headers about the transport, which the HTTP client sets.
_RESERVED: Final = frozenset({
    "connection", "content-length", "expect", "host", "keep-alive", "proxy-authorization", "proxy-connection", "te",
    "trailer", "transfer-encoding", "upgrade",
})  # fmt: skip

#: Headers whose values may be shown.
_HARMLESS: Final = frozenset({"accept", "accept-language", "anthropic-beta", "anthropic-version", "user-agent"})

_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}", re.ASCII)
_VALUE: Final = re.compile(r"[!-~](?:[ -~]*[!-~])?", re.ASCII)


def parse_header(line: str) -> tuple[str, str]:
    """Return the name, in small letters, and the value of ``Name: value``.

    Raises
    ------
    SettingsError
        It is not written so, or a request may not have it; no value is repeated.
    """
    name, colon, value = line.partition(":")
    if not colon:
        raise SettingsError("A header must be written 'Name: value'; this one has no colon.")
    return _validated(name.strip(), value.strip())


def parse_headers(lines: Iterable[str]) -> dict[str, str]:
    """Return the headers of lines, each ``Name: value``; of one given twice, the last.

    Raises
    ------
    SettingsError
        As `parse_header`.
    """
    return dict(map(parse_header, lines))


def validated_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return ``headers`` with names in small letters; of one given twice, the last.

    Raises
    ------
    SettingsError
        A request may not have one of them; no value is repeated.
    """
    return dict(_validated(name, value) for name, value in headers.items())


def secrets_of(headers: Mapping[str, str]) -> list[str]:
    """Return the texts in ``headers`` that may be secret: values, and what follows a scheme such as ``Bearer``."""
    values = [value for name, value in headers.items() if name not in _HARMLESS]
    return [*values, *(value.partition(" ")[2].strip() for value in values if " " in value)]


def _validated(name: object, value: object) -> tuple[str, str]:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise SettingsError(
            "A header must have a name of 1 to 100 letters, digits and ! # $ % & ' * + . ^ _ ` | ~ -."
        )
    lower = name.lower()
    if lower in _RESERVED:
        raise SettingsError(f"The header {lower} is for the HTTP client to set; leave it out.")
    if not isinstance(value, str) or not _VALUE.fullmatch(value):
        raise SettingsError(f"The value of the header {lower} must be visible ASCII, with blanks only inside.")
    return lower, value
