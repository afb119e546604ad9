"""One event of each type, as the code makes it, for the page that shows them: ``python -m tests.docs.events``."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from callsheet.domain.access.key import APIKey
from callsheet.domain.alias import Alias
from callsheet.domain.changes.change import Action, AnyChange, Change
from callsheet.domain.edits import as_deprecated, as_retired, with_fields
from callsheet.domain.events import Event, EventCollector, Origin, notice_events
from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.times import parse_instant
from tests.docs.pages import ROOT, blocks

PAGE: Final = ROOT / "docs" / "reference" / "events.md"

_AT: Final = parse_instant("2026-06-01T09:30:00Z")
_OLD: Final = Model(id="claude-old", display_name="Claude Old", max_tokens=64_000)
_ENDING: Final = as_deprecated(_OLD, _AT - timedelta(days=60), _AT + timedelta(days=30), "claude-new")
_CHANGES: Final[tuple[AnyChange, ...]] = (
    Change(Action.ADD, None, Model(id="claude-new", display_name="Claude New", created_at=_AT)),
    Change(Action.CHANGE, _OLD, with_fields(_OLD, {"max_tokens": 128_000, "description": "Twice as much."})),
    Change(Action.DEPRECATE, _OLD, as_deprecated(_OLD, _AT, _AT + timedelta(days=90), "claude-new")),
    Change(Action.RETIRE, _ENDING, as_retired(_ENDING, _AT)),
    Change(Action.CHANGE, _ENDING, with_fields(_ENDING, {"lifecycle": Lifecycle.ACTIVE})),
    Change(Action.REMOVE, _OLD, None),
    Change(Action.ALIAS, Alias("claude", "claude-old"), Alias("claude", "claude-new")),
)


def examples() -> Iterator[Event]:
    """Yield an event of each type."""
    origin = Origin(412, _AT, "cli:ada", "Ticket 7.")
    for change in _CHANGES:
        collector = EventCollector()
        collector.add([change])
        yield from collector.events(origin)
    collector = EventCollector()
    collector.quarantine("gateway", "Its list has 3 models, and had 120 before.")
    yield from collector.events(Origin(412, _AT, "source:gateway"))
    key = APIKey(
        id="apikey_01abc", name="ci", workspace_id="wrkspc_01abc", fingerprint=b"", hint="",
        expires_at=_AT + timedelta(days=7), created_at=_AT,
    )  # fmt: skip
    yield from notice_events([_ENDING], [key], _AT - timedelta(hours=1), Origin(412, _AT))


def shown() -> dict[str, Any]:
    """The events on the page, by their type."""
    bodies = [json.loads(block.code) for block in blocks(PAGE) if block.language == "json"]
    return {body["type"]: body for body in bodies}


def main() -> None:
    """Print what belongs onto the page."""
    for event in examples():
        body = json.dumps(json.loads(event.body()), indent=2)
        print(f"## `{event.type}`\n\nTEXT\n\n<!-- not run: an event -->\n```json\n{body}\n```\n")


if __name__ == "__main__":
    main()
