"""Writing webhooks: the outbox, who sends what is in it, and what became of that. No change of it is recorded."""

import secrets
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, delete, func, or_, select, update

from callsheet.domain.events import Event
from callsheet.domain.times import format_instant
from callsheet.domain.webhooks.delivery import Delivery
from callsheet.domain.webhooks.webhook import wants
from callsheet.storage import tables
from callsheet.storage.transactions.put import add_rows
from callsheet.storage.transactions.read_webhooks import Wanting, WebhooksReading, whole_second

_OUTBOX: Final = tables.outbox.c

_EVENT_ID_BYTES: Final = 16


class WebhooksWriting(WebhooksReading):
    """What can be written of deliveries in one transaction. It raises no revision."""

    def enqueue(self, events: Iterable[Event], wanting: Collection[Wanting]) -> int:
        """Add a delivery of each event for each webhook that wants it; return how many."""
        number = self._last_number()
        added: list[dict[str, Any]] = []
        for event in events:
            event_id, body, at = f"evt_{secrets.token_hex(_EVENT_ID_BYTES)}", event.body(), format_instant(event.at)
            for webhook in wanting:
                if wants(webhook.events, event.type):
                    number += 1
                    added.append(
                        {
                            "number": number,
                            "webhook_id": webhook.id,
                            "event_id": event_id,
                            "type": event.type,
                            "body": body,
                            "created_at": at,
                            "attempts": 0,
                            "next_attempt_at": whole_second(event.at),
                        }
                    )
        add_rows(self._connection, tables.outbox, added)
        return len(added)

    def set_noticed_until(self, until: datetime) -> None:
        """Note until when dates that came near are in events (aware)."""
        self._connection.execute(update(tables.installation).values(noticed_until=format_instant(until)))

    def lease_deliveries(
        self, webhook_id: str, holder: str, now: datetime, until: datetime, limit: int
    ) -> list[Delivery]:
        """Let ``holder`` alone send the deliveries of a webhook that are due, and return these, in their order.

        There are none while another process sends some of the same webhook, and none behind one that is soon tried
        again, so that they arrive in order.

        Parameters
        ----------
        holder
            At most 128 characters that no other process has.
        now, until
            The time, and when the lease ends by itself (both aware), at most a quarter of an hour later.
        limit
            The most that are returned.
        """
        found = self.sendable(webhook_id, holder, now, limit)
        taken = update(tables.outbox).where(_OUTBOX.number.in_([each.number for each in found]))
        self._connection.execute(taken.values(lease_holder=holder, lease_until=whole_second(until, up=True)))
        return found

    def end_delivery(self, delivery: Delivery, holder: str, remaining: Collection[int], until: datetime) -> bool:
        """Write what became of a delivery that ``holder`` has sent, and hold the ``remaining`` ones ``until`` then.

        Returns
        -------
        False if another process has taken it over meanwhile; then nothing is written.
        """
        held = and_(_OUTBOX.number == delivery.number, _OUTBOX.lease_holder == holder)
        ended = update(tables.outbox).where(held, _OUTBOX.event_id == delivery.event_id)
        values = {
            "attempts": delivery.attempts,
            "next_attempt_at": None if delivery.next_attempt_at is None else whole_second(delivery.next_attempt_at),
            "sent_at": None if delivery.sent_at is None else format_instant(delivery.sent_at),
            "last_error": delivery.last_error,
            "lease_holder": None,
            "lease_until": None,
        }
        if self._connection.execute(ended.values(values)).rowcount != 1:
            return False
        mine = update(tables.outbox).where(_OUTBOX.number.in_(remaining), _OUTBOX.lease_holder == holder)
        self._connection.execute(mine.values(lease_until=whole_second(until, up=True)))
        return True

    def release_deliveries(self, holder: str, webhook_id: str) -> None:
        """Let others send what ``holder`` has a lease of, for one webhook."""
        own = update(tables.outbox).where(_OUTBOX.webhook_id == webhook_id, _OUTBOX.lease_holder == holder)
        self._connection.execute(own.values(lease_holder=None, lease_until=None))

    def give_up_deliveries(self, webhook_id: str | None, reason: str) -> int:
        """Give up what waits for a webhook, or for all, with this reason; return how many deliveries that were."""
        waiting = update(tables.outbox).where(_OUTBOX.next_attempt_at.is_not(None))
        if webhook_id is not None:
            waiting = waiting.where(_OUTBOX.webhook_id == webhook_id)
        values = {"next_attempt_at": None, "last_error": reason, "lease_holder": None, "lease_until": None}
        return self._connection.execute(waiting.values(values)).rowcount

    def retry_deliveries(self, numbers: Collection[int], now: datetime) -> None:
        """Let these deliveries, sent or given up, be sent at once, with all attempts before them."""
        again = update(tables.outbox).where(_OUTBOX.number.in_(numbers))
        values = {"attempts": 0, "next_attempt_at": whole_second(now), "sent_at": None, "last_error": None}
        self._connection.execute(again.values(values))

    def prune_deliveries(self, sent_before: datetime, given_up_before: datetime) -> int:
        """Drop what was sent, and events that were given up, of before these times (aware); return how many."""
        sent = _OUTBOX.sent_at < whole_second(sent_before)
        given_up = and_(
            _OUTBOX.next_attempt_at.is_(None),
            _OUTBOX.sent_at.is_(None),
            _OUTBOX.created_at < whole_second(given_up_before),
        )
        return self._connection.execute(delete(tables.outbox).where(or_(sent, given_up))).rowcount

    def _last_number(self) -> int:
        """The number of the newest delivery; writers come one after the other, so that no other takes the next."""
        return self._connection.execute(select(func.max(_OUTBOX.number))).scalar() or 0
