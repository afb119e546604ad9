"""Webhook: where events are sent, which ones, and with which secrets they are signed."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from callsheet.domain.access.names import check_name
from callsheet.domain.errors import InvalidError
from callsheet.domain.times import format_instant
from callsheet.domain.webhooks.event_type import EventType
from callsheet.domain.webhooks.signing import SigningSecret

MAX_URL_LENGTH: Final = 2_000
MIN_UNPRIVILEGED_PORT: Final = 1_024

#: The ports below `MIN_UNPRIVILEGED_PORT` that serve HTTP; behind the others are services such as SSH and mail.
_WEB_PORTS: Final = frozenset({80, 443})
_LAST_PORT: Final = 65_535

ALL: Final = "*"

_VISIBLE: Final = re.compile(r"[!-~]+", re.ASCII)


class WebhookStatus(StrEnum):
    """Whether events are sent; to an archived one never again."""

    ACTIVE = "active"
    DISABLED = "disabled"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where events are sent.

    Parameters
    ----------
    id
        ``webhook_…``.
    name
        For people; unique among webhooks that are not archived.
    url
        Where they are posted to.
    events
        Patterns of the types that it gets: a type, ``model.*`` and the like, or ``*`` for all. Empty lets none
        through.
    secrets
        What deliveries are signed with, the newest first; none once it is archived.
    status, created_at
        See `WebhookStatus`; when it was made (aware).
    """

    id: str
    name: str
    url: str
    events: tuple[str, ...]
    secrets: tuple[SigningSecret, ...] = field(repr=False)
    status: WebhookStatus = WebhookStatus.ACTIVE
    created_at: datetime

    def __post_init__(self) -> None:
        check_name(self.name, "The name of a webhook")

    @property
    def is_active(self) -> bool:
        """Whether it is sent events."""
        return self.status is WebhookStatus.ACTIVE

    def record(self) -> dict[str, object]:
        """Return what may be shown and recorded: of the secrets, only by which four characters they end."""
        return {
            "id": self.id,
            "name": self.name,
            "url": self.url,
            "events": list(self.events),
            "secrets": [each.record() for each in self.secrets],
            "status": self.status,
            "created_at": format_instant(self.created_at),
        }


def wants(patterns: object, event_type: EventType) -> bool:
    """Return whether a webhook with these patterns gets events of a type; anything malformed matches none."""
    if not isinstance(patterns, list | tuple):
        return False
    room = event_type.value.partition(".")[0]
    return any(pattern in (ALL, event_type.value, f"{room}.*") for pattern in patterns if isinstance(pattern, str))


def check_events(patterns: Iterable[str]) -> tuple[str, ...]:
    """Return ``patterns``, each once, if every one of them matches an event type.

    Raises
    ------
    InvalidError
        One matches nothing that there is.
    """
    checked = tuple(dict.fromkeys(patterns))
    for pattern in checked:
        if not any(wants([pattern], each) for each in EventType):
            rooms = sorted({f"{each.value.partition('.')[0]}.*" for each in EventType})
            known = ", ".join([*EventType, *rooms, ALL])
            raise InvalidError(f"There are no events {pattern[:60]!r}; events are: {known}.")
    return checked


def check_url(url: str) -> str:
    """Return ``url`` if events may be posted to it, as far as that can be said without asking for its address.

    Raises
    ------
    InvalidError
        It is not an HTTP URL, holds a user name or password, or has a port that no web server has.
    """
    wrong = _what_is_wrong(url)
    if wrong:
        raise InvalidError(f"The URL of a webhook {wrong}.")
    return url


def _what_is_wrong(url: str) -> str:
    if len(url) > MAX_URL_LENGTH or not _VISIBLE.fullmatch(url):
        return f"must be 1 to {MAX_URL_LENGTH:,} visible ASCII characters"
    try:
        parts = urlsplit(url)
        port = parts.port
        host = parts.hostname or ""
        host.encode("idna")  # as resolving it will
    except (ValueError, UnicodeError):
        return "is not a valid URL"
    if parts.scheme not in ("http", "https") or not host:
        return "must begin with https:// or http:// and name a host"
    if "@" in parts.netloc:  # it is not repeated, as it may hold a password
        return "must not hold a user name or password, as it is shown and recorded"
    if parts.fragment:
        return "must not hold a fragment (#…), which is never sent"
    if port is not None and port not in _WEB_PORTS and not MIN_UNPRIVILEGED_PORT <= port <= _LAST_PORT:
        return f"must have port 80, 443, or one from {MIN_UNPRIVILEGED_PORT} on, not {port}"
    return ""
