"""Webhooks and calendars over the administration API."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from callsheet.domain.access.calendar import Calendar
from callsheet.domain.changes.webhooks import WebhookChange
from callsheet.domain.errors import ConflictError
from callsheet.domain.times import parse_instant
from callsheet.domain.webhooks.delivery import Delivery, DeliveryStatus
from callsheet.domain.webhooks.signing import SigningSecret
from callsheet.domain.webhooks.webhook import Webhook, WebhookStatus
from callsheet.remote.doing import Sender
from callsheet.service.retirements.calendars import NewCalendar
from callsheet.service.webhooks.post import Attempt, Message
from callsheet.service.webhooks.service import OVERLAP, NewSecret, WebhookDetails
from callsheet.service.webhooks.status import Condition, WebhookHealth
from callsheet.service.webhooks.trial import Trial

_WEBHOOKS: Final = "webhooks"
_CALENDARS: Final = "calendars"
_HINT_PREFIX: Final = "..."


class RemoteWebhooks:
    """The twin of `callsheet.service.webhooks.service.WebhooksService`."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._connection = sender.connection

    def create(self, name: str, url: str, events: Sequence[str], secret: str | None = None) -> NewSecret:
        body = {"name": name, "url": url, "events": list(events), "secret": secret}
        made = self._sender.post(_WEBHOOKS, body=body)
        return NewSecret(_webhook(made), made["secret"] or secret or "")

    def list(self) -> Sequence[WebhookDetails]:
        return [_details(each) for each in self._connection.get(_WEBHOOKS)["data"]]

    def show(self, name: str) -> WebhookDetails:
        return _details(self._connection.get(_WEBHOOKS, name))

    def change(self, name: str, change: WebhookChange) -> Webhook:
        body: dict[str, Any] = {**change}
        if "events" in change:
            body["events"] = [*change["events"]]
        return _webhook(self._sender.post(_WEBHOOKS, name, body=body))

    def rotate(self, name: str, overlap: timedelta = OVERLAP, secret: str | None = None) -> NewSecret:
        before = self.show(name).webhook
        body = {"overlap_hours": overlap / timedelta(hours=1), "secret": secret}
        made = self._sender.post(_WEBHOOKS, name, "rotate", body=body)
        return NewSecret(_webhook(made), made["secret"] or secret or "", before)

    def take_back(self, new: NewSecret) -> None:
        if new.past is not None:  # its secrets are known to the server only, which keeps none that was replaced
            raise ConflictError(
                f"The new secret of {new.webhook.name} could not be shown, and signs already; rotate it again."
            )
        self.archive(new.webhook.id)

    def disable(self, name: str) -> Webhook:
        return self._post(name, "disable")

    def enable(self, name: str) -> Webhook:
        return self._post(name, "enable")

    def archive(self, name: str) -> Webhook:
        return self._post(name, "archive")

    def deliveries(
        self, name: str | None = None, status: DeliveryStatus | None = None, limit: int = 100
    ) -> Sequence[Delivery]:
        found = self._connection.get("deliveries", webhook=name, status=status, limit=limit)
        return [_delivery(each) for each in found["data"]]

    def retry(self, name: str, event_ids: Sequence[str] = ()) -> Sequence[Delivery]:
        body = {"events": list(event_ids)}
        return [_delivery(each) for each in self._sender.post(_WEBHOOKS, name, "retry", body=body)["data"]]

    def check_retry(self, name: str, event_ids: Sequence[str] = ()) -> Sequence[Delivery]:
        """Return what `retry` would send; errors as of `Connection.get`."""
        body = {"events": [*event_ids]}
        found = self._connection.post(_WEBHOOKS, name, "check_retry", body=body)
        return [_delivery(each) for each in found["data"]]

    def test(self, name: str) -> Trial:
        """Have the server send a test event, and return how that went; errors as of `Connection.get`."""
        webhook = self.show(name).webhook
        found = self._connection.post(_WEBHOOKS, webhook.id, "test")
        return Trial(webhook, Message(found["id"], ""), Attempt(found["error"], found["status"]))

    def _post(self, name: str, verb: str) -> Webhook:
        return _webhook(self._sender.post(_WEBHOOKS, name, verb))


class RemoteCalendars:
    """The twin of `callsheet.service.retirements.calendars.CalendarService`."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def create(self, name: str, workspace: str | None = None) -> NewCalendar:
        made = self._sender.post(_CALENDARS, body={"name": name, "workspace": workspace})
        return NewCalendar(_calendar(made), made["token"])

    def list(self) -> Sequence[Calendar]:
        return [_calendar(each) for each in self._sender.connection.get(_CALENDARS)["data"]]

    def revoke(self, name: str) -> Calendar:
        return _calendar(self._sender.post(_CALENDARS, name, "revoke"))


def _webhook(record: Mapping[str, Any]) -> Webhook:
    """The webhook of a record; of its secrets, only the ends that people recognise them by."""
    secrets = (
        SigningSecret(each["hint"].removeprefix(_HINT_PREFIX), _optional(each["expires_at"]))
        for each in record["secrets"]
    )
    return Webhook(
        id=record["id"],
        name=record["name"],
        url=record["url"],
        events=tuple(record["events"]),
        secrets=tuple(secrets),
        status=WebhookStatus(record["status"]),
        created_at=parse_instant(record["created_at"]),
    )


def _details(record: Mapping[str, Any]) -> WebhookDetails:
    health = WebhookHealth(
        record["id"],
        record["name"],
        Condition(record["condition"]),
        record["waiting"],
        record["given_up"],
        _optional(record["oldest_waiting_at"]),
        _optional(record["last_sent_at"]),
        record["last_error"],
    )
    return WebhookDetails(_webhook(record), health)


def _delivery(record: Mapping[str, Any]) -> Delivery:
    """The delivery of a record, without what is sent."""
    return Delivery(
        number=0,
        webhook_id=record["webhook_id"],
        event_id=record["id"],
        type=record["type"],
        body="",
        created_at=parse_instant(record["created_at"]),
        attempts=record["attempts"],
        next_attempt_at=_optional(record["next_attempt_at"]),
        sent_at=_optional(record["sent_at"]),
        last_error=record["last_error"],
    )


def _calendar(record: Mapping[str, Any]) -> Calendar:
    """The calendar of a record; its fingerprint is empty."""
    return Calendar(
        id=record["id"],
        name=record["name"],
        workspace_id=record["workspace_id"],
        fingerprint=b"",
        hint=record["partial_token_hint"].removeprefix(_HINT_PREFIX),
        created_at=parse_instant(record["created_at"]),
        revoked_at=_optional(record["revoked_at"]),
    )


def _optional(text: str | None) -> datetime | None:
    return None if text is None else parse_instant(text)
