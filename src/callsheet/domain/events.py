"""Events: what webhooks are sent about changes, decided without I/O.

One transaction makes at most one event of each type, however many models it changes: a source's first run, with
ten thousand of them, is one request to a receiver. An event names `MAX_SUBJECTS` at most; its ``count`` is of all.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, TypeAlias

from callsheet.domain.access.key import APIKey
from callsheet.domain.alias import Alias
from callsheet.domain.changes.change import AnyChange
from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.times import format_instant
from callsheet.domain.webhooks.event_type import EventType

#: Models, aliases or keys that one event names.
MAX_SUBJECTS: Final = 50

#: Models of one transaction of which it is remembered what changed, and not only that something did.
MAX_DETAILED_MODELS: Final = 1_000

#: Days before its retirement, and before the expiry of a key, on which there is an event.
RETIRING_DAYS: Final = (30, 7, 1)
EXPIRING_DAYS: Final = (7, 1)

_MAX_TEXT_CHARACTERS: Final = 200

#: Fields of which an event says only that they changed, as they may be long.
_LONG: Final = frozenset({"description", "capabilities"})

_STAGES: Final = {Lifecycle.ACTIVE: 0, Lifecycle.DEPRECATED: 1, Lifecycle.RETIRED: 2}

#: A model before or after a transaction, or only its lifecycle; None if it is not there.
_Side: TypeAlias = Model | Lifecycle | None


class Event(NamedTuple):
    """Something that happened, as receivers get it.

    Parameters
    ----------
    type
        See `EventType`.
    at
        When it happened (aware).
    data
        What happened to what, as plain JSON values.
    """

    type: EventType
    at: datetime
    data: Mapping[str, Any]

    def body(self) -> str:
        """Return the body of the request, which is what is signed."""
        content = {"type": self.type, "timestamp": format_instant(self.at), "data": self.data}
        return json.dumps(content, separators=(",", ":"))


class Origin(NamedTuple):
    """The transaction that events come from.

    Parameters
    ----------
    revision
        That it has led to.
    at
        When it was (aware).
    actor, reason
        As in its change records; None where no change was made, as when a date comes near.
    """

    revision: int
    at: datetime
    actor: str | None = None
    reason: str | None = None


@dataclass(slots=True)
class _Trace:
    """A thing before the first and after the last change of a transaction."""

    before: Any
    after: Any


class EventCollector:
    """Takes the changes of one transaction, and gives the events that they come to as a whole.

    What a transaction does and undoes leads to none.
    """

    def __init__(self) -> None:
        self._models: dict[str, _Trace] = {}
        self._aliases: dict[str, _Trace] = {}
        self._quarantined: dict[str, str | None] = {}

    def add(self, changes: Iterable[AnyChange]) -> None:
        """Take changes, in the order in which they are made."""
        for change in changes:
            before, after = change.before, change.after
            match change.value:
                case Model() as model:
                    self._trace_model(model.id, before, after)
                case Alias(alias):
                    old, new = (side.model_id if isinstance(side, Alias) else None for side in (before, after))
                    self._aliases.setdefault(alias, _Trace(old, new)).after = new

    def quarantine(self, source: str, reason: str | None) -> None:
        """Take that the list of a source waits for a person, for this reason."""
        self._quarantined[source] = reason

    def events(self, origin: Origin) -> Iterator[Event]:
        """Yield what the transaction came to: at most one event of each type."""
        found: dict[EventType, list[tuple[str, _Trace]]] = {each: [] for each in EventType}
        for model_id, trace in self._models.items():
            kind = _kind_of(trace.before, trace.after)
            if kind is not None:
                found[kind].append((model_id, trace))
        for kind, models in found.items():
            if models:
                named = (_model_subject(each.before, each.after) for _, each in models if _has_details(each))
                yield _event(kind, origin, "models", named, len(models))
        aliases = [
            {"alias": alias, "before": trace.before, "after": trace.after}
            for alias, trace in self._aliases.items()
            if trace.before != trace.after
        ]
        if aliases:
            yield _event(EventType.ALIAS_MOVED, origin, "aliases", aliases, len(aliases))
        if self._quarantined:
            sources = [{"name": name, "reason": _short(why)} for name, why in self._quarantined.items()]
            yield _event(EventType.SOURCE_QUARANTINED, origin, "sources", sources, len(sources))

    def _trace_model(self, model_id: str, before: object, after: object) -> None:
        old, new = (side if isinstance(side, Model) else None for side in (before, after))
        known = self._models.get(model_id)
        if known is None:
            is_detailed = len(self._models) < MAX_DETAILED_MODELS
            self._models[model_id] = _Trace(old, new) if is_detailed else _Trace(_stage(old), _stage(new))
        else:
            known.after = new if _has_details(known) else _stage(new)


def _stage(model: Model | None) -> Lifecycle | None:
    return None if model is None else model.lifecycle


def _has_details(trace: _Trace) -> bool:
    return not isinstance(trace.before, Lifecycle) and not isinstance(trace.after, Lifecycle)


def _kind_of(before: _Side, after: _Side) -> EventType | None:
    """The type of event that a model is in; None if nothing has become of it."""
    if before is None or after is None:
        if before is after:
            return None
        return EventType.MODEL_ADDED if before is None else EventType.MODEL_REMOVED
    old, new = (each if isinstance(each, Lifecycle) else each.lifecycle for each in (before, after))
    if _STAGES[old] < _STAGES[new]:
        return EventType.MODEL_RETIRED if new is Lifecycle.RETIRED else EventType.MODEL_DEPRECATED
    if _STAGES[old] > _STAGES[new]:
        return EventType.MODEL_RESTORED
    if before == after and isinstance(after, Model):
        return None
    return EventType.MODEL_CHANGED


def _model_subject(before: Model | None, after: Model | None) -> dict[str, Any]:
    model = before if after is None else after
    if model is None:  # as it came and went, it is in no event
        raise ValueError("there is no such model before or after")
    subject = _summary(model)
    if before is None or after is None:
        return subject
    old, new = before.record(), after.record()
    changed = [name for name in new if old[name] != new[name]]
    shown = [name for name in changed if name not in _LONG]
    sides = {
        "before": {name: _short(old[name]) for name in shown},
        "after": {name: _short(new[name]) for name in shown},
    }
    return {**subject, "changed": changed, **sides}


def _summary(model: Model) -> dict[str, Any]:
    record = model.record()
    names = ("id", "display_name", "lifecycle", "deprecated_at", "retires_at", "replacement")
    return {name: record[name] for name in names}


def _short(value: object) -> object:
    if isinstance(value, str) and len(value) > _MAX_TEXT_CHARACTERS:
        return f"{value[: _MAX_TEXT_CHARACTERS - 1]}…"
    return value


def _event(
    kind: EventType, origin: Origin, member: str, subjects: Iterable[Mapping[str, Any]], count: int
) -> Event:
    named = [each for each, _ in zip(subjects, range(MAX_SUBJECTS), strict=False)]
    data = {
        "revision": origin.revision,
        "actor": origin.actor,
        "reason": _short(origin.reason),
        "count": count,
        "truncated": len(named) < count,
        member: named,
    }
    return Event(kind, origin.at, data)


def last_crossed(moment: datetime, days: Sequence[int], since: datetime, now: datetime) -> int | None:
    """Return the last mark that was passed after ``since`` and until ``now`` (all aware); None if none was.

    Parameters
    ----------
    moment
        What comes near.
    days
        The marks: so many days before it.
    """
    crossed = [each for each in days if since < moment - timedelta(days=each) <= now]
    return min(crossed, default=None)


def notice_events(
    models: Iterable[Model], keys: Iterable[APIKey], since: datetime, origin: Origin
) -> Iterator[Event]:
    """Yield the events of dates that came near since ``since``: retirements of models, expiries of keys.

    Parameters
    ----------
    models, keys
        Those whose dates may have come near: deprecated models, and keys in use.
    """
    retiring = [
        {**_summary(model), "days": days}
        for model in models
        if model.retires_at is not None and model.lifecycle is Lifecycle.DEPRECATED
        if (days := last_crossed(model.retires_at, RETIRING_DAYS, since, origin.at)) is not None
    ]
    if retiring:
        retiring.sort(key=lambda each: (each["retires_at"], each["id"]))
        yield _event(EventType.MODEL_RETIRING, origin, "models", retiring, len(retiring))
    expiring = [
        {name: key.record()[name] for name in ("id", "name", "workspace_id", "expires_at")} | {"days": days}
        for key in keys
        if key.expires_at is not None
        if (days := last_crossed(key.expires_at, EXPIRING_DAYS, since, origin.at)) is not None
    ]
    if expiring:
        expiring.sort(key=lambda each: (str(each["expires_at"]), str(each["id"])))
        yield _event(EventType.KEY_EXPIRING, origin, "keys", expiring, len(expiring))
