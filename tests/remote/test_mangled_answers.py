"""A server whose answers hold something else than they should: each command ends, with a sentence at most."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    "keys show remote",
    "sources list",
    "sources show upstream",
    "sources plan upstream",
    "retirements",
    "calendars list",
    "webhooks list",
    "webhooks show hook",
    "webhooks deliveries",
    "explain claude-opus-4-8 --key remote",
    "who-sees claude-opus-4-8",
    "what-sees remote",
    "diff-keys remote default",
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


@pytest.fixture
def answers(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the server answered, by method and URL; each is asked for once, and may be mangled before it is read."""
    known: dict[str, Any] = {}
    send = Connection._send

    def remembering(self: Connection, method: str, url: str, headers: Any, body: Any) -> Any:
        place = f"{method} {url} {json.dumps(body)}"
        if place not in known:
            known[place] = send(self, method, url, headers, body)
        response, content = known[place]
        return response, mangle[0](content)

    mangle: list[Callable[[bytes], bytes]] = [lambda content: content]
    monkeypatch.setattr(Connection, "_send", remembering)
    return {"mangle": mangle, "url": pair.there.url}


@pytest.fixture
def filled(pair: Pair) -> None:
    """Something of everything is there."""
    there = pair.there.installation
    there.key(name="remote")
    there.workspace("team", allow=("claude-*",))
    del there


@examples(8)
@given(st.data())
@pytest.mark.usefixtures("filled")
def test_a_command_ends_with_a_sentence_whatever_an_answer_holds(
    answers: dict[str, Any], call: CLI, data: st.DataObject
) -> None:
    command = data.draw(st.sampled_from(COMMANDS))
    count = data.draw(st.integers(0, 3))  # of answers that are as they should be before it
    value = data.draw(VALUES | st.just(GONE))
    left = [count]

    def mangle(content: bytes) -> bytes:
        left[0] -= 1
        if left[0] >= 0:
            return content
        whole = json.loads(content)
        place = data.draw(st.sampled_from(list(places(whole))))
        return json.dumps(mangled(whole, place, value)).encode()

    answers["mangle"][0] = mangle
    ended = call(*command.split(), "--remote", answers["url"])
    assert ended.code in (0, 1, 2)
    if ended.code == 1 and not ended.out:
        sentences = [line for line in ended.err.splitlines() if line.startswith("callsheet: ")]
        assert len(sentences) <= 1
    assert "Traceback" not in ended.err
