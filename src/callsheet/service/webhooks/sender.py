"""Sender: a server sends what is in the outbox, on threads that do nothing else; no request waits for them."""

import logging
import os
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from callsheet.domain.errors import StorageError
from callsheet.domain.webhooks.delivery import Delivery
from callsheet.domain.webhooks.webhook import Webhook
from callsheet.service.background import BackgroundThread
from callsheet.service.clock import Clock
from callsheet.service.giving_way import giving_way
from callsheet.service.webhooks.status import WebhookHealth, health_of
from callsheet.storage.store import Store
from callsheet.storage.transactions.read import ReadTransaction

if TYPE_CHECKING:  # slow to import, and only needed where there are webhooks
    from callsheet.service.webhooks.courier import Courier
    from callsheet.service.webhooks.post import Attempt

_log = logging.getLogger("callsheet")

#: How often is looked whether anything was written; while there is no webhook, so many times less often.
TICK_SECONDS: Final = 0.1
_IDLE_TICKS: Final = 10

#: How long until the outbox is read although nothing was written: while something waits in it, and otherwise.
_BUSY_INTERVAL_SECONDS: Final = 2.0
_IDLE_INTERVAL_SECONDS: Final = 60.0

#: How often it is read how every webhook is.
_STATUS_INTERVAL_SECONDS: Final = 5.0

#: Webhooks that are sent to at a time.
MAX_CONCURRENT_COURIERS: Final = 8
MAX_CONCURRENT_FAILING: Final = 4  # of them, to which the last attempt failed

_MAX_REST_TICKS: Final = 600

_STOP_TIMEOUT_SECONDS: Final = 2.0


