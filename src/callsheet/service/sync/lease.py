"""Lease: one process of a fleet runs a source at a time; if it dies, another does so once its lease is over."""

import os
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from callsheet.domain.errors import ConflictError
from callsheet.domain.sources.state import SourceState
from callsheet.storage.store import Writable
from callsheet.storage.transactions.read import ReadTransaction

#: How long a lease lasts that is renewed while the run goes on.
RENEWED_LEASE_SECONDS: Final = 60.0

#: How long a clock may be ahead of another's, or be set back, before a lease is taken for one from another time.
_MAX_SKEW_SECONDS: Final = 600.0

_MAX_HOST_CHARACTERS: Final = 60


class Lease:
    """The right to run one source.

    Parameters
    ----------
    store
        Where leases are kept.
    clock
        Gives the time (aware).
    seconds
        How long it lasts, unless it is renewed.
    """

    def __init__(
        self, store: Writable, clock: Callable[[], datetime], seconds: float = RENEWED_LEASE_SECONDS
    ) -> None:
        self._store = store
        self._clock = clock
        self._seconds = seconds
        host = socket.gethostname()[:_MAX_HOST_CHARACTERS]
        self.holder: Final = f"{host}:{os.getpid()}:{secrets.token_hex(8)}"
        """Who has the lease; no other process ever has this name."""

    def take(self, name: str) -> bool:
        """Take the lease of a source; return False if another process has it."""
        now = self._clock()
        until = now + timedelta(seconds=self._seconds)
        with self._store.write(self.holder, now) as writing:
            state = writing.source_states([name]).get(name)
            if state is not None and self._is_from_another_time(state, now):
                writing.release_lease(name, state.lease_holder or "")
            return writing.take_lease(name, self.holder, now, until)

    def renew(self, name: str) -> bool:
        """Have the lease for longer; return False if this process has it no longer."""
        now = self._clock()
        with self._store.write(self.holder, now) as writing:
            state = writing.source_states([name]).get(name)
            if state is None or state.lease_holder != self.holder:
                return False
            return writing.take_lease(name, self.holder, now, now + timedelta(seconds=self._seconds))

    def release(self, name: str) -> None:
        """Let others run the source at once, if this process has the lease."""
        with self._store.write(self.holder, self._clock()) as writing:
            writing.release_lease(name, self.holder)

    @contextmanager
    def held(self, name: str) -> Iterator[None]:
        """Hold the lease of a source meanwhile; ConflictError if another process has it."""
        if not self.take(name):
            raise ConflictError(f"The source {name} is being run at the moment; try again when that has ended.")
        try:
            yield
        finally:
            self.release(name)

    def check(self, reading: ReadTransaction, name: str) -> SourceState:
        """Return the state of the source, in the transaction that writes what its run came to.

        Raises
        ------
        ConflictError
            Another process has taken the source over, or it was removed: nothing of the run may be written.
        """
        state = reading.source_states([name]).get(name)
        if state is None or state.lease_holder != self.holder:
            raise ConflictError(
                f"The source {name} was removed or taken over by another process while it ran; nothing was written."
            )
        return state

    def _is_from_another_time(self, state: SourceState, now: datetime) -> bool:
        """Whether a clock must have been set back since a lease was taken, which would last for ever."""
        until = state.lease_until
        return until is not None and (until - now).total_seconds() > self._seconds + _MAX_SKEW_SECONDS
