"""Reading webhooks: where events are sent, and what is on its way there."""

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_, select

from callsheet.domain.access.key import APIKey, KeyStatus
from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.times import format_instant, parse_instant
from callsheet.domain.webhooks.delivery import BLOCKING_ATTEMPTS, Delivery, DeliveryStatus
from callsheet.domain.webhooks.webhook import Webhook, WebhookStatus
from callsheet.storage import tables
from callsheet.storage.transactions import rows
from callsheet.storage.transactions.selecting import Selecting, plain

_WEBHOOKS: Final = tables.webhooks.c
_OUTBOX: Final = tables.outbox.c

_WAITING: Final = _OUTBOX.next_attempt_at.is_not(None)
_GIVEN_UP: Final = and_(_OUTBOX.next_attempt_at.is_(None), _OUTBOX.sent_at.is_(None))

_OF_STATUS: Final = {
    DeliveryStatus.WAITING: _WAITING,
    DeliveryStatus.SENT: _OUTBOX.sent_at.is_not(None),
    DeliveryStatus.GIVEN_UP: _GIVEN_UP,
}

#: How far ahead an attempt, or the end of a lease, can lie; further, a clock must have been set back since.
_MAX_AHEAD: Final = timedelta(days=2)
MAX_LEASE: Final = timedelta(minutes=15)

#: Made once, as every transaction that changes something asks it.
_WANTING: Final = select(_WEBHOOKS.id, _WEBHOOKS.events).where(_WEBHOOKS.status == WebhookStatus.ACTIVE)


class Wanting(NamedTuple):
    """An active webhook, and the patterns of the events that it gets, as they are stored."""

    id: str
    events: object


class Traffic(NamedTuple):
    """What is in the outbox for a webhook.

    Parameters
    ----------
    waiting, given_up
        How many deliveries wait, and how many were given up.
    oldest
        When the oldest one that waits happened (aware); None if none waits.
    last_sent
        When one was last sent (aware); None if none was, as far back as the outbox reaches.
    failing
        Whether one that waits has failed before, so that the receiver is in trouble.
    last_error
        Why the last attempt of one that waits, or was given up, failed.
    """

    waiting: int = 0
    given_up: int = 0
    oldest: datetime | None = None
    last_sent: datetime | None = None
    failing: bool = False
    last_error: str | None = None


