"""Figures of webhooks: what was sent, what waits, and for how long."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from callsheet.http.metrics.families import Figures, Series

if TYPE_CHECKING:
    from callsheet.service.webhooks.status import WebhookHealth


def webhook_figures(
    statuses: "Iterable[WebhookHealth]", outcomes: Mapping[tuple[str, str], int], now: datetime
) -> Figures:
    """Return the series of every webhook.

    Parameters
    ----------
    outcomes
        How many attempts for a webhook ended so, in this process.
    now
        The time (aware).
    """
    figures: Figures = {}
    for status in statuses:
        label = (("webhook", _escaped(status.name)),)
        figures |= {
            Series("callsheet_webhook_waiting", label): status.waiting,
            Series("callsheet_webhook_oldest_waiting_seconds", label): round(status.waiting_seconds(now), 3),
            Series("callsheet_webhook_given_up", label): status.given_up,
        }
    for (name, outcome), count in outcomes.items():
        labels = (("webhook", _escaped(name)), ("outcome", outcome))
        figures[Series("callsheet_webhook_attempts_total", labels)] = count
    return figures


def _escaped(name: str) -> str:
    """A name as the text format wants it: people choose it."""
    return name.replace("\\", "\\\\").replace('"', '\\"')
