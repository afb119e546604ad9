"""What a key can learn, by any way there is, is what the rules of its workspace say, and nothing more.

What they say is worked out here once more, in `World`, from nothing but the values drawn.
"""

import asyncio
import json
import random
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import pytest
from hypothesis import Phase, given
from hypothesis import strategies as st

from callsheet.domain.access.workspace import Shape
from callsheet.domain.model import Lifecycle, Model
from callsheet.http.app import CallsheetApp
from callsheet.settings import Settings
from tests.doors import Reply
from tests.http.plain import replies
from tests.http.wire import Line
from tests.installation import Installation, make_model
from tests.tiers import examples

LISTED: Final = (Lifecycle.ACTIVE, Lifecycle.DEPRECATED)
RANKS: Final = {line: rank for rank, line in enumerate(["mythos", "fable", "opus", "sonnet", "haiku"])}
FIELDS: Final = {
    Shape.CLASSIC: ["type", "id", "display_name", "created_at"],
    Shape.CURRENT: [
        *("type", "id", "display_name", "created_at", "line", "max_input_tokens", "max_tokens", "capabilities"),
        *("lifecycle", "deprecated_at", "retires_at"),
    ],
}


class Space(NamedTuple):
    """A workspace: its rules, and its shape."""

    allow: tuple[str, ...]
    deny: tuple[str, ...]
    shape: Shape | None


class Beholder(NamedTuple):
    """A key as it is used: what it sends, and the workspace it then looks into; None is not let in there."""

    headers: tuple[str, ...]
    space: Space | None


class World(NamedTuple):
    """Everything that was drawn, and what follows from it for a beholder."""

    models: list[Model]
    removed: list[Model]
    aliases: dict[str, str]

    def sees(self, space: Space, name: str) -> bool:
        ids = {model.id for model in (*self.models, *self.removed)}

        def matches(pattern: str) -> bool:
            is_id = pattern in ids
            is_glob = not is_id or not {"*", "?"}.isdisjoint(pattern)
            return (is_id and name == pattern) or (is_glob and fnmatchcase(name, pattern))

        return (not space.allow or any(map(matches, space.allow))) and not any(map(matches, space.deny))

    def found(self, space: Space, name: str) -> list[Model]:
        meant = self.aliases.get(name, name)
        return [model for model in self.models if model.id == meant and self.sees(space, meant)]

    def cursor(self, space: Space, name: str) -> list[Model]:
        gone = [model for model in self.removed if model.id == name]
        return [model for model in gone if self.sees(space, name)] if gone else self.found(space, name)

    def listed(self, space: Space, lifecycles: tuple[Lifecycle, ...]) -> list[Model]:
        seen = (model for model in self.models if self.sees(space, model.id) and not model.hidden)
        return sorted((model for model in seen if model.lifecycle in lifecycles), key=place)


def place(model: Model) -> tuple[timedelta, int, str]:
    """Where a model stands in lists."""
    return datetime(9999, 1, 1, tzinfo=UTC) - model.created_at, RANKS.get(model.line or "", 9), model.id


ids = st.builds(
    lambda family, number: f"{family}-{number}", st.sampled_from("abc"), st.integers(1, 4)
) | st.sampled_from(["[bc]-1", "[bc]-*", "?-2"])  # which are patterns as well
patterns = st.lists(
    st.sampled_from(["a-*", "b-*", "*-1", "?-2", "[bc]-*", "[bc]-1", "a-3", "*", "nothing-*"]),
    max_size=2,
    unique=True,
).map(tuple)
spaces = st.builds(Space, patterns, patterns, st.sampled_from([None, *Shape]))


