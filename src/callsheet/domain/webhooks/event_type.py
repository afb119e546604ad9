"""EventType: what webhooks are sent. Receivers compare the values; none may ever change."""

from enum import StrEnum


class EventType(StrEnum):
    """The type of an event."""

    MODEL_ADDED = "model.added"
    MODEL_CHANGED = "model.changed"
    MODEL_DEPRECATED = "model.deprecated"
    MODEL_RETIRING = "model.retiring"
    MODEL_RETIRED = "model.retired"
    MODEL_RESTORED = "model.restored"
    MODEL_REMOVED = "model.removed"
    ALIAS_MOVED = "alias.moved"
    SOURCE_QUARANTINED = "source.quarantined"
    KEY_EXPIRING = "key.expiring"
