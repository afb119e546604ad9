"""Circles: whether a question about a key comes, over however many installations, from this installation itself.

A question names the installations that it has come through, each by its mark and by a number of the process that
asked. A request with the mark of this installation is answered from what is known. One with the number of this very
process, which only a gateway was sent, proves that the gateway leads back here. Anybody can send the header: what
no installation has written is not passed on, as a gateway that stumbles over it would be taken to be away.
"""

import re
from secrets import token_hex
from typing import Final

from callsheet.service.sync.loop import mark_of

#: Installations that may ask one for the next about a key.
_MAX_INSTALLATIONS: Final = 8

#: What installations write: marks and numbers, separated by commas.
_WRITTEN: Final = re.compile(rb"[0-9A-Za-z, -]{0,1024}")


class Circle:
    """What this process writes into its questions, and recognises."""

    def __init__(self) -> None:
        self._number = token_hex(8)

    def extended(self, asked_by: bytes, organization_id: str) -> str:
        """Return the header of a question that follows from a request with ``asked_by``, empty if it had none."""
        own = f"{mark_of(organization_id)}-{self._number}"
        return f"{asked_by.decode('latin-1')}, {own}" if asked_by else own

    def is_closed(self, asked_by: bytes, organization_id: str) -> bool:
        """Return whether this installation must not ask on: it is among the askers, or they cannot be genuine."""
        askers, own = _askers(asked_by), f"{mark_of(organization_id)}-"
        is_possible = len(askers) < _MAX_INSTALLATIONS and _WRITTEN.fullmatch(asked_by) is not None
        return not is_possible or any(each.startswith(own) for each in askers)

    def is_own(self, asked_by: bytes) -> bool:
        """Return whether this very process asks itself."""
        return any(each.endswith(f"-{self._number}") for each in _askers(asked_by))


def _askers(asked_by: bytes) -> list[str]:
    return [each.strip() for each in asked_by.decode("latin-1").split(",")] if asked_by else []
