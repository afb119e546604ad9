"""Header fields of HTTP/1.1: whether they are well formed, and the lists in them (RFC 9110, section 5.6.1)."""

import re
from collections.abc import Iterable
from typing import Final, TypeAlias

Field: TypeAlias = tuple[bytes, bytes]

_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


def is_well_formed(headers: Iterable[Field]) -> bool:
    """Return whether no name or value could end a line, or a head."""
    return all(_NAME.fullmatch(name) and not _CONTROL.search(value) for name, value in headers)


def tokens(headers: Iterable[Field], name: bytes) -> list[bytes]:
    """Return the elements of the list that the fields called ``name`` make up, in small letters."""
    found = b",".join(value for each, value in headers if each.lower() == name)
    return [part for token in found.split(b",") if (part := token.strip(b" \t").lower())]
