"""The impact of changes is what asking before and after shows."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.api.answer import answer
from callsheet.api.request import Request
from callsheet.api.state import Options, State
from callsheet.domain.access.key import APIKey, KeyStatus
from callsheet.domain.access.keyring import Keyring
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.access.workspace import Shape, Workspace
from callsheet.domain.alias import Alias
from callsheet.domain.catalog import Catalog
from callsheet.domain.changes.change import Action, AnyChange, Change
from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.plan.impact import MODEL_GROUPS, Harm, Impact
from callsheet.service.impact import impact_of
from callsheet.service.state.changed import changed_state
from tests.tiers import examples

NOW = datetime(2026, 11, 20, tzinfo=UTC)
DAY = timedelta(days=1)
IDS = ["a", "ab", "abc", "a[b]", "b", "[ab]", "x*"]
NAMES = [*IDS, "latest", "old"]
ROOMS = ["wrkspc_0", "wrkspc_1", "wrkspc_2"]
ASKING = "the-secret-that-asks-for-every-workspace"


@dataclass
class World:
    """All that an answer depends on, before it is a State."""

    models: dict[str, Model] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    tombstones: dict[str, str] = field(default_factory=dict)
    rooms: dict[str, Workspace] = field(default_factory=dict)
    keys: dict[str, APIKey] = field(default_factory=dict)
    options: Options = field(default_factory=Options)

    def state(self) -> State:
        return State(
            catalog=Catalog(self.models.values(), self.aliases, self.tombstones),
            keyring=Keyring([asking_key(), *self.keys.values()]),
            workspaces={each.id: each for each in self.rooms.values() if each.archived_at is None},
            organization_id="00000000-0000-4000-8000-000000000000",
            default_workspace_id=ROOMS[0],
            options=self.options,
        )


def model(model_id: str, **fields: Any) -> Model:
    values = {"created_at": NOW, **fields}
    if values.get("lifecycle", Lifecycle.ACTIVE) is not Lifecycle.ACTIVE:
        values["deprecated_at"] = NOW - DAY
    return Model(id=model_id, display_name=values.pop("display_name", model_id), **values)


def room(room_id: str, **fields: Any) -> Workspace:
    return Workspace(id=room_id, name=f"room {room_id[-1]}", created_at=NOW, **fields)


def secret_of(key_id: str) -> str:
    return f"the-secret-of-{key_id}"


def key(key_id: str, workspace_id: str | None = None, **fields: Any) -> APIKey:
    mark = sha256(secret_of(key_id).encode()).digest()
    return APIKey(
        id=key_id, name=key_id, workspace_id=workspace_id, fingerprint=mark, hint="", created_at=NOW, **fields
    )


def asking_key() -> APIKey:
    return replace(key("apikey_asking"), fingerprint=sha256(ASKING.encode()).digest())


patterns = st.lists(st.sampled_from([*IDS, "a*", "?", "*b*", "b*", "*"]), max_size=2).map(tuple)
drawn_models = st.builds(
    model,
    st.sampled_from(IDS),
    created_at=st.sampled_from([NOW, NOW - DAY]),
    display_name=st.sampled_from(["A", "B"]),
    line=st.sampled_from([None, "opus", "haiku"]),
    max_tokens=st.sampled_from([None, 7]),
    lifecycle=st.sampled_from([Lifecycle.ACTIVE, Lifecycle.ACTIVE, Lifecycle.DEPRECATED, Lifecycle.RETIRED]),
    hidden=st.sampled_from([False, False, False, True]),
    source=st.sampled_from([None, "us"]),
    description=st.sampled_from([None, "It is"]),
    replacement=st.sampled_from([None, None, "other"]),
)
drawn_rooms = st.builds(
    lambda room_id, allow, deny, shape, archived: room(
        room_id,
        visibility=Visibility(allow, deny),
        shape=shape,
        archived_at=NOW if archived and room_id != ROOMS[0] else None,
    ),
    st.sampled_from(ROOMS),
    patterns,
    patterns,
    st.sampled_from([None, None, Shape.CLASSIC, Shape.CURRENT]),
    st.sampled_from([False, False, False, True]),
)
drawn_keys = st.builds(
    key,
    st.sampled_from(["apikey_1", "apikey_2", "apikey_3", "apikey_4"]),
    st.sampled_from([None, *ROOMS]),
    status=st.sampled_from([KeyStatus.ACTIVE, KeyStatus.ACTIVE, KeyStatus.DISABLED, KeyStatus.ARCHIVED]),
    expires_at=st.sampled_from([None, None, NOW, NOW + DAY]),
)


tweaks: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {"source": "us"},
        {"source": None},
        {"line": "opus"},
        {"line": None},
        {"hidden": True},
        {"replacement": "other"},
    ]
)


@st.composite
def worlds(draw: st.DrawFn, past: World | None = None) -> World:
    """A world; after a ``past`` one, most of which stays as it is."""
    world = World(options=draw(st.builds(Options, shape=st.sampled_from(Shape), openai_dialect=st.booleans())))
    world.rooms = {ROOMS[0]: room(ROOMS[0])}
    if past is not None:
        world = World(dict(past.models), {}, dict(past.tombstones), dict(past.rooms), dict(past.keys), past.options)
        for gone in draw(st.lists(st.sampled_from(sorted(past.models) or ["-"]), max_size=2, unique=True)):
            if gone in world.models:
                world.tombstones[gone] = world.models.pop(gone).sort_key
    few = 3 if past is not None else 8
    for each in draw(st.lists(drawn_models, max_size=few)):
        world.models[each.id] = each
        world.tombstones.pop(each.id, None)
    for model_id, tweak in draw(st.lists(st.tuples(st.sampled_from(IDS), tweaks), max_size=3)) if past else ():
        if model_id in world.models:
            world.models[model_id] = replace(world.models[model_id], **tweak)
    names = [name for name in NAMES if name not in world.models]
    aliases = draw(st.dictionaries(st.sampled_from(names), st.sampled_from(IDS), max_size=3))
    kept = {} if past is None or not draw(st.booleans()) else past.aliases
    world.aliases = {name: target for name, target in {**kept, **aliases}.items() if name in names}
    for drawn in draw(st.lists(drawn_rooms, max_size=few - 1)):
        world.rooms[drawn.id] = drawn
    for known in draw(st.lists(drawn_keys, max_size=few)):
        if known.workspace_id is None or known.workspace_id in world.rooms:
            world.keys[known.id] = known
    return world


pairs = worlds().flatmap(lambda before: st.tuples(st.just(before), worlds(before)))


def changes_between(before: World, after: World) -> list[AnyChange]:
    changes: list[AnyChange] = []
    sides: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]] = (
        (named(before.aliases), named(after.aliases)),
        (before.models, after.models),
        (before.rooms, after.rooms),
        (before.keys, after.keys),
    )
    for old, new in sides:
        pairs = ((old.get(subject), new.get(subject)) for subject in sorted({*old, *new}))
        changes += (Change(Action.CHANGE, *pair) for pair in pairs if pair[0] != pair[1])
    return changes


def named(aliases: Mapping[str, str]) -> dict[str, Alias]:
    return {alias: Alias(alias, model_id) for alias, model_id in aliases.items()}


class Caller:
    """What one caller gets from a state."""

    def __init__(self, state: State, secret: str, workspace_id: str | None = None) -> None:
        self._state = state
        self._headers = [(b"x-api-key", secret.encode()), (b"anthropic-version", b"2023-06-01")]
        self._openai = [(b"authorization", f"Bearer {secret}".encode())]
        if workspace_id is not None:
            self._headers.append((b"anthropic-workspace-id", workspace_id.encode()))
            self._openai.append((b"anthropic-workspace-id", workspace_id.encode()))
        self.works = self.ask("", "limit=1") is not None
        self.listed = self._walk() if self.works else []
        self.found = {name: found for name in NAMES if (found := self.retrieve(name)) is not None}

    def ask(self, path: str, query: str = "", *, openai: bool = False) -> Any:
        target = f"/v1/models{path and '/'}{quote(path, safe='')}".encode()
        headers = self._openai if openai else self._headers
        request = Request("GET", target, query.encode(), headers, NOW.timestamp(), "req_1")
        response = answer(self._state, request)
        return json.loads(response.body) if response.status == 200 else None

    def retrieve(self, name: str) -> Any:
        found = self.ask(name)
        if found is None:
            return None
        to_openai = self._state.options.openai_dialect
        return found, self.ask(name, openai=True) if to_openai else None

    def _walk(self) -> list[str]:
        ids: list[str] = []
        while True:
            page = self.ask("", f"limit=2{'&after_id=' + quote(ids[-1], safe='') if ids else ''}")
            ids += [each["id"] for each in page["data"]]
            if not page["has_more"]:
                return ids

    def own(self) -> dict[str, Any]:
        """What it gets by ids, not by aliases."""
        return {name: found for name, found in self.found.items() if found[0]["id"] == name}


def noticed(was: Caller, now: Caller, before: World, after: World) -> Any:
    """The fields of an audience by asking; None if there is no difference."""
    old, new = was.own(), now.own()
    groups: dict[str, set[str]] = {name: set() for name in MODEL_GROUPS}
    for model_id in old.keys() | new.keys():
        listed, lists = model_id in was.listed, model_id in now.listed
        if lists and not listed:
            groups["gains"].add(model_id)
        elif listed and not lists:
            groups["unlists" if model_id in new else "loses"].add(model_id)
        elif model_id not in old:
            groups["gains_unlisted"].add(model_id)
        elif model_id not in new:
            groups["loses_unlisted"].add(model_id)
        elif old[model_id] != new[model_id]:
            groups["changes"].add(model_id)
    lines = {before.models[each].line for each in was.listed} - {after.models[each].line for each in now.listed}
    lost = tuple(sorted(line for line in lines if line is not None)) if now.works else ()
    emptied = now.works and bool(was.listed) and not now.listed
    starts, stops = not was.works and now.works, was.works and not now.works
    if not any((*groups.values(), lost, starts, stops)):
        return None
    return tuple(frozenset(each) for each in groups.values()), lost, emptied, starts, stops


@examples(2)
@given(pairs)
def test_the_impact_is_what_everyone_sees_who_asks_before_and_after(pair: tuple[World, World]) -> None:
    before, after = pair
    was, will = before.state(), after.state()
    impact = impact_of(was, changes_between(before, after), NOW)

    expected: dict[Any, tuple[set[str], list[str]]] = defaultdict(lambda: (set(), []))
    for room_id in ROOMS:
        found = noticed(Caller(was, ASKING, room_id), Caller(will, ASKING, room_id), before, after)
        if found is not None:
            expected[found][0].add(room_id)
    for key_id in {**before.keys, **after.keys, "apikey_asking": None}:
        secret = ASKING if key_id == "apikey_asking" else secret_of(key_id)
        found = noticed(Caller(was, secret), Caller(will, secret), before, after)
        if found is not None:
            expected[found][1].append(key_id)

    computed = {
        (
            tuple(frozenset(getattr(each, name)) for name in MODEL_GROUPS),
            each.lines_lost,
            each.is_emptied,
            each.starts,
            each.stops,
        ): ({room.id for room in each.workspaces}, each.keys)
        for each in impact.audiences
    }
    assert len(computed) == len(impact.audiences)
    assert computed == {notice: (rooms, len(keys)) for notice, (rooms, keys) in expected.items()}


@examples(1)
@given(pairs)
def test_an_alias_moves_if_asking_by_it_gives_another_model(pair: tuple[World, World]) -> None:
    before, after = pair
    for world in pair:  # so that every model and alias can be seen
        world.rooms = {ROOMS[0]: room(ROOMS[0])}
    was, will = before.state(), after.state()
    impact = impact_of(was, changes_between(before, after), NOW)
    old, new = (Caller(state, ASKING).found for state in (was, will))
    by_asking = {
        name: tuple(found[name][0]["id"] if name in found else None for found in (old, new))
        for name in NAMES
        if name in {**before.aliases, **after.aliases}
    }
    assert {move.alias: (move.before, move.after) for move in impact.aliases} == {
        name: (first, second) for name, (first, second) in by_asking.items() if first != second
    }
    for move in impact.aliases:
        assert move.is_orphaned == (move.after is None and move.before not in after.models)


@given(pairs)
def test_a_replacement_is_left_pointing_nowhere_if_it_was_not_before(pair: tuple[World, World]) -> None:
    def dangling(world: World) -> set[tuple[str, str]]:
        each = ((model.id, model.replacement) for model in world.models.values())
        return {(model_id, other) for model_id, other in each if other is not None and other not in world.models}

    before, after = pair
    impact = impact_of(before.state(), changes_between(before, after), NOW)
    assert {tuple(each) for each in impact.replacements} == dangling(after) - dangling(before)


@given(pairs)
def test_the_changed_state_answers_as_the_one_that_is_made_of_everything(pair: tuple[World, World]) -> None:
    before, after = pair
    changed, made = changed_state(before.state(), changes_between(before, after)), after.state()
    assert (changed.catalog.aliases(), changed.catalog.tombstones()) == (made.catalog.aliases(), after.tombstones)
    assert list(changed.catalog) == list(made.catalog)
    assert dict(changed.keyring.credentials()).items() >= dict(made.keyring.credentials()).items()
    assert changed.workspaces == made.workspaces


@given(worlds())
def test_no_changes_have_no_impact(world: World) -> None:
    assert impact_of(world.state(), [], NOW) == Impact()


def test_each_set_of_rules_is_asked_once_and_only_about_models_that_change(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Visibility, int]] = []
    seen = Visibility.seen

    def counted(self: Visibility, ids: Iterable[str]) -> Iterator[str]:
        several = list(ids)
        if several:
            asked.append((self, len(several)))
        return seen(self, several)

    monkeypatch.setattr(Visibility, "seen", counted)
    world = World({f"m{number}": model(f"m{number}") for number in range(1000)})
    rules = [Visibility((f"*{number}",)) for number in range(5)]
    for number in range(100):
        world.rooms[f"wrkspc_{number}"] = room(f"wrkspc_{number}", visibility=rules[number % 5])
    after = replace(
        world, models={**world.models, "m7": model("m7", max_tokens=7), "m8": model("m8", max_tokens=7)}
    )
    impact_of(world.state(), changes_between(world, after), NOW)
    assert sorted(asked) == sorted((each, 2) for each in rules)


def test_what_only_clients_of_openai_see_is_a_change_where_they_are_answered() -> None:
    for to_openai in (True, False):
        before = World(
            {"a": model("a")}, rooms={ROOMS[0]: room(ROOMS[0])}, options=Options(openai_dialect=to_openai)
        )
        after = replace(before, models={"a": model("a", source="us")})
        found = impact_of(before.state(), changes_between(before, after), NOW).audiences
        assert [each.changes for each in found] == [("a",)] * to_openai


def test_a_line_is_lost_where_rules_change_with_the_line_of_a_model() -> None:
    before = World({"a": model("a", line="opus"), "b": model("b", line="haiku")}, rooms={ROOMS[0]: room(ROOMS[0])})
    rules = room(ROOMS[0], visibility=Visibility(("a",)))
    after = replace(before, models={**before.models, "a": model("a", line="nova")}, rooms={ROOMS[0]: rules})
    (audience,) = impact_of(before.state(), changes_between(before, after), NOW).audiences
    assert (audience.lines_lost, audience.loses, audience.changes) == (("haiku", "opus"), ("b",), ("a",))


def test_models_are_named_in_the_order_of_the_api() -> None:
    before = World({each: model(each, created_at=NOW - number * DAY) for number, each in enumerate("cab")})
    before.rooms = {ROOMS[0]: room(ROOMS[0])}
    after = replace(before, models={})
    assert impact_of(before.state(), changes_between(before, after), NOW).audiences[0].loses == ("c", "a", "b")


def test_what_hurts_is_named() -> None:
    before = World(
        {each: model(each, line="opus", replacement="a" if each == "b" else None) for each in ("a", "b")},
        {"latest": "a"},
        rooms={ROOMS[0]: room(ROOMS[0]), ROOMS[1]: room(ROOMS[1], visibility=Visibility(("a",)))},
        keys={"apikey_1": key("apikey_1", ROOMS[1])},
    )
    after = replace(before, models={"b": before.models["b"]}, aliases={})
    impact = impact_of(before.state(), changes_between(before, after), NOW)
    assert impact.harms() == set(Harm)
    assert [(each.loses, each.keys, each.is_emptied, each.lines_lost) for each in impact.audiences] == [
        (("a",), 1, False, ()),
        (("a",), 1, True, ("opus",)),
    ]