class WebhooksReading(Selecting):
    """What can be read of webhooks in one transaction."""

    def webhooks(self, ids: Iterable[str] | None = None) -> list[Webhook]:
        """Return the webhooks, archived ones too, all or those with these ids, oldest first."""
        found = map(rows.read_webhook, self._rows(tables.webhooks, "id", ids))
        return sorted(found, key=lambda each: (each.created_at, each.id))

    def webhooks_named(self, name: str) -> list[Webhook]:
        """Return the webhooks with this name, archived ones too."""
        return list(map(rows.read_webhook, self._rows(tables.webhooks, "name", [name])))

    def wanting(self) -> list[Wanting]:
        """Return the active webhooks."""
        return [Wanting(*row) for row in self._connection.execute(_WANTING)]

    def deliveries(
        self, webhook_id: str | None = None, status: DeliveryStatus | None = None, limit: int = 100
    ) -> list[Delivery]:
        """Return the latest deliveries, newest first, of all webhooks or of one, of any status or of one."""
        query = select(tables.outbox).order_by(_OUTBOX.number.desc()).limit(limit)
        if webhook_id is not None:
            query = query.where(_OUTBOX.webhook_id == webhook_id)
        if status is not None:
            query = query.where(_OF_STATUS[status])
        return list(map(rows.read_delivery, plain(self._connection.execute(query))))

    def deliveries_of(self, webhook_id: str, event_ids: Iterable[str]) -> list[Delivery]:
        """Return the deliveries of these events to a webhook, in no order."""
        found = map(rows.read_delivery, self._rows(tables.outbox, "event_id", event_ids))
        return [each for each in found if each.webhook_id == webhook_id]

    def first_attempt_at(self) -> datetime | None:
        """Return when the next attempt of anything that waits is due (aware); None if nothing waits."""
        return _instant(self._connection.execute(select(func.min(_OUTBOX.next_attempt_at))).scalar())

    def due_webhooks(self, now: datetime) -> list[str]:
        """Return the ids of the webhooks of which a delivery is due at ``now`` (aware)."""
        return list(self._connection.execute(select(_OUTBOX.webhook_id).where(_due(now)).distinct()).scalars())

    def sendable(self, webhook_id: str, holder: str, now: datetime, limit: int) -> list[Delivery]:
        """Return the deliveries that `lease_deliveries` would let ``holder`` send."""
        own = _OUTBOX.webhook_id == webhook_id
        if self._connection.execute(select(_OUTBOX.number).where(own, _leased_to_others(holder, now))).first():
            return []
        blocking = select(func.min(_OUTBOX.number)).where(
            own, _WAITING, ~_due(now), _OUTBOX.attempts.between(1, BLOCKING_ATTEMPTS)
        )
        first = self._connection.execute(blocking).scalar()
        query = select(tables.outbox).where(own, _due(now)).order_by(_OUTBOX.number).limit(limit)
        if first is not None:
            query = query.where(_OUTBOX.number < first)
        return list(map(rows.read_delivery, plain(self._connection.execute(query))))

    def traffic(self) -> dict[str, Traffic]:
        """Return webhook id to what is in the outbox for it; a webhook without anything is not in it."""
        waiting = func.count(_OUTBOX.next_attempt_at)
        query = select(
            _OUTBOX.webhook_id,
            waiting,
            func.count() - waiting - func.count(_OUTBOX.sent_at),
            func.min(_OUTBOX.created_at).filter(_WAITING),
            func.max(_OUTBOX.sent_at),
            func.max(_OUTBOX.attempts).filter(_WAITING),
            func.max(_OUTBOX.number).filter(_OUTBOX.last_error.is_not(None)),
        ).group_by(_OUTBOX.webhook_id)
        found = list(self._connection.execute(query))
        errors = self._errors([row[6] for row in found if row[6] is not None])
        return {
            row[0]: Traffic(row[1], row[2], _instant(row[3]), _instant(row[4]), bool(row[5]), errors.get(row[6]))
            for row in found
        }

    def noticed_until(self) -> datetime | None:
        """Return until when dates that came near are in events (aware); None if they were never looked for."""
        return _instant(self._connection.execute(select(tables.installation.c.noticed_until)).scalar())

    def models_retiring(self, since: datetime, until: datetime) -> list[Model]:
        """Return the deprecated models that retire between these times (aware), give or take a second."""
        models = tables.models.c
        query = select(tables.models).where(
            models.lifecycle == Lifecycle.DEPRECATED, models.retires_at.between(*_texts(since, until))
        )
        return list(map(rows.read_model, plain(self._connection.execute(query))))

    def keys_expiring(self, since: datetime, until: datetime) -> list[APIKey]:
        """Return the active keys that expire between these times (aware), give or take a second."""
        keys = tables.api_keys.c
        query = select(tables.api_keys).where(
            keys.status == KeyStatus.ACTIVE, keys.expires_at.between(*_texts(since, until))
        )
        return list(map(rows.read_key, plain(self._connection.execute(query))))

    def _errors(self, numbers: list[int]) -> dict[int, str]:
        query = select(_OUTBOX.number, _OUTBOX.last_error).where(
            _OUTBOX.number.in_(numbers), or_(_WAITING, _GIVEN_UP)
        )
        return {row[0]: row[1] for row in self._connection.execute(query)}


def _texts(since: datetime, until: datetime) -> tuple[str, str]:
    """Texts between which those of all times of a range are: with fractions of a second, text sorts otherwise."""
    return f"{since:%Y-%m-%dT%H:%M:%S}", f"{until:%Y-%m-%dT%H:%M:%S}~"


def _instant(text: str | None) -> datetime | None:
    return None if text is None else parse_instant(text)


def _due(now: datetime) -> ColumnElement[bool]:
    """What is to be sent at ``now``: what has never been tried is, even if the clock of its writer is ahead."""
    ahead = whole_second(now + _MAX_AHEAD)
    is_past = or_(_OUTBOX.next_attempt_at <= whole_second(now), _OUTBOX.next_attempt_at > ahead)
    return and_(_WAITING, or_(_OUTBOX.attempts == 0, is_past))


def _leased_to_others(holder: str, now: datetime) -> ColumnElement[bool]:
    return and_(
        _WAITING,
        _OUTBOX.lease_holder != holder,
        _OUTBOX.lease_until > whole_second(now),
        _OUTBOX.lease_until <= whole_second(now + MAX_LEASE),
    )


def whole_second(instant: datetime, *, up: bool = False) -> str:
    """Return an instant as text that is compared as times are: all of one length, unlike with fractions."""
    seconds = instant.timestamp()
    return format_instant(datetime.fromtimestamp(math.ceil(seconds) if up else math.floor(seconds), UTC))
