"""WebhooksService: where events are sent, as operators of an installation change it, and what became of them."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

from callsheet.domain.addresses import AllowedAddresses
from callsheet.domain.changes import webhooks
from callsheet.domain.changes.change import Action, Change, change_of, result_of
from callsheet.domain.changes.webhooks import WebhookChange, find_webhook
from callsheet.domain.errors import ConflictError, DoesNotExistError
from callsheet.domain.webhooks.delivery import Delivery, DeliveryStatus
from callsheet.domain.webhooks.signing import SigningSecret
from callsheet.domain.webhooks.webhook import Webhook, WebhookStatus
from callsheet.service.ids import NewThings
from callsheet.service.webhooks.guard import check_literal
from callsheet.service.webhooks.status import WebhookHealth, health_of
from callsheet.storage.store import Transactions
from callsheet.storage.transactions.read import ReadTransaction
from callsheet.storage.transactions.rehearse import RehearsalTransaction
from callsheet.storage.transactions.write import WriteTransaction

_Writing: TypeAlias = WriteTransaction | RehearsalTransaction

#: How long the secrets of before sign as well, unless a person says otherwise.
OVERLAP: Final = timedelta(hours=24)

MAX_SHOWN_DELIVERIES: Final = 1_000
MAX_RETRIED_DELIVERIES: Final = 10_000

#: Why what waits for a webhook is given up when it gets nothing more.
_NOT_ACTIVE: Final = {
    WebhookStatus.DISABLED: "The webhook was disabled before this could be sent; send it again if it is wanted.",
    WebhookStatus.ARCHIVED: "The webhook was archived before this could be sent.",
}


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A webhook with the secret that it signs with from now on, which is shown this once."""

    webhook: Webhook
    secret: str = field(repr=False)
    past: Webhook | None = None
    """The webhook as it was before; None if it is new."""


@dataclass(frozen=True, slots=True)
class WebhookDetails:
    """A webhook, and how its deliveries go."""

    webhook: Webhook
    health: WebhookHealth

    def record(self) -> dict[str, Any]:
        """Return both as plain JSON values."""
        return {**self.webhook.record(), **self.health.record()}


