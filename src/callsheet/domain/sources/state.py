"""SourceState: how the runs of a source went, and when the next is due."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class SourceState:
    """How the runs of a source went. It changes with every run, and no change of it is recorded.

    Parameters
    ----------
    name
        Of the source.
    paused
        Whether it is run only on demand.
    lease_holder, lease_until
        Which process runs it, and until when no other one may; None if none does. Only `take_lease` and
        `release_lease` of a transaction write these.
    next_run_at, last_run_at, last_good_at
        When it is due, when it was last run, and when a run last ended well (aware); None if never.
    last_outcome
        How the last run ended: ``unchanged``, ``applied``, ``quarantined`` or ``failed``.
    last_error
        Why it failed, or is quarantined, in one sentence.
    failures
        How many runs failed since one last ended well.
    etag, last_modified
        Of the last good answer, to ask whether there is another.
    digest
        SHA-256 of what was last applied, in hexadecimal digits.
    counts
        Rows of the last good answer, by what became of them.
    pending
        The plan that is quarantined or held, as plain JSON values; None if there is none.
    memory
        What else one run leaves to the next, as plain JSON values.
    """

    name: str
    paused: bool = False
    lease_holder: str | None = None
    lease_until: datetime | None = None
    next_run_at: datetime | None = None
    last_run_at: datetime | None = None
    last_good_at: datetime | None = None
    last_outcome: str | None = None
    last_error: str | None = None
    failures: int = 0
    etag: str | None = None
    last_modified: str | None = None
    digest: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    pending: Mapping[str, Any] | None = None
    memory: Mapping[str, Any] = field(default_factory=dict)
