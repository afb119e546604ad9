"""Webhooks and their deliveries: ``/v1/organizations/webhooks``."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from pydantic import BaseModel, Field

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.addresses import AllowedAddresses
from callsheet.domain.changes.webhooks import MAX_OVERLAP_HOURS, WebhookChange
from callsheet.domain.webhooks.delivery import DeliveryStatus
from callsheet.domain.webhooks.webhook import ALL, Webhook
from callsheet.http.admin.endpoint import ROOT, Act, Answer, Asked, Body, ChangeQuery, Doing, Endpoint, Input, Query
from callsheet.http.admin.plain import Everything, Reading
from callsheet.service.webhooks.service import (
    MAX_RETRIED_DELIVERIES,
    MAX_SHOWN_DELIVERIES,
    OVERLAP,
    NewSecret,
    WebhooksService,
)
from callsheet.storage.store import Store
from callsheet.storage.transactions.read import ReadTransaction

_WEBHOOKS: Final = f"{ROOT}/webhooks"


class WebhookToCreate(Input):
    """A webhook to create."""

    name: str
    url: str = Field(description="Where events are posted to.")
    events: list[str] = Field([ALL], description="Types of events; model.* and * are patterns.")
    secret: str | None = Field(None, repr=False, description="An existing secret (whsec_…), or one is made.")


class WebhookToChange(Input):
    """What is to change of a webhook; what is left out stays as it is."""

    name: str = ""
    url: str = Field("", description="What waits goes there.")
    events: list[str] = Field(default_factory=list, description="From now on.")


class WebhookRotation(Input):
    """How the secret of a webhook is replaced."""

    overlap_hours: float = Field(
        OVERLAP / timedelta(hours=1),
        ge=0,
        le=MAX_OVERLAP_HOURS,
        description="How long the old secret signs as well.",
    )
    secret: str | None = Field(None, repr=False, description="An existing secret (whsec_…), or one is made.")


class EventsToRetry(Input):
    """Events that are to be sent again."""

    events: list[str] = Field(
        default_factory=list,
        max_length=MAX_RETRIED_DELIVERIES,
        description="Their ids; all that were given up if there are none.",
    )


class DeliveriesQuery(Query):
    """Which deliveries."""

    webhook: str | None = Field(None, description="Id or name of a webhook; all if it is left out.")
    status: DeliveryStatus | None = Field(None, description="Only these.")
    limit: int = Field(20, ge=1, le=MAX_SHOWN_DELIVERIES)


class SecretHint(BaseModel):
    """By what people recognise a secret, and until when it signs."""

    hint: str
    expires_at: str | None


class WebhookRecord(BaseModel):
    """Where events are sent. Of its secrets, only the last four characters are shown."""

    id: str
    name: str
    url: str
    events: list[str]
    secrets: list[SecretHint]
    status: str
    created_at: str


class KnownWebhookRecord(WebhookRecord):
    """A webhook, and how its deliveries go."""

    condition: str
    waiting: int
    given_up: int
    oldest_waiting_at: str | None
    last_sent_at: str | None
    last_error: str | None


class NewSecretRecord(WebhookRecord):
    """A webhook, and the secret that it signs with from now on."""

    secret: str | None = Field(description="Shown this once; null if it was brought along.")


class DeliveryRecord(BaseModel):
    """An event on its way to a webhook."""

    id: str
    type: str
    webhook_id: str
    status: str
    created_at: str
    attempts: int
    next_attempt_at: str | None
    sent_at: str | None
    last_error: str | None


class TrialRecord(BaseModel):
    """How sending a test event went."""

    id: str
    type: str
    webhook_id: str
    sent: bool
    status: int | None
    error: str | None


def _reader(reading: ReadTransaction, asked: Asked) -> WebhooksService:
    return WebhooksService(Reading(reading), asked.actor, lambda: asked.now)


def _list(reading: ReadTransaction, asked: Asked) -> Answer:
    return {"data": [each.record() for each in _reader(reading, asked).list()]}


def _show(reading: ReadTransaction, asked: Asked) -> Answer:
    return _reader(reading, asked).show(asked.ids["webhook"]).record()


def _deliveries(reading: ReadTransaction, asked: Asked) -> Answer:
    query: DeliveriesQuery = asked.query
    found = _reader(reading, asked).deliveries(query.webhook, query.status, query.limit)
    return {"data": [each.record() for each in found]}


def _create(doing: Doing, asked: Asked) -> NewSecret:
    new: WebhookToCreate = asked.body
    return doing.webhooks.create(new.name, new.url, new.events, new.secret)


def _change(doing: Doing, asked: Asked) -> Webhook:
    sent: WebhookToChange = asked.body
    wanted = WebhookChange()
    if "name" in sent.model_fields_set:
        wanted["name"] = sent.name
    if "url" in sent.model_fields_set:
        wanted["url"] = sent.url
    if "events" in sent.model_fields_set:
        wanted["events"] = tuple(sent.events)
    return doing.webhooks.change(asked.ids["webhook"], wanted)


def _rotate(doing: Doing, asked: Asked) -> NewSecret:
    wanted: WebhookRotation = asked.body
    return doing.webhooks.rotate(asked.ids["webhook"], timedelta(hours=wanted.overlap_hours), wanted.secret)


def _secret(_reading: ReadTransaction, asked: Asked, new: NewSecret) -> Answer:
    return {**new.webhook.record(), "secret": new.secret if asked.body.secret is None else None}


def _shown(_reading: ReadTransaction, _asked: Asked, webhook: Webhook) -> Answer:
    return webhook.record()


def _act(do: Callable[[WebhooksService, str], Webhook]) -> Act:
    return lambda doing, asked: do(doing.webhooks, asked.ids["webhook"])


def _retry(doing: Doing, asked: Asked) -> Answer:
    found = doing.webhooks.retry(asked.ids["webhook"], asked.body.events)
    return {"data": [each.record() for each in found]}


def _retried(_reading: ReadTransaction, _asked: Asked, found: Answer) -> Answer:
    return found


def _check_retry(store: Store, asked: Asked) -> Answer:
    with store.rehearse(asked.now) as rehearsal:
        found = WebhooksService(rehearsal, asked.actor, lambda: asked.now).retry(
            asked.ids["webhook"], asked.body.events
        )
        return {"data": [each.record() for each in found]}


def _test(store: Store, asked: Asked) -> Answer:
    from callsheet.service.webhooks.post import Poster  # here and below: slow to import
    from callsheet.service.webhooks.trial import try_webhook

    poster = Poster(AllowedAddresses(asked.private), lambda: asked.now)
    return try_webhook(store, asked.ids["webhook"], poster, lambda: asked.now).record()


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path=_WEBHOOKS,
        operation="listWebhooks",
        summary="List all webhooks and how their deliveries go, oldest first, archived ones too.",
        scope=Scope.READ,
        answer=Everything[KnownWebhookRecord],
        read=_list,
    ),
    Endpoint(
        method="POST",
        path=_WEBHOOKS,
        operation="createWebhook",
        summary="Create a webhook; a secret made here is in the answer once.",
        scope=Scope.CATALOG,
        query=ChangeQuery,
        body=WebhookToCreate,
        answer=NewSecretRecord,
        act=_create,
        show=_secret,
    ),
    Endpoint(
        method="GET",
        path=f"{_WEBHOOKS}/{{webhook}}",
        operation="getWebhook",
        summary="Show one webhook, by id or name, and how its deliveries go.",
        scope=Scope.READ,
        answer=KnownWebhookRecord,
        read=_show,
    ),
    Endpoint(
        method="POST",
        path=f"{_WEBHOOKS}/{{webhook}}",
        operation="updateWebhook",
        summary="Change a webhook, by id or name; its secret stays.",
        scope=Scope.CATALOG,
        query=ChangeQuery,
        body=WebhookToChange,
        answer=WebhookRecord,
        act=_change,
        show=_shown,
    ),
    Endpoint(
        method="POST",
        path=f"{_WEBHOOKS}/{{webhook}}/rotate",
        operation="rotateWebhook",
        summary="Sign with another secret; the old one signs as well for a while.",
        scope=Scope.CATALOG,
        query=ChangeQuery,
        body=WebhookRotation,
        answer=NewSecretRecord,
        act=_rotate,
        show=_secret,
    ),
    *(
        Endpoint(
            method="POST",
            path=f"{_WEBHOOKS}/{{webhook}}/{verb}",
            operation=f"{verb}Webhook",
            summary=summary,
            scope=Scope.CATALOG,
            query=ChangeQuery,
            body=Body,
            answer=WebhookRecord,
            act=_act(do),
            show=_shown,
        )
        for verb, summary, do in (
            ("disable", "Send a webhook nothing until it is enabled again.", WebhooksService.disable),
            ("enable", "Send a disabled webhook what happens from now on.", WebhooksService.enable),
            ("archive", "Send a webhook nothing ever again; its secrets are deleted.", WebhooksService.archive),
        )
    ),
    Endpoint(
        method="POST",
        path=f"{_WEBHOOKS}/{{webhook}}/test",
        operation="testWebhook",
        summary="Send a test event once, and return how that went.",
        scope=Scope.CATALOG,
        body=Body,
        answer=TrialRecord,
        run=_test,
    ),
    Endpoint(
        method="POST",
        path=f"{_WEBHOOKS}/{{webhook}}/retry",
        operation="retryDeliveries",
        summary="Have events sent at once, with the ids that they had.",
        scope=Scope.CATALOG,
        query=ChangeQuery,
        body=EventsToRetry,
        answer=Everything[DeliveryRecord],
        act=_retry,
        show=_retried,
    ),
    Endpoint(
        method="POST",
        path=f"{_WEBHOOKS}/{{webhook}}/check_retry",
        operation="checkRetry",
        summary="Return which events a retry would send; nothing is sent.",
        scope=Scope.READ,
        body=EventsToRetry,
        answer=Everything[DeliveryRecord],
        run=_check_retry,
    ),
    Endpoint(
        method="GET",
        path=f"{ROOT}/deliveries",
        operation="listDeliveries",
        summary="List what was sent to webhooks, waits or was given up, newest first.",
        scope=Scope.READ,
        query=DeliveriesQuery,
        answer=Everything[DeliveryRecord],
        read=_deliveries,
    ),
)
