"""Notices: events of dates that come near, found once an hour by one process of a fleet; and tidying the outbox."""

from datetime import datetime, timedelta
from typing import Final

from callsheet.domain.events import EXPIRING_DAYS, RETIRING_DAYS, Origin, notice_events
from callsheet.storage.store import Store
from callsheet.storage.transactions.read import ReadTransaction

_INTERVAL: Final = timedelta(hours=1)

#: How far the clocks of a fleet may differ; further, a clock must have been set back.
_MAX_SKEW: Final = timedelta(minutes=10)

#: How long what was sent, and what was given up, is kept for people to see.
_KEPT_SENT: Final = timedelta(days=7)
_KEPT_GIVEN_UP: Final = timedelta(days=30)


def is_notice_due(reading: ReadTransaction, now: datetime) -> bool:
    """Return whether to look for dates that have come near; False as long as no webhook is active."""
    until = reading.noticed_until()
    return (until is None or not -_MAX_SKEW < now - until < _INTERVAL) and bool(reading.wanting())


def notice(store: Store, actor: str, now: datetime) -> int:
    """Put the events of dates that came near until ``now`` (aware) into the outbox; return how many deliveries.

    Nothing is done if another process has just done it. If there were no servers for a while, each model and key is
    in one event, for the last day that has passed.
    """
    with store.write(actor, now) as writing:
        if not is_notice_due(writing, now):
            return 0
        since = min(writing.noticed_until() or now, now)
        installation = writing.installation()
        origin = Origin(0 if installation is None else installation.revision, now)
        models = writing.models_retiring(*_range(RETIRING_DAYS, since, now))
        keys = writing.keys_expiring(*_range(EXPIRING_DAYS, since, now))
        added = writing.enqueue(notice_events(models, keys, since, origin), writing.wanting())
        writing.set_noticed_until(now)
        writing.prune_deliveries(now - _KEPT_SENT, now - _KEPT_GIVEN_UP)
        if added:
            writing.announce()
        return added


def _range(days: tuple[int, ...], since: datetime, now: datetime) -> tuple[datetime, datetime]:
    """The times between which a date lies that has come so near."""
    return since + timedelta(days=min(days)), now + timedelta(days=max(days))
