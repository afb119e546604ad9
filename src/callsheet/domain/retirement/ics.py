"""ICS: a calendar of days as text (RFC 5545), which calendar programs subscribe to."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

#: Days before an event on which calendars remind of it.
ALARM_DAYS: Final = (90, 30, 7, 1)

_MAX_LINE_BYTES: Final = 75
_PRODUCT: Final = "-//Callsheet//Retirements of models//EN"
_REFRESH: Final = "PT6H"  # how often calendar programs are asked to look


class Status(StrEnum):
    """How certain an event is."""

    CONFIRMED = "CONFIRMED"
    TENTATIVE = "TENTATIVE"
    CANCELLED = "CANCELLED"


class Event(NamedTuple):
    """A day in a calendar.

    Parameters
    ----------
    uid
        Identifies the event for ever.
    sequence
        Rises when the event changes.
    changed_at
        When it last changed (aware).
    day
        Its day, in UTC.
    title, text
        For people; any text.
    status
        How certain it is; a cancelled event has no alarms.
    """

    uid: str
    sequence: int
    changed_at: datetime
    day: date
    title: str
    text: str
    status: Status


def write_calendar(name: str, events: Iterable[Event]) -> bytes:
    """Return a calendar with this name and these events, whatever characters their texts hold."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:{_PRODUCT}",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"NAME:{escaped(name)}",
        f"X-WR-CALNAME:{escaped(name)}",
        f"REFRESH-INTERVAL;VALUE=DURATION:{_REFRESH}",
        f"X-PUBLISHED-TTL:{_REFRESH}",
    ]
    for event in events:
        lines += _event(event)
    lines.append("END:VCALENDAR")
    return b"".join(map(folded, lines))


def _event(event: Event) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{escaped(event.uid)}"
    yield f"SEQUENCE:{event.sequence}"
    yield f"DTSTAMP:{event.changed_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    yield f"DTSTART;VALUE=DATE:{_day(event.day)}"
    yield f"DTEND;VALUE=DATE:{_day(event.day + timedelta(days=1))}"
    yield f"SUMMARY:{escaped(event.title)}"
    yield f"DESCRIPTION:{escaped(event.text)}"
    yield f"STATUS:{event.status}"
    yield "TRANSP:TRANSPARENT"
    if event.status is not Status.CANCELLED:
        for days in ALARM_DAYS:
            yield "BEGIN:VALARM"
            yield "ACTION:DISPLAY"
            yield f"DESCRIPTION:{escaped(event.title)}"
            yield f"TRIGGER:-P{days}D"
            yield "END:VALARM"
    yield "END:VEVENT"


def _day(day: date) -> str:
    return f"{day.year:04}{day.month:02}{day.day:02}"


def escaped(text: str) -> str:
    """Return ``text`` as a value of the type TEXT: on one line, and without control characters."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    for character, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        plain = plain.replace(character, written)
    return "".join(each for each in plain if each == "\t" or (each >= " " and each != "\x7f"))


def folded(line: str) -> bytes:
    """Return a line, folded so that no part is longer than 75 bytes and no character is cut."""
    parts, size = [bytearray()], 0
    for character in line:
        encoded = character.encode("utf-8", "replace")
        if size + len(encoded) > _MAX_LINE_BYTES:
            parts.append(bytearray(b" "))
            size = 1
        parts[-1] += encoded
        size += len(encoded)
    return b"\r\n".join(parts) + b"\r\n"