@st.composite
def models(draw: st.DrawFn, model_id: str) -> Model:
    lifecycle = draw(st.sampled_from(Lifecycle))
    since = None if lifecycle is Lifecycle.ACTIVE else datetime(2026, 6, 1, tzinfo=UTC)
    return make_model(
        model_id,
        f"2026-01-0{draw(st.integers(1, 3))}",
        display_name=f"The name of {model_id}",
        line=draw(st.sampled_from([None, "haiku", "opus", "nova"])),
        hidden=draw(st.sampled_from([False, False, True])),
        lifecycle=lifecycle,
        deprecated_at=since,
        retires_at=since,
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    names = draw(st.lists(ids, min_size=1, max_size=6, unique=True))
    present = [draw(models(name)) for name in names]
    gone = draw(st.lists(ids.filter(lambda name: name not in names), max_size=2, unique=True))
    aliases = draw(
        st.dictionaries(st.sampled_from(["x", "y", "a-alias", "b-alias"]), st.sampled_from(names), max_size=2)
    )
    return World(present, [draw(models(name)) for name in gone], aliases)


def build(template: Path, folder: str, world: World, rules: list[Space]) -> tuple[CallsheetApp, list[Beholder]]:
    """The app over what was drawn, and every way to look at it."""
    path = Path(folder, "isolation.db")
    shutil.copy(template, path)
    installation = Installation(f"sqlite:///{path}")
    installation.clear_catalog()
    installation.add_at_once((*world.models, *world.removed))
    for model in world.removed:
        installation.catalog.remove(model.id)
    for alias, model_id in world.aliases.items():
        installation.catalog.alias(alias, model_id)
    made = {
        installation.workspace(f"Space {n}", rule.allow, rule.deny, shape=rule.shape): rule
        for n, rule in enumerate(rules)
    }
    everything = Space((), (), None)
    every = f"x-api-key: {installation.key(organization=True)}"
    beholders = [Beholder((every,), everything)]
    for workspace_id, rule in made.items():
        own = f"x-api-key: {installation.key(workspace=workspace_id)}"
        beholders += [
            Beholder((own,), rule),
            Beholder((own, f"anthropic-workspace-id: {workspace_id}"), rule),
            Beholder((every, f"anthropic-workspace-id: {workspace_id}"), rule),
        ]
        beholders += [
            Beholder((own, f"anthropic-workspace-id: {other}"), None) for other in made if other != workspace_id
        ]
    chosen = Settings(database=installation.url)
    return installation.app(chosen), beholders


Check = Callable[[Reply], None]


def questions(world: World, beholder: Beholder) -> list[tuple[str, tuple[str, ...], Check]]:
    """What to ask on behalf of ``beholder``, in both dialects, and what must come back."""
    anthropic = (*beholder.headers, "anthropic-version: 2023-06-01")
    openai = (beholder.headers[0].replace("x-api-key: ", "authorization: Bearer "), *beholder.headers[1:])
    names = sorted({*(model.id for model in (*world.models, *world.removed)), *world.aliases, "unknown", "a-9"})
    asked: list[tuple[str, tuple[str, ...], Check]] = [
        ("/v1/models", openai, expect_openai_list(world, beholder.space))
    ]
    for name in names:
        asked.append((f"/v1/models/{quote(name)}", anthropic, expect_model(world, beholder.space, name)))
        asked.append(
            (f"/v1/models/{quote(name)}", openai, expect_model(world, beholder.space, name, to_openai=True))
        )
        for cursor in ("after_id", "before_id"):
            check = expect_page(world, beholder.space, 2, name, backwards=cursor == "before_id")
            asked.append((f"/v1/models?{cursor}={quote(name)}&limit=2", anthropic, check))
    for lifecycles in (LISTED, (Lifecycle.RETIRED,), tuple(Lifecycle)):
        query = "lifecycle=" + ",".join(lifecycles)
        for limit in (1, 20):
            target = f"/v1/models?{query}&limit={limit}"
            asked.append((target, anthropic, expect_page(world, beholder.space, limit, lifecycles=lifecycles)))
    return asked


def expect_page(
    world: World,
    space: Space | None,
    limit: int,
    cursor: str | None = None,
    *,
    backwards: bool = False,
    lifecycles: tuple[Lifecycle, ...] = LISTED,
) -> Check:
    def check(reply: Reply) -> None:
        if space is None:
            assert reply.status == 403
            return
        rest = world.listed(space, lifecycles)
        if cursor is not None:
            found = world.cursor(space, cursor)
            if not found:
                assert reply.status == 400, f"{cursor} is a cursor"
                return
            here = place(found[0])
            rest = [model for model in rest if (place(model) < here if backwards else place(model) > here)]
        page = rest[-limit:] if backwards else rest[:limit]
        assert reply.ids == [model.id for model in page]
        assert reply.json["has_more"] == (len(rest) > limit)
        assert all(list(model) == FIELDS[space.shape or Shape.CURRENT] for model in reply.json["data"])

    return check


def expect_openai_list(world: World, space: Space | None) -> Check:
    def check(reply: Reply) -> None:
        if space is None:
            assert reply.status == 403
        else:
            assert reply.ids == [model.id for model in world.listed(space, LISTED)]

    return check


def expect_model(world: World, space: Space | None, name: str, *, to_openai: bool = False) -> Check:
    def check(reply: Reply) -> None:
        if space is None:
            assert reply.status == 403
            return
        found = [model.id for model in world.found(space, name)]
        assert reply.status == (200 if found else 404)
        if found:
            assert [reply.json["id"]] == found
            assert to_openai or list(reply.json) == FIELDS[space.shape or Shape.CURRENT]

    return check


async def ask(line: Line, target: str, headers: tuple[str, ...]) -> Reply:
    before = len(line.wire.sent)
    await line.feed(["\r\n".join([f"GET {target} HTTP/1.1", "host: x", *headers, "", ""]).encode()])
    (reply,) = replies(line.wire.sent[before:])
    return reply


async def look(
    app: CallsheetApp, world: World, beholders: list[Beholder], order: random.Random, *, fast: bool
) -> None:
    """Ask everything on everybody's behalf, again and again and all mixed up, over one connection."""
    line = Line(app, fast=fast)
    asked = [(beholder, *each) for beholder in beholders for each in questions(world, beholder)]
    tags: dict[str, set[str]] = {}
    bodies: dict[tuple[tuple[str, ...], str], bytes] = {}
    for _time in range(3):  # the memo keeps what comes twice
        order.shuffle(asked)
        for beholder, target, headers, check in asked:
            reply = await ask(line, target, headers)
            try:
                check(reply)
            except AssertionError as error:
                raise AssertionError(f"{beholder} asked for {target}: {reply}: {error}") from None
            if reply.status == 200:
                tags.setdefault(target, set()).add(reply.headers["etag"])
                bodies[headers, target] = reply.body
    for (headers, target), body in bodies.items():
        for tag in tags[target]:  # those that anybody was given for it
            reply = await ask(line, target, (*headers, f"if-none-match: {tag}"))
            assert (reply.status, reply.body) in ((304, b""), (200, body))
            assert (reply.status == 304) == (reply.headers["etag"] == tag)
    line.protocol.connection_lost(None)


@pytest.mark.parametrize("fast", [True, False], ids=["fast", "plain"])
@given(worlds(), st.lists(spaces, min_size=2, max_size=2), st.integers(0, 2**32))
@examples(0.1, phases=[Phase.explicit, Phase.reuse, Phase.generate])  # worlds are small as it is
def test_a_key_learns_what_its_rules_say_and_nothing_more(
    template: Path, fast: bool, world: World, rules: list[Space], order: int
) -> None:
    with TemporaryDirectory() as folder:
        app, beholders = build(template, folder, world, rules)
        try:
            asyncio.run(look(app, world, beholders, random.Random(order), fast=fast))
        finally:
            app.stop()


def test_what_is_drawn_can_be_told_apart() -> None:
    """Else the test above could not fail."""
    reply: Any = Reply(200, {}, json.dumps({"data": [{"id": "b-1"}], "has_more": False}).encode())
    world = World([make_model("a-1"), make_model("b-1")], [], {})
    with pytest.raises(AssertionError):
        expect_page(world, Space(("a-*",), (), None), 20)(reply)
    with pytest.raises(AssertionError):
        expect_page(world, None, 20)(reply)
