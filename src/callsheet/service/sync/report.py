"""Report: how a run ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from callsheet.service.sync.decide import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How a run ended.

    Parameters
    ----------
    source
        Its name.
    outcome
        How it ended; None if another process runs the source at the moment.
    counts
        How many rows, models and names there are of each kind; see the reference of ``sources sync``.
    sentence
        Why it failed or is quarantined; else empty.
    dropped
        Why rows were left out, with their number.
    informs
        Whether the built-in facts have just ceased to list models, as this is the first source that does.
    """

    source: str
    outcome: Outcome | None
    counts: Mapping[str, int] = field(default_factory=dict)
    sentence: str = ""
    dropped: Mapping[str, int] = field(default_factory=dict)
    informs: bool = False

    def record(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "source": self.source,
            "outcome": None if self.outcome is None else str(self.outcome),
            "sentence": self.sentence or None,
            "counts": dict(self.counts),
            "dropped": dict(self.dropped),
        }