class WebhooksService:
    """The webhooks of one installation.

    Parameters
    ----------
    store, actor, clock
        As for `CatalogService`.
    allowed
        The addresses that they may be sent to.
    new
        Gives ids and secrets.

    A method that raises has changed nothing. Each may also raise StorageError: the database cannot be used.
    """

    def __init__(
        self,
        store: Transactions,
        actor: str,
        clock: Callable[[], datetime],
        allowed: AllowedAddresses | None = None,
        new: NewThings | None = None,
    ) -> None:
        self._store = store
        self._actor = actor
        self._clock = clock
        self._allowed = allowed or AllowedAddresses()
        self._new = new or NewThings()

    def create(self, name: str, url: str, events: Sequence[str], secret: str | None = None) -> NewSecret:
        """Create a webhook, which signs with ``secret`` or a new one.

        Raises
        ------
        InvalidError, ConflictError
            As for `callsheet.domain.changes.webhooks.create_webhook`; or the URL names an address that is not
            public.
        """
        with self._write() as writing:
            webhook_id = self._new.webhook_id()
            text = secret or self._new.signing_secret(webhook_id)
            webhook = Webhook(
                id=webhook_id,
                name=name,
                url=url,
                events=tuple(events),
                secrets=(SigningSecret(text),),
                created_at=writing.now,
            )
            changes = webhooks.create_webhook(writing, webhook)
            check_literal(url, self._allowed)
            if isinstance(writing, WriteTransaction) and not writing.wanting():
                writing.set_noticed_until(writing.now)  # what came near without a webhook is old
            writing.apply(changes)
            return NewSecret(webhook, text)

    def list(self) -> Sequence[WebhookDetails]:
        """Return all webhooks, oldest first, archived ones too."""
        with self._store.read() as reading:
            traffic = reading.traffic()
            return [WebhookDetails(each, health_of(each, traffic.get(each.id))) for each in reading.webhooks()]

    def show(self, name: str) -> WebhookDetails:
        """Return the webhook with this id or name; DoesNotExistError if there is none."""
        with self._store.read() as reading:
            webhook = find_webhook(reading, name)
            return WebhookDetails(webhook, health_of(webhook, reading.traffic().get(webhook.id)))

    def change(self, name: str, change: WebhookChange) -> Webhook:
        """Set the fields of ``change`` on a webhook; what waits for it goes to the new URL.

        Raises
        ------
        InvalidError, ConflictError, DoesNotExistError
            As for `create` and `show`.
        """

        def decide(writing: _Writing, webhook: Webhook) -> Sequence[Change[Webhook]]:
            changes = webhooks.change_webhook(writing, webhook, change)
            if "url" in change:
                check_literal(change["url"], self._allowed)
            return changes

        return self._edit(name, decide)

    def rotate(self, name: str, overlap: timedelta = OVERLAP, secret: str | None = None) -> NewSecret:
        """Sign with another secret from now on, and for ``overlap`` with those of before as well.

        Raises
        ------
        InvalidError, ConflictError, DoesNotExistError
            As for `callsheet.domain.changes.webhooks.rotate_webhook` and `show`.
        """
        with self._write() as writing:
            before = find_webhook(writing, name)
            text = secret or self._new.signing_secret(before.id)
            changes = webhooks.rotate_webhook(before, text, overlap, writing.now)
            writing.apply(changes)
            return NewSecret(result_of(changes, before), text, before)

    def take_back(self, new: NewSecret) -> None:
        """Undo `create` or `rotate`, as the secret could not be shown: no receiver could check what it signs."""
        past = new.past
        if past is None:
            self.archive(new.webhook.id)
            return
        secrets = past.secrets
        self._edit(
            new.webhook.id,
            lambda _writing, webhook: change_of(Action.ROTATE, webhook, replace(webhook, secrets=secrets)),
        )

    def disable(self, name: str) -> Webhook:
        """Send a webhook nothing until it is enabled again; what waits for it is given up.

        Raises
        ------
        DoesNotExistError, ConflictError
            There is none, or it is archived.
        """
        return self._edit(name, lambda _writing, webhook: webhooks.disable_webhook(webhook))

    def enable(self, name: str) -> Webhook:
        """Send a disabled webhook the events that happen from now on; errors as for `disable`."""

        def decide(writing: _Writing, webhook: Webhook) -> Sequence[Change[Webhook]]:
            if isinstance(writing, WriteTransaction) and not writing.wanting():
                writing.set_noticed_until(writing.now)
            return webhooks.enable_webhook(webhook)

        return self._edit(name, decide)

    def archive(self, name: str) -> Webhook:
        """Send a webhook nothing ever again: its secrets are deleted, and what waits is given up.

        Raises
        ------
        DoesNotExistError, ConflictError
            As for `disable`.
        """
        return self._edit(name, lambda _writing, webhook: webhooks.archive_webhook(webhook))

    def deliveries(
        self, name: str | None = None, status: DeliveryStatus | None = None, limit: int = 100
    ) -> Sequence[Delivery]:
        """Return the latest deliveries, newest first, of all webhooks or of one; DoesNotExistError as for `show`.

        What was sent is kept for a week, and what was given up for a month.
        """
        with self._store.read() as reading:
            webhook_id = None if name is None else find_webhook(reading, name).id
            return reading.deliveries(webhook_id, status, min(limit, MAX_SHOWN_DELIVERIES))

    def retry(self, name: str, event_ids: Sequence[str] = ()) -> Sequence[Delivery]:
        """Let deliveries of a webhook be sent at once, with the same ids: those named, or all that were given up.

        Raises
        ------
        DoesNotExistError
            There is no such webhook, or none of its deliveries has this id.
        ConflictError
            The webhook is not active.
        """
        with self._write() as writing:
            webhook = find_webhook(writing, name)
            if not webhook.is_active:
                raise ConflictError(f"The webhook {webhook.name} is {webhook.status}, so nothing is sent to it.")
            found = _chosen(writing, webhook, event_ids)
            if isinstance(writing, WriteTransaction) and found:
                writing.retry_deliveries([each.number for each in found], writing.now)
                writing.announce()
            return found

    def _write(self) -> AbstractContextManager[_Writing]:
        return self._store.write(self._actor, self._clock())

    def _edit(self, name: str, decide: Callable[[_Writing, Webhook], Sequence[Change[Webhook]]]) -> Webhook:
        with self._write() as writing:
            before = find_webhook(writing, name)
            changes = decide(writing, before)
            writing.apply(changes)
            after = result_of(changes, before)
            if isinstance(writing, WriteTransaction) and not after.is_active and changes:
                writing.give_up_deliveries(after.id, _NOT_ACTIVE[after.status])
            return after


def _chosen(reading: ReadTransaction, webhook: Webhook, event_ids: Sequence[str]) -> Sequence[Delivery]:
    """The deliveries to be sent again, oldest first."""
    if not event_ids:
        found = reading.deliveries(webhook.id, DeliveryStatus.GIVEN_UP, MAX_RETRIED_DELIVERIES)
    else:
        found = reading.deliveries_of(webhook.id, dict.fromkeys(event_ids))
        if missing := [each for each in event_ids if each not in {delivery.event_id for delivery in found}]:
            raise DoesNotExistError(
                f"The webhook {webhook.name} has no delivery {missing[0][:80]!r}; list them to see which it has."
            )
    return sorted(found, key=lambda each: each.number)
