"""Key uses: in which hour each key was last used, noted where requests are answered and written apart from them."""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, NamedTuple

from callsheet.domain.access.grant import is_delegated
from callsheet.domain.errors import StorageError
from callsheet.domain.times import format_instant
from callsheet.service.background import BackgroundThread
from callsheet.service.clock import SYSTEM_CLOCK, Clock
from callsheet.service.giving_way import giving_way
from callsheet.storage.store import Store

_log = logging.getLogger("callsheet")

_HOUR_SECONDS: Final = 3600
_WRITE_INTERVAL_SECONDS: Final = 60.0
_STOP_TIMEOUT_SECONDS: Final = 2.0

#: Keys of one transaction, so that other writers need not wait for long.
WRITE_BATCH_SIZE: Final = 2000

#: The actor of what is written, which no change record names.
_ACTOR: Final = "callsheet"


class _Hour(NamedTuple):
    """The keys that were used in an hour, and when that began, in seconds since the epoch."""

    begun: int
    keys: dict[str, None]


class KeyUses:
    """The keys that were used in this hour.

    A request notes its key only if its caller is not known from an earlier one; as caches forget all callers when
    an hour begins (`turn`), each key is noted once an hour, and answers from a cache cost nothing.

    Parameters
    ----------
    store
        Where uses are written.
    wanted
        Whether they are: without an admin key, no program could read them.
    clock
        Where the time comes from.
    """

    def __init__(self, store: Store, wanted: Callable[[], bool], clock: Clock = SYSTEM_CLOCK) -> None:
        self._store = store
        self._wanted = wanted
        self._clock = clock
        self._hour = _Hour(self._present_hour(), {})
        self._past: list[_Hour] = []
        self._written: _Hour = _Hour(0, {})
        self._flushing = threading.Lock()
        self._thread = BackgroundThread("callsheet-uses", self._run, _STOP_TIMEOUT_SECONDS)
        self._is_serving = self._has_thread = False

    def note(self, key_id: str) -> None:
        """Note that a key was used just now; only the event loop's thread calls this."""
        self._hour.keys[key_id] = None

    def turn(self) -> int:
        """Begin another hour if one has begun; return when the present one did, in seconds since the epoch.

        A cache of callers must forget them when this changes.
        """
        if self._is_serving and not self._has_thread and self._wanted():
            self._has_thread = True
            self._thread.start()
        begun = self._present_hour()
        if begun != self._hour.begun:
            if self._hour.keys:
                self._past.append(self._hour)
            self._hour = _Hour(begun, {})
        return begun

    def start(self) -> None:
        """Write once a minute from now on, as long as that is wanted."""
        self._is_serving = True

    def stop(self) -> None:
        """Write the rest, and end."""
        self._is_serving = False
        if self._has_thread:
            self._thread.stop()
            self._has_thread = False

    def flush(self) -> None:
        """Write what has been noted and is not written yet; callable from any thread.

        Raises
        ------
        StorageError
            The database cannot be used; the next call writes the rest.
        """
        with self._flushing:
            while self._past:
                self._write(self._past[0])
                self._past.pop(0)
            self._write(self._hour)

    def _write(self, hour: _Hour) -> None:
        if not self._wanted():
            return
        if hour.begun != self._written.begun:
            self._written = _Hour(hour.begun, {})
        written = self._written.keys
        keys = [key for key in list(hour.keys) if key not in written and not is_delegated(key)]
        at = format_instant(datetime.fromtimestamp(hour.begun, UTC))
        for start in range(0, len(keys), WRITE_BATCH_SIZE):
            some = dict.fromkeys(keys[start : start + WRITE_BATCH_SIZE], at)
            with giving_way(), self._store.write(_ACTOR, self._clock.now()) as writing:
                writing.put_uses(some)
            written |= dict.fromkeys(some)

    def _run(self, stop: threading.Event) -> None:
        is_stopping = False
        has_warned = False
        while not is_stopping:
            is_stopping = stop.wait(_WRITE_INTERVAL_SECONDS)
            try:
                self.flush()
                has_warned = False
            except StorageError as error:  # the next time
                if not has_warned and not is_stopping:
                    _log.warning("The last uses of keys cannot be written for now: %s", error)
                has_warned = True

    def _present_hour(self) -> int:
        return int(self._clock.time()) // _HOUR_SECONDS * _HOUR_SECONDS
