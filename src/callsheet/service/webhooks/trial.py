"""Trial: one event that says nothing, sent at once, so that a person sees what the receiver makes of it."""

import json
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, NamedTuple

from callsheet.domain.changes.webhooks import check_not_archived, find_webhook
from callsheet.domain.times import format_instant
from callsheet.domain.webhooks.webhook import Webhook
from callsheet.service.webhooks.post import Attempt, Message, Poster
from callsheet.storage.store import Store

#: The type of what is sent; no pattern of a webhook matches it.
TRIAL_TYPE: Final = "webhook.test"


class Trial(NamedTuple):
    """What was sent to a webhook to try it, and how that went.

    Parameters
    ----------
    webhook
        Where it went.
    message
        What was sent.
    attempt
        How it ended.
    """

    webhook: Webhook
    message: Message
    attempt: Attempt

    def record(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "id": self.message.id,
            "type": TRIAL_TYPE,
            "webhook_id": self.webhook.id,
            "sent": self.attempt.error is None,
            "status": self.attempt.status,
            "error": self.attempt.error,
        }


def try_webhook(store: Store, name: str, poster: Poster, clock: Callable[[], datetime]) -> Trial:
    """Send one event to the webhook with this id or name, disabled or not, and return how that went.

    Nothing is written, and nothing is tried again.

    Raises
    ------
    DoesNotExistError, ConflictError
        There is none, or it is archived.
    StorageError
        The database cannot be used.
    """
    with store.read() as reading:
        webhook = find_webhook(reading, name)
    check_not_archived(webhook)
    content = {
        "type": TRIAL_TYPE,
        "timestamp": format_instant(clock()),
        "data": {"webhook": {"id": webhook.id, "name": webhook.name}},
    }
    message = Message(f"evt_{secrets.token_hex(16)}", json.dumps(content, separators=(",", ":")))
    return Trial(webhook, message, poster.post(webhook, message))
