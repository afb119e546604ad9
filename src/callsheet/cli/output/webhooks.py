"""Webhooks and their deliveries as people read them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from callsheet.cli.output.tables import print_record, print_table, say, second
from callsheet.domain.times import format_instant
from callsheet.domain.webhooks.delivery import Delivery, DeliveryStatus
from callsheet.domain.webhooks.signing import SigningSecret
from callsheet.domain.webhooks.webhook import Webhook
from callsheet.service.webhooks.service import WebhookDetails
from callsheet.service.webhooks.status import Condition


def print_webhooks(found: Sequence[WebhookDetails]) -> None:
    """Print a line for each webhook; say what is wrong with those that fail."""
    print_table(
        ("ID", "Name", "Status", "URL", "Waiting", "Given up", "Last sent", "Events"),
        (
            (
                each.webhook.id,
                each.webhook.name,
                _status(each),
                each.webhook.url,
                each.health.waiting,
                each.health.given_up,
                _when(each.health.last_sent_at) or "never",
                ", ".join(each.webhook.events),
            )
            for each in found
        ),
        {"ID": 32, "Name": 8, "URL": 18, "Events": 16},
    )
    for each in found:
        if each.health.condition is Condition.FAILING and each.health.last_error:
            say(f"{each.webhook.name}: {each.health.last_error}")


def print_webhook(details: WebhookDetails) -> None:
    """Print the fields of a webhook."""
    webhook, health = details.webhook, details.health
    print_record(
        {
            "id": webhook.id,
            "name": webhook.name,
            "url": webhook.url,
            "events": ", ".join(webhook.events) or "none",
            "status": _status(details),
            "secrets": ", ".join(map(_secret, webhook.secrets)) or None,
            "created": _when(webhook.created_at),
            "waiting": health.waiting,
            "oldest waiting": _when(health.oldest_waiting_at),
            "given up": health.given_up,
            "last sent": _when(health.last_sent_at) or "never",
            "last error": health.last_error,
        }
    )


def print_deliveries(deliveries: Sequence[Delivery], names: Mapping[str, str]) -> None:
    """Print a line for each delivery; ``names`` has the names of webhooks by id."""
    print_table(
        ("Event", "Type", "Webhook", "Status", "Attempts", "Happened", "Next attempt", "Why"),
        (
            (
                each.event_id,
                each.type,
                names.get(each.webhook_id, each.webhook_id),
                _delivery_status(each),
                each.attempts or None,
                _when(each.created_at),
                _when(each.next_attempt_at),
                each.last_error,
            )
            for each in deliveries
        ),
        {"Event": 36, "Webhook": 8, "Why": 20},
    )


def changed_sentence(webhook: Webhook, verb: str) -> str:
    """Return that something was done with a webhook."""
    return f"{verb} the webhook {webhook.name}: {webhook.id}."


def _status(details: WebhookDetails) -> str:
    health = details.health
    return str(health.condition if health.condition is Condition.FAILING else details.webhook.status)


def _delivery_status(delivery: Delivery) -> str:
    return "given up" if delivery.status is DeliveryStatus.GIVEN_UP else str(delivery.status)


def _secret(secret: SigningSecret) -> str:
    until = _when(secret.expires_at)
    return f"...{secret.hint}{'' if until is None else f' until {until}'}"


def _when(instant: datetime | None) -> str | None:
    return None if instant is None else second(format_instant(instant))
