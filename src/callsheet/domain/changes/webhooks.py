"""Webhooks: what may be created, changed, rotated, disabled and archived."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Final, Protocol, TypedDict

from callsheet.domain.access.key import is_past
from callsheet.domain.changes.change import Action, Change, change_of
from callsheet.domain.errors import ConflictError, DoesNotExistError, InvalidError
from callsheet.domain.hints import Hint
from callsheet.domain.webhooks.signing import SigningSecret, check_signing_secret
from callsheet.domain.webhooks.webhook import Webhook, WebhookStatus, check_events, check_url

#: Webhooks that are not archived: each costs every change that it wants a row and a request.
MAX_WEBHOOKS: Final = 50

#: Secrets that sign at a time, so that the header stays small however often one is rotated.
MAX_SIGNING_SECRETS: Final = 3

#: How long the old secret may work on after a rotation.
MAX_OVERLAP_HOURS: Final = 24 * 30


class WebhookChange(TypedDict, total=False):
    """What is to change of a webhook; what is left out stays as it is. See `Webhook`."""

    name: str
    url: str
    events: tuple[str, ...]


class WebhookReader(Protocol):
    """The webhooks that there are."""

    def webhooks(self, ids: Iterable[str] | None = None) -> Sequence[Webhook]:
        """Return the webhooks, archived ones too, all or those with these ids."""

    def webhooks_named(self, name: str) -> Sequence[Webhook]:
        """Return the webhooks with this name."""


def find_webhook(reader: WebhookReader, name: str) -> Webhook:
    """Return the webhook with this id, or the one of this name that is not archived.

    Raises
    ------
    DoesNotExistError
        There is none.
    """
    if found := reader.webhooks([name]):
        return found[0]
    for webhook in reader.webhooks_named(name):
        if webhook.status is not WebhookStatus.ARCHIVED:
            return webhook
    known = {each.name for each in reader.webhooks() if each.status is not WebhookStatus.ARCHIVED}
    close = get_close_matches(name, known, 1)
    if close:
        raise DoesNotExistError(f"There is no webhook {name[:80]!r}; did you mean {close[0]!r}?")
    raise DoesNotExistError(f"There is no webhook {name[:80]!r}", hint=Hint.LIST_WEBHOOKS)


def create_webhook(reader: WebhookReader, webhook: Webhook) -> list[Change[Webhook]]:
    """Create ``webhook``.

    Raises
    ------
    InvalidError
        Its URL, events or secret are not valid.
    ConflictError
        There is one of this name, or there are `MAX_WEBHOOKS`.
    """
    _check(webhook)
    _check_name_is_free(reader, webhook)
    if sum(each.status is not WebhookStatus.ARCHIVED for each in reader.webhooks()) >= MAX_WEBHOOKS:
        raise ConflictError(f"There are {MAX_WEBHOOKS} webhooks, which is the most; archive one first.")
    return [Change(Action.CREATE, None, webhook)]


def change_webhook(reader: WebhookReader, webhook: Webhook, change: WebhookChange) -> list[Change[Webhook]]:
    """Set the fields of ``change`` on ``webhook``.

    Raises
    ------
    InvalidError, ConflictError
        As for `create_webhook`; or it is archived.
    """
    check_not_archived(webhook)
    after = replace(webhook, **change)
    _check(after)
    _check_name_is_free(reader, after)
    return change_of(Action.CHANGE, webhook, after)


def rotate_webhook(webhook: Webhook, secret: str, overlap: timedelta, now: datetime) -> list[Change[Webhook]]:
    """Sign with ``secret`` from now on, and for ``overlap`` with the secrets of before as well.

    Raises
    ------
    InvalidError
        The secret is not valid, or is one of its present ones; or the overlap is negative.
    ConflictError
        It is archived, or as many secrets sign already as can at a time.
    """
    check_not_archived(webhook)
    check_signing_secret(secret)
    if overlap < timedelta():
        raise InvalidError("The overlap of two signing secrets must not be negative.")
    if any(each.text == secret for each in webhook.secrets):
        raise InvalidError("That is one of the webhook's present secrets; leave it out to have one made.")
    end = now + overlap
    past = [
        each._replace(expires_at=end if each.expires_at is None else min(end, each.expires_at))
        for each in webhook.secrets
        if overlap and not is_past(each.expires_at, now)
    ]
    if len(past) >= MAX_SIGNING_SECRETS:
        raise ConflictError(
            f"{webhook.name} signs with {len(past)} secrets already; rotate with an overlap of 0 to end the others."
        )
    return [Change(Action.ROTATE, webhook, replace(webhook, secrets=(SigningSecret(secret), *past)))]


def disable_webhook(webhook: Webhook) -> list[Change[Webhook]]:
    """Send ``webhook`` nothing until it is enabled again; ConflictError if it is archived."""
    check_not_archived(webhook)
    return change_of(Action.DISABLE, webhook, replace(webhook, status=WebhookStatus.DISABLED))


def enable_webhook(webhook: Webhook) -> list[Change[Webhook]]:
    """Send ``webhook`` events again if it is disabled; ConflictError if it is archived."""
    check_not_archived(webhook)
    return change_of(Action.ENABLE, webhook, replace(webhook, status=WebhookStatus.ACTIVE))


def archive_webhook(webhook: Webhook) -> list[Change[Webhook]]:
    """Send ``webhook`` nothing ever again, and forget its secrets; ConflictError if it is archived already."""
    check_not_archived(webhook)
    return [Change(Action.ARCHIVE, webhook, replace(webhook, status=WebhookStatus.ARCHIVED, secrets=()))]


def check_not_archived(webhook: Webhook) -> None:
    """Raise ConflictError if ``webhook`` is archived."""
    if webhook.status is WebhookStatus.ARCHIVED:
        raise ConflictError(f"{webhook.id} is archived; create a new webhook instead.")


def _check(webhook: Webhook) -> None:
    check_url(webhook.url)
    check_events(webhook.events)
    for secret in webhook.secrets:
        check_signing_secret(secret.text)
        shown = f"{webhook.name}\n{webhook.url}"
        if secret.text in shown or secret.text.removeprefix("whsec_") in shown:
            raise InvalidError("The name and the URL of a webhook must not contain its secret.")


def _check_name_is_free(reader: WebhookReader, webhook: Webhook) -> None:
    for other in reader.webhooks_named(webhook.name):
        if other.id != webhook.id and other.status is not WebhookStatus.ARCHIVED:
            raise ConflictError(f"There is a webhook named {webhook.name!r} already: {other.id}.")
