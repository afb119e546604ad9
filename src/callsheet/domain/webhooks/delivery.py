"""Delivery: one event on its way to one webhook, and when it is tried again (Standard Webhooks' schedule)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from callsheet.domain.times import format_instant

#: How long after each failed attempt the next one follows: ten attempts, over about three days.
RETRY_SECONDS: Final = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)

MAX_ATTEMPTS: Final = len(RETRY_SECONDS) + 1

#: By how much the wait before a retry is longer, at most, so that those of many servers do not come together.
_JITTER: Final = 0.1

#: The longest that a receiver may ask to be left alone.
MAX_RETRY_AFTER_SECONDS: Final = 86_400.0

#: Failed attempts through which a delivery holds back those behind it, about half an hour; then they overtake it.
BLOCKING_ATTEMPTS: Final = 3


class DeliveryStatus(StrEnum):
    """What has become of a delivery."""

    WAITING = "waiting"
    SENT = "sent"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event for one webhook.

    Parameters
    ----------
    number
        Orders the deliveries.
    webhook_id
        Where it goes.
    event_id, type, body
        What is sent: the value of ``webhook-id``, the type of the event, and the body.
    created_at
        When the event happened (aware).
    attempts
        How often it was sent in vain.
    next_attempt_at
        When it is tried (again); None once it was sent, or given up.
    sent_at
        When the receiver took it.
    last_error
        Why the last attempt failed, in a sentence.
    """

    number: int
    webhook_id: str
    event_id: str
    type: str
    body: str
    created_at: datetime
    attempts: int = 0
    next_attempt_at: datetime | None = None
    sent_at: datetime | None = None
    last_error: str | None = None

    @property
    def status(self) -> DeliveryStatus:
        """What has become of it."""
        if self.next_attempt_at is not None:
            return DeliveryStatus.WAITING
        return DeliveryStatus.GIVEN_UP if self.sent_at is None else DeliveryStatus.SENT

    def record(self) -> dict[str, Any]:
        """Return it without its body, as plain JSON values."""
        return {
            "id": self.event_id,
            "type": self.type,
            "webhook_id": self.webhook_id,
            "status": self.status,
            "created_at": format_instant(self.created_at),
            "attempts": self.attempts,
            "next_attempt_at": _text(self.next_attempt_at),
            "sent_at": _text(self.sent_at),
            "last_error": self.last_error,
        }


def next_attempt(attempts: int, now: datetime, spread: float, retry_after: float | None = None) -> datetime | None:
    """Return when to try again what has failed ``attempts`` times, the last time at ``now``; None: never.

    Parameters
    ----------
    spread
        From 0 to 1, different each time.
    retry_after
        Seconds that the receiver asked to be left alone; None if it did not.
    """
    if attempts >= MAX_ATTEMPTS:
        return None
    seconds = RETRY_SECONDS[max(attempts, 1) - 1] * (1 + _JITTER * spread)
    asked = min(retry_after or 0, MAX_RETRY_AFTER_SECONDS)
    return now + timedelta(seconds=max(seconds, asked))


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else format_instant(instant)
