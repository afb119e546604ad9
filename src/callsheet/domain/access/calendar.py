"""Calendars: addresses that say when models retire, each under a token of its kind."""

from dataclasses import dataclass
from datetime import datetime

from callsheet.domain.access.names import check_name
from callsheet.domain.times import format_instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The record of a calendar; the token itself is nowhere.

    Parameters
    ----------
    id
        ``calendar_…``; names the calendar without giving its token away.
    name
        For people; unique among calendars that are not revoked.
    workspace_id
        Whose models it holds; None for those of the whole organization.
    fingerprint
        SHA-256 of the token.
    hint
        The last four characters of the token.
    created_at, revoked_at
        When it was made, and since when it does not work (aware); None if it does.
    """

    id: str
    name: str
    workspace_id: str | None
    fingerprint: bytes
    hint: str
    created_at: datetime
    revoked_at: datetime | None = None

    def __post_init__(self) -> None:
        check_name(self.name, "The name of a calendar")

    def record(self) -> dict[str, object]:
        """Return what may be shown and recorded: everything but the fingerprint."""
        return {
            "id": self.id,
            "name": self.name,
            "workspace_id": self.workspace_id,
            "partial_token_hint": f"...{self.hint}",
            "created_at": format_instant(self.created_at),
            "revoked_at": None if self.revoked_at is None else format_instant(self.revoked_at),
        }
