"""A server whose answers hold something else than they should: each command ends, with a sentence at most."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.cli.commands.history import DIFFERENT
from callsheet.remote.connection import Connection
from tests.cli.conftest import CLI
from tests.remote.served import Pair
from tests.tiers import examples

COMMANDS = (
    "catalog list",
    "catalog list --suppressed",
    "catalog show claude-opus-4-8",
    "catalog history",
    "catalog diff 1 now",
    "catalog blame claude-opus-4-8",
    "catalog hide claude-opus-4-8 --dry-run",
    "workspaces list",
    "workspaces show default",
    "keys list",
    "keys show mine",
    "sources list",
    "sources show upstream",
    "sources plan upstream",
    "retirements",
    "calendars list",
    "webhooks list",
    "webhooks show hook",
    "webhooks deliveries",
    "explain claude-opus-4-8 --key mine",
    "who-sees claude-opus-4-8",
    "what-sees mine",
    "diff-keys mine default",
    "export",
    "catalog list --as-of 1",
)

#: What is in place of something else.
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=3,
)
GONE = object()


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where there is something in an answer."""
    yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for name, each in inner:
        yield from places(each, (*at, name))


def mangled(answer: Any, place: tuple[Any, ...], value: Any) -> Any:
    """``answer`` with ``value`` at a place, or with nothing there."""
    if not place:
        return None if value is GONE else value
    changed = copy.deepcopy(answer)
    parent = changed
    for name in place[:-1]:
        parent = parent[name]
    if value is GONE:
        del parent[place[-1]]
    else:
        parent[place[-1]] = value
    return changed


class Mangling:
    """What the server answered, by request; each is asked for once, and may be mangled before it is read.

    Parameters
    ----------
    url
        Of the server.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.mangle: Callable[[bytes], bytes] = lambda content: content
        self._known: dict[str, Any] = {}
        self._send = Connection._send

    def send(self, connection: Connection, method: str, url: str, headers: Any, body: Any) -> Any:
        """Take the place of `Connection._send`."""
        place = f"{method} {url} {json.dumps(body)}"
        if place not in self._known:
            self._known[place] = self._send(connection, method, url, headers, body)
        response, content = self._known[place]
        return response, self.mangle(content)


@pytest.fixture
def mangling(pair: Pair, call: CLI, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Mangling:
    """A server over an installation that has something of everything."""
    there = pair.there.installation
    there.key(name="mine")
    there.workspace("team", allow=("claude-*",))
    listed = tmp_path / "list.json"
    listed.write_text('{"data":[{"id":"acme/new","type":"model"}]}')
    for command in (
        f"sources add upstream --url {listed.as_uri()} --new hold",
        "calendars create dates",
        "webhooks create --name hook --url https://hooks.example.com/x --events *",
        "catalog hide claude-haiku-4-5-20251001",
        "catalog remove claude-opus-4-20250514",
    ):
        assert call(*command.split(), "--database", there.url).code == 0, command
    made = Mangling(pair.there.url)
    monkeypatch.setattr(Connection, "_send", lambda *arguments: made.send(*arguments))
    return made


@examples(8)
@given(st.data())
def test_a_command_ends_with_a_sentence_whatever_an_answer_holds(
    mangling: Mangling, call: CLI, data: st.DataObject
) -> None:
    command = data.draw(st.sampled_from(COMMANDS))
    wholesome = data.draw(st.integers(0, 3), "answers that are as they should be first")
    value = data.draw(VALUES | st.just(GONE))
    count = 0

    def mangle(content: bytes) -> bytes:
        nonlocal count
        count += 1
        if count <= wholesome:
            return content
        whole = json.loads(content)
        place = data.draw(st.sampled_from(list(places(whole))))
        return json.dumps(mangled(whole, place, value)).encode()

    mangling.mangle = mangle
    ended = call(*command.split(), "--remote", mangling.url)
    assert ended.code in (0, 1, 2)
    assert "Traceback" not in ended.err
    assert len([line for line in ended.err.splitlines() if line.startswith("callsheet: ")]) == (ended.code == 1)


def test_the_same_commands_work_where_answers_are_whole(mangling: Mangling, call: CLI) -> None:
    ended = {command: call(*command.split(), "--remote", mangling.url) for command in COMMANDS}
    assert {command: each.err for command, each in ended.items() if each.code not in (0, DIFFERENT)} == {}