class Sender:
    """Sends what is in the outbox of an installation, and knows how each webhook is.

    Of all processes of a fleet, one sends to a webhook at a time. As long as there is no webhook, the database is
    only asked when it has changed.

    Parameters
    ----------
    store
        The installation.
    clock
        Where the time comes from.
    signal
        Returns something that differs when anything was written; None as long as the database was never read.
    make_courier
        Makes what sends, when there is something to send; it gets what it calls after each attempt.
    runs
        Whether anything is sent from here; if not, this only knows how webhooks are.
    tick_seconds
        See `TICK_SECONDS`.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        signal: Callable[[], object],
        make_courier: "Callable[[Callable[[Webhook, Delivery, Attempt], None]], Courier]",
        *,
        runs: bool = True,
        tick_seconds: float = TICK_SECONDS,
    ) -> None:
        self._store = store
        self._clock = clock
        self._signal = signal
        self._make_courier = make_courier
        self._runs = runs
        self._tick_seconds = tick_seconds
        self._thread = BackgroundThread("callsheet-webhooks", self._run, _STOP_TIMEOUT_SECONDS)
        self._courier: Courier | None = None
        self._seen: object = None
        self._look_at = 0.0
        self._is_idle = False  # as there is no webhook
        self._again = threading.Event()  # something may have become due
        self._read_status_at = 0.0
        self._sending: dict[str, threading.Thread] = {}
        self._broken: dict[str, tuple[int, float]] = {}
        """How often sending to a webhook broke off without a result, and until when it rests."""
        self._failing: set[str] = set()
        self._counting = threading.Lock()
        self._pid: int | None = None
        self.statuses: Sequence[WebhookHealth] = ()
        """How each webhook that is not archived is, as it was last read."""
        self.outcomes: Mapping[tuple[str, str], int] = Counter()
        """How many attempts this process made, by the name of the webhook and how they ended."""

    def start(self) -> None:
        """Begin, once per process; a process forked from this one has to start its own."""
        if self._pid != os.getpid():
            self._pid = os.getpid()
            self._thread.start()

    def stop(self) -> None:
        """End soon: what is being sent may be sent again, with the same id. It may be started again."""
        if self._pid != os.getpid():
            return
        self._pid = None
        self._thread.request_stop()
        self._thread.join()
        for thread in tuple(self._sending.values()):
            thread.join(_STOP_TIMEOUT_SECONDS)
        self._courier = None

    def _run(self, stop: threading.Event) -> None:
        while not stop.wait(self._tick_seconds * (_IDLE_TICKS if self._is_idle else 1)):
            try:
                self._tick(stop)
            except StorageError:  # which the watch on the database reports
                stop.wait(self._tick_seconds)
            except Exception:  # requests go on
                _log.exception("Looking for webhook deliveries failed; that is tried again.")
                stop.wait(100 * self._tick_seconds)

    def _tick(self, stop: threading.Event) -> None:
        signal = self._signal()
        now = self._clock.monotonic()
        if signal is None or (signal == self._seen and now < self._look_at and not self._again.is_set()):
            return
        self._again.clear()
        with giving_way():
            self._look(stop)
        self._seen = signal

    def _look(self, stop: threading.Event) -> None:
        """Read what is to be done, and begin it."""
        now, monotonic = self._clock.now(), self._clock.monotonic()
        with self._store.read() as reading:
            webhooks = [each for each in reading.webhooks() if each.secrets]
            self._look_at = monotonic + _IDLE_INTERVAL_SECONDS
            self._is_idle = not webhooks
            if self._is_idle:
                self.statuses = ()
                self._look_at = float("inf")
                return
            if monotonic - self._read_status_at >= _STATUS_INTERVAL_SECONDS or len(self.statuses) != len(webhooks):
                self._read_statuses(reading, webhooks)
                self._read_status_at = monotonic
            if reading.first_attempt_at() is not None:
                self._look_at = monotonic + _BUSY_INTERVAL_SECONDS
            if not self._runs:
                return
            sendable = self._sendable(reading, webhooks, now)
            is_notice_due = _is_notice_due(reading, now)
        for webhook_id in sendable:
            self._begin(webhook_id, stop)
        if is_notice_due:
            from callsheet.service.webhooks.courier import ACTOR
            from callsheet.service.webhooks.notices import notice

            if notice(self._store, ACTOR, now):
                self._again.set()

    def _read_statuses(self, reading: ReadTransaction, webhooks: Sequence[Webhook]) -> None:
        traffic = reading.traffic()
        self.statuses = [health_of(each, traffic.get(each.id)) for each in webhooks]

    def _sendable(self, reading: ReadTransaction, webhooks: Sequence[Webhook], now: datetime) -> list[str]:
        """The webhooks of which something can be sent now."""
        active = {each.id for each in webhooks if each.is_active}
        due = [each for each in reading.due_webhooks(now) if each in active and each not in self._sending]
        if not due:
            return []
        holder = self._made_courier().holder
        return [each for each in due if not self._rests(each) and reading.sendable(each, holder, now, 1)]

    def _made_courier(self) -> "Courier":
        if self._courier is None:
            self._courier = self._make_courier(self._record)
        return self._courier

    def _begin(self, webhook_id: str, stop: threading.Event) -> None:
        if not self._has_room_for(webhook_id):
            self._again.set()
            return
        thread = threading.Thread(
            target=self._send,
            args=[self._made_courier(), webhook_id, stop],
            name=f"callsheet-webhook-{webhook_id}",
            daemon=True,
        )
        self._sending[webhook_id] = thread
        thread.start()

    def _has_room_for(self, webhook_id: str) -> bool:
        """Whether one more may be sent to; those that fail leave room for those that are well."""
        if webhook_id in self._failing:
            return len(self._failing.intersection(tuple(self._sending))) < MAX_CONCURRENT_FAILING
        return len(self._sending) < MAX_CONCURRENT_COURIERS

    def _send(self, courier: "Courier", webhook_id: str, stop: threading.Event) -> None:
        try:
            courier.send_due(webhook_id, stop)
            self._broken.pop(webhook_id, None)
        except StorageError:  # which the watch on the database reports
            self._rest(webhook_id)
        except Exception:
            self._rest(webhook_id)
            _log.exception("Sending to the webhook %s failed; that is tried again later.", webhook_id)
        finally:
            self._sending.pop(webhook_id, None)
            self._read_status_at = float("-inf")
            self._again.set()

    def _rests(self, webhook_id: str) -> bool:
        _, until = self._broken.get(webhook_id, (0, 0.0))
        return self._clock.monotonic() < until

    def _rest(self, webhook_id: str) -> None:
        """Leave a webhook alone, ever longer: nothing in the database says that it was tried."""
        times = self._broken.get(webhook_id, (0, 0.0))[0] + 1
        ticks = min(2**times, _MAX_REST_TICKS)
        self._broken[webhook_id] = times, self._clock.monotonic() + ticks * self._tick_seconds

    def _record(self, webhook: Webhook, delivery: Delivery, attempt: "Attempt") -> None:
        """Count an attempt, and log where a webhook begins or ceases to fail."""
        outcome = "sent" if attempt.error is None else "failed" if delivery.next_attempt_at else "given_up"
        with self._counting:
            key = (webhook.name, outcome)
            self.outcomes = {**self.outcomes, key: self.outcomes.get(key, 0) + 1}
            was_failing = webhook.id in self._failing
            (self._failing.discard if attempt.error is None else self._failing.add)(webhook.id)
        if attempt.is_gone:
            _log.warning("Webhook %s: %s It is disabled.", webhook.name, attempt.error)
        elif outcome == "given_up":
            _log.warning("Webhook %s: %s Event %s is given up.", webhook.name, attempt.error, delivery.event_id)
        elif attempt.error is not None and not was_failing:
            _log.warning("Webhook %s: %s It is tried again later.", webhook.name, attempt.error)
        elif attempt.error is None and was_failing:
            _log.info("Webhook %s is well again.", webhook.name)


def _is_notice_due(reading: ReadTransaction, now: datetime) -> bool:
    from callsheet.service.webhooks.notices import is_notice_due

    return is_notice_due(reading, now)
