"""SourceRecord: a source as it was configured."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from callsheet.domain.times import format_instant


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A source as it was configured. Every change of it is recorded.

    Parameters
    ----------
    name
        As `check_manager_name` allows it; it never changes.
    position
        Where two sources differ, the claims of the one with the lower position count. Two may have the same.
    config
        What else was configured, as plain JSON values; no secret is in it.
    created_at
        When it was added (aware).
    """

    name: str
    position: int
    config: Mapping[str, Any]
    created_at: datetime

    def record(self) -> dict[str, object]:
        """Return every field as plain JSON values, for people, programs and the change record."""
        return {
            "name": self.name,
            "position": self.position,
            "config": dict(self.config),
            "created_at": format_instant(self.created_at),
        }
