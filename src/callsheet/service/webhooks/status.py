"""Status: how the deliveries of a webhook go."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from callsheet.domain.times import format_instant
from callsheet.domain.webhooks.webhook import Webhook
from callsheet.storage.transactions.read_webhooks import Traffic


class Condition(StrEnum):
    """How a webhook is: ``failing`` while what waits for it has failed before."""

    OK = "ok"
    FAILING = "failing"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class WebhookHealth:
    """How the deliveries of a webhook go.

    Parameters
    ----------
    id, name
        Of the webhook.
    condition
        See `Condition`; ``off`` if it is not active.
    waiting, given_up
        How many deliveries wait, and how many were given up within the last month.
    oldest_waiting_at, last_sent_at
        When the oldest event that waits happened, and when one was last sent (aware); None if none.
    last_error
        Why the last attempt failed, if it did.
    """

    id: str
    name: str
    condition: Condition
    waiting: int
    given_up: int
    oldest_waiting_at: datetime | None
    last_sent_at: datetime | None
    last_error: str | None

    def waiting_seconds(self, now: datetime) -> float:
        """Return how long the oldest event has waited at ``now`` (aware); 0 if none waits."""
        return 0.0 if self.oldest_waiting_at is None else max((now - self.oldest_waiting_at).total_seconds(), 0.0)

    def record(self) -> dict[str, Any]:
        """Return what is known beside the webhook itself, as plain JSON values."""
        return {
            "condition": self.condition,
            "waiting": self.waiting,
            "given_up": self.given_up,
            "oldest_waiting_at": _text(self.oldest_waiting_at),
            "last_sent_at": _text(self.last_sent_at),
            "last_error": self.last_error,
        }


def health_of(webhook: Webhook, traffic: Traffic | None) -> WebhookHealth:
    """Return how the deliveries of a webhook go, from what is in the outbox for it."""
    found = traffic or Traffic()
    condition = Condition.OFF if not webhook.is_active else Condition.FAILING if found.failing else Condition.OK
    return WebhookHealth(
        webhook.id,
        webhook.name,
        condition,
        found.waiting,
        found.given_up,
        found.oldest,
        found.last_sent,
        found.last_error,
    )


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else format_instant(instant)
