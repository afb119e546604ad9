"""Circles: whether a question about a key comes, over however many installations, from this installation itself.

A question names the installations that it has come through, each by its mark and by a number of the process that
asked. A request with the mark of this installation is answered from what is known. One with the number of this very
process, which only a gateway was sent, proves that the gateway leads back here.
"""

from secrets import token_hex

from callsheet.service.delegation.asked_by import MAX_INSTALLATIONS
from callsheet.service.sync.loop import mark_of


class Circle:
    """What this process writes into its questions, and recognises."""

    def __init__(self) -> None:
        self._number = token_hex(8)

    def extended(self, asked_by: bytes, organization_id: str) -> str:
        """Return the header of a question that follows from a request with ``asked_by``, empty if it had none."""
        own = f"{mark_of(organization_id)}-{self._number}"
        return f"{asked_by.decode('ascii')}, {own}" if asked_by else own

    def is_closed(self, asked_by: bytes, organization_id: str) -> bool:
        """Return whether this installation must not ask on: it is among the askers, or they are too many."""
        askers = _askers(asked_by)
        return len(askers) >= MAX_INSTALLATIONS or any(
            each.startswith(f"{mark_of(organization_id)}-") for each in askers
        )

    def is_own(self, asked_by: bytes) -> bool:
        """Return whether this very process asks itself."""
        return any(each.endswith(f"-{self._number}") for each in _askers(asked_by))


def _askers(asked_by: bytes) -> list[str]:
    return asked_by.decode("ascii").split(", ") if asked_by else []
