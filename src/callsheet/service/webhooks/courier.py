"""Courier: sends what is due to one webhook, in order, and writes what became of it."""

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from callsheet.domain.changes.webhooks import disable_webhook
from callsheet.domain.errors import StorageUnavailableError
from callsheet.domain.webhooks.delivery import BLOCKING_ATTEMPTS, Delivery, next_attempt
from callsheet.domain.webhooks.webhook import Webhook
from callsheet.service.giving_way import giving_way
from callsheet.service.state.backoff import jitter
from callsheet.service.webhooks.post import Attempt, Message, Poster
from callsheet.storage.store import Store

_log = logging.getLogger("callsheet")

#: How long one process alone sends what it has taken; it takes longer with each result that it writes.
LEASE_SECONDS: Final = 60.0

#: Deliveries that are taken together.
DELIVERY_BATCH_SIZE: Final = 20

#: Who is put down in the change records where a receiver wants no more events.
ACTOR: Final = "callsheet serve"

_GONE: Final = "The receiver answered 410, so the webhook was disabled before this could be sent."

_WRITE_INTERVAL_SECONDS: Final = 0.2
_MAX_HOST_CHARACTERS: Final = 60


class Courier:
    """Sends what is due to a webhook; several may work at a time, in this process and others.

    Parameters
    ----------
    store, clock
        Where deliveries are, and what gives the time (aware).
    poster
        Sends them.
    record
        Called with a webhook, a delivery as it is after an attempt, and how that ended.
    lease_seconds
        See `LEASE_SECONDS`.
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        poster: Poster,
        record: Callable[[Webhook, Delivery, Attempt], None],
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self._store = store
        self._clock = clock
        self._poster = poster
        self._record = record
        self._lease_seconds = lease_seconds
        host = socket.gethostname()[:_MAX_HOST_CHARACTERS]
        self.holder: Final = f"{host}:{os.getpid()}:{secrets.token_hex(8)}"
        """Who has the leases; no other process ever has this name."""

    def send_due(self, webhook_id: str, stop: threading.Event) -> None:
        """Send what is due to a webhook until nothing is, one fails, or ``stop`` is set.

        Raises
        ------
        StorageError
            The database cannot be used; what was sent last may be sent again, with the same id.
        """
        while not stop.is_set():
            webhook, batch = self._take(webhook_id)
            if webhook is None or not batch:
                return
            try:
                is_well = self._send(webhook, batch, stop)
            finally:
                if stop.is_set():
                    self._release(webhook_id)
            if not is_well:
                return

    def _take(self, webhook_id: str) -> tuple[Webhook | None, Sequence[Delivery]]:
        now = self._clock()
        with giving_way(), self._store.write(ACTOR, now) as writing:
            webhook = next((each for each in writing.webhooks([webhook_id]) if each.is_active), None)
            if webhook is None:
                return None, ()
            until = now + timedelta(seconds=self._lease_seconds)
            return webhook, writing.lease_deliveries(webhook_id, self.holder, now, until, DELIVERY_BATCH_SIZE)

    def _send(self, webhook: Webhook, batch: Sequence[Delivery], stop: threading.Event) -> bool:
        """Send deliveries one after the other; return False if those that follow are to wait, or are another's."""
        for index, delivery in enumerate(batch):
            if stop.is_set():
                return False
            attempt = self._poster.post(webhook, Message(delivery.event_id, delivery.body))
            now = self._clock()
            ended = _ended(delivery, attempt, now)
            waits = attempt.error is not None and (ended.attempts <= BLOCKING_ATTEMPTS or attempt.is_gone)
            remaining = [] if waits else [each.number for each in batch[index + 1 :]]
            is_held = self._write(webhook, ended, attempt, remaining, stop)
            if is_held:
                self._record(webhook, ended, attempt)
            if waits or not is_held:
                self._release(webhook.id)
                return False
        return True

    def _write(
        self,
        webhook: Webhook,
        ended: Delivery,
        attempt: Attempt,
        remaining: Sequence[int],
        stop: threading.Event,
    ) -> bool:
        """Write what became of a delivery, as soon as the database answers and as long as the lease lasts."""
        deadline = time.monotonic() + self._lease_seconds / 2
        while True:
            try:
                return self._write_once(webhook, ended, attempt, remaining)
            except StorageUnavailableError:
                if stop.is_set() or time.monotonic() > deadline:
                    raise
                stop.wait(_WRITE_INTERVAL_SECONDS)

    def _write_once(self, webhook: Webhook, ended: Delivery, attempt: Attempt, remaining: Sequence[int]) -> bool:
        now = self._clock()
        with giving_way(), self._store.write(ACTOR, now) as writing:
            until = now + timedelta(seconds=self._lease_seconds)
            if not writing.end_delivery(ended, self.holder, remaining, until):
                return False
            if attempt.is_gone:
                present = writing.webhooks([webhook.id])[0]
                if present.is_active and present.url == webhook.url:
                    writing.apply(disable_webhook(present))
                    writing.give_up_deliveries(webhook.id, _GONE)
        return True

    def _release(self, webhook_id: str) -> None:
        with self._store.write(ACTOR, self._clock()) as writing:
            writing.release_deliveries(self.holder, webhook_id)


def _ended(delivery: Delivery, attempt: Attempt, now: datetime) -> Delivery:
    """A delivery after an attempt."""
    if attempt.error is None:
        return replace(delivery, next_attempt_at=None, sent_at=now, last_error=None)
    attempts = delivery.attempts + 1
    again = None if attempt.is_gone else next_attempt(attempts, now, jitter.random(), attempt.retry_after)
    return replace(delivery, attempts=attempts, next_attempt_at=again, last_error=attempt.error)
