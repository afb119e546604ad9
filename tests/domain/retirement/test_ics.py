"""Calendars as text: whatever a name holds, another program reads it back."""

import re
from datetime import date, datetime
from typing import Any

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.retirement.ics import ALARM_DAYS, Event, Status, escaped, folded, write_calendar
from callsheet.domain.times import parse_instant
from tests.strategies import instants

TEXTS = [
    "Claude, Opus; 5",
    "a\\nb \\ c",
    "two\nlines",
    "émoji 🦜" * 30,
    "x" * 75,
    "漢" * 60,
    "\u2028",
    "\x85",
]

anything = st.one_of(st.sampled_from(TEXTS), st.text(max_size=120)).map(str.strip).filter(bool)


def event(**fields: Any) -> Event:
    given_: dict[str, Any] = {
        "uid": "u@callsheet",
        "sequence": 0,
        "changed_at": parse_instant("2026-09-30T12:00:00Z"),
        "day": date(2026, 11, 30),
        "title": "Sonnet retires",
        "text": "Model: sonnet",
        "status": Status.CONFIRMED,
    }
    return Event(**{**given_, **fields})


def read(body: bytes) -> Any:
    """The calendar as another program understands it."""
    return icalendar.Calendar.from_ical(body)


def unescaped(value: str) -> str:
    return re.sub(r"\\(.)", lambda found: {"n": "\n"}.get(found[1], found[1]), value)


def plain(text: str) -> str:
    """What of a text a calendar can hold."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = lines.encode("utf-8", "replace").decode()
    return "".join(each for each in lines if each in "\t\n" or (each >= " " and each != "\x7f"))


@given(anything, anything, anything)
def test_any_texts_are_read_back_as_they_were(name: str, title: str, text: str) -> None:
    found = read(write_calendar(name, [event(title=title, text=text)]))
    [read_event] = found.walk("VEVENT")
    assert unescaped(str(found["NAME"])) == plain(name)  # a property whose escapes the reader leaves as they are
    assert str(read_event["SUMMARY"]) == plain(title)
    assert str(read_event["DESCRIPTION"]) == plain(text)


@given(anything)
def test_no_line_is_longer_than_75_bytes_and_no_character_is_cut(text: str) -> None:
    written = folded(f"SUMMARY:{escaped(text)}")
    for line in written.removesuffix(b"\r\n").split(b"\r\n"):
        assert len(line) <= 75
        line.decode()
    assert written.endswith(b"\r\n")


@given(instants(), st.dates(max_value=date(9999, 12, 30)), st.integers(0, 1000), st.sampled_from(Status))
def test_an_event_lasts_its_whole_day_and_keeps_its_number(
    changed_at: datetime, day: date, sequence: int, status: Status
) -> None:
    [found] = read(
        write_calendar("c", [event(changed_at=changed_at, day=day, sequence=sequence, status=status)])
    ).walk("VEVENT")
    assert (found["DTSTART"].dt, found["DTEND"].dt.toordinal()) == (day, day.toordinal() + 1)
    assert (int(found["SEQUENCE"]), str(found["STATUS"]), str(found["UID"])) == (sequence, status, "u@callsheet")
    assert found["DTSTAMP"].dt == changed_at.replace(microsecond=0)
    reminders = [alarm["TRIGGER"].dt.days for alarm in found.walk("VALARM")]
    assert reminders == ([] if status is Status.CANCELLED else [-days for days in ALARM_DAYS])


@pytest.mark.parametrize("text", ["a\r\nBEGIN:VEVENT\r\nUID:x", "END:VCALENDAR\nX:1"])
def test_no_text_can_add_a_property(text: str) -> None:
    found = read(write_calendar(text, [event(title=text, text=text)]))
    assert len(found.walk("VEVENT")) == 1
    assert "X" not in found
