"""The page of events shows what is sent."""

import json

from callsheet.domain.events import MAX_SUBJECTS
from callsheet.domain.webhooks.event_type import EventType
from tests.docs.events import PAGE, examples, shown


def test_every_event_on_the_page_is_as_it_is_sent() -> None:
    sent = {event.type: json.loads(event.body()) for event in examples()}
    assert sent.keys() == set(EventType)
    assert shown() == sent, "run: python -m tests.docs.events"


def test_the_page_says_how_many_things_an_event_names() -> None:
    assert f"at most {MAX_SUBJECTS}" in PAGE.read_text(encoding="utf-8")
