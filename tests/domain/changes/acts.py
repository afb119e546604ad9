"""Changes that somebody may want, drawn at random, and what the rules make of each."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from hypothesis import strategies as st

from callsheet.domain.access.visibility import Visibility
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.catalog import Catalog
from callsheet.domain.changes.aliases import add_alias, remove_alias
from callsheet.domain.changes.change import Action, AnyChange, Change
from callsheet.domain.changes.choosing import choose_models, find_model
from callsheet.domain.changes.keys import (
    Credentials,
    archive_key,
    change_key,
    create_key,
    disable_key,
    enable_key,
    rotate_key,
    workspace_id_for,
)
from callsheet.domain.changes.lookup import find_key, find_workspace
from callsheet.domain.changes.models import (
    add_model,
    change_model,
    deprecate_models,
    hide_models,
    remove_models,
    retire_models,
    unhide_models,
)
from callsheet.domain.changes.reader import AccessReader, CatalogReader
from callsheet.domain.changes.workspaces import archive_workspace, change_workspace, create_workspace
from callsheet.domain.model import Lifecycle, Model
from callsheet.testing.memory import Memory

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
DEFAULT = "wrkspc_0"

#: A verb and what it is given; the first number makes ids and secrets of new things.
Act = tuple[Any, ...]


class Reader(CatalogReader, AccessReader, Protocol):
    """All that the rules may ask."""


names = st.sampled_from(["a", "b", "c", "d"])
several = st.lists(st.sampled_from(["a", "b", "c", "[ab]", "*"]), min_size=1, max_size=2)
moments = st.sampled_from([None, NOW - DAY, NOW, NOW + DAY, NOW + 2 * DAY])
people = st.sampled_from(["ada", "bob"])
rooms = st.sampled_from(["default", "lab", "den"])
fields = st.fixed_dictionaries(
    {},
    optional={
        "display_name": st.sampled_from(["A", ""]),
        "lifecycle": st.sampled_from(Lifecycle),
        "deprecated_at": moments,
        "retires_at": moments,
        "replacement": st.none() | names,
        "hidden": st.booleans(),
    },
)
key_fields = st.fixed_dictionaries(
    {}, optional={"name": people, "workspace": st.none() | rooms, "expires_at": moments}
)
room_fields = st.fixed_dictionaries({}, optional={"name": rooms, "allow": st.just(("a*",))})

acts: st.SearchStrategy[Act] = st.one_of(
    st.tuples(st.just("add"), names, st.none() | names),
    st.tuples(st.just("change"), names, fields),
    st.tuples(st.just("deprecate"), several, moments, st.none() | names),
    *(st.tuples(st.just(verb), several) for verb in ("retire", "hide", "unhide", "remove")),
    st.tuples(st.just("alias"), names, names),
    st.tuples(st.just("unalias"), names),
    st.tuples(st.just("create workspace"), rooms),
    st.tuples(st.just("change workspace"), rooms, room_fields),
    st.tuples(st.just("archive workspace"), rooms),
    st.tuples(st.just("create key"), people, st.none() | rooms, moments),
    st.tuples(st.just("change key"), people, key_fields),
    st.tuples(st.just("rotate key"), people, st.sampled_from([timedelta(), DAY])),
    *(st.tuples(st.just(f"{verb} key"), people) for verb in ("disable", "enable", "archive")),
)


def _model(model_id: str, replacement: str | None) -> Model:
    return Model(id=model_id, display_name=model_id, created_at=NOW, replacement=replacement)


def _room(new: Credentials, name: str, now: datetime) -> Workspace:
    return Workspace(id=f"wrkspc_{new.key_id.removeprefix('apikey_')}", name=name, created_at=now)


#: What each verb comes to: by what is there, ids and secret of a new thing, the time, and what the verb is given.
_VERBS: Final[Mapping[str, Callable[..., Sequence[AnyChange]]]] = {
    "add": lambda it, _new, now, model_id, other: add_model(it, _model(model_id, other), now),
    "change": lambda it, _new, now, model_id, change: change_model(it, find_model(it, model_id), change, now),
    "deprecate": lambda it, _new, now, ids, date, other: deprecate_models(
        it, choose_models(it, ids), now, date, other
    ),
    "retire": lambda it, _new, now, ids: retire_models(it, choose_models(it, ids), now),
    "hide": lambda it, _new, _now, ids: hide_models(it, choose_models(it, ids)),
    "unhide": lambda it, _new, _now, ids: unhide_models(it, choose_models(it, ids)),
    "remove": lambda it, _new, _now, ids: remove_models(it, choose_models(it, ids)),
    "alias": lambda it, _new, _now, alias, model_id: add_alias(it, alias, model_id),
    "unalias": lambda it, _new, _now, alias: remove_alias(it, alias),
    "create workspace": lambda it, new, now, name: create_workspace(it, _room(new, name, now)),
    "change workspace": lambda it, _new, _now, name, change: change_workspace(it, find_workspace(it, name), change),
    "archive workspace": lambda it, _new, now, name: archive_workspace(it, find_workspace(it, name), now),
    "create key": lambda it, new, now, name, room, date: create_key(
        it, new, name, workspace_id_for(it, room), date, now
    ),
    "change key": lambda it, _new, now, name, change: change_key(it, find_key(it, name, now), change, now),
    "rotate key": lambda it, new, now, name, overlap: rotate_key(it, find_key(it, name, now), new, overlap, now),
    "disable key": lambda it, _new, now, name: disable_key(find_key(it, name, now)),
    "enable key": lambda it, _new, now, name: enable_key(find_key(it, name, now)),
    "archive key": lambda it, _new, now, name: archive_key(find_key(it, name, now)),
}


def decide(reader: Reader, number: int, act: Act, now: datetime = NOW) -> Sequence[AnyChange]:
    """Return the changes that an act comes to; RefusedError if it may not be."""
    verb, *given = act
    new = Credentials(f"apikey_{number}", f"secret-of-the-key-{number}")
    return _VERBS[verb](reader, new, now, *given)


def fresh(workspace: Workspace | None = None) -> Memory:
    """Return a memory that holds the default workspace only."""
    default = workspace or Workspace(id=DEFAULT, name="default", visibility=Visibility(), created_at=NOW)
    memory = Memory(Catalog(), default.id)
    memory.apply([Change(Action.CREATE, None, default)], NOW)
    return memory


def content(reader: Reader) -> dict[str, object]:
    """Return all that is there."""
    return {
        "models": {model.id: model for model in reader.models()},
        "aliases": dict(reader.aliases()),
        "tombstones": dict(reader.tombstones()),
        "workspaces": {workspace.id: workspace for workspace in reader.workspaces()},
        "keys": {key.id: key for key in reader.api_keys()},
    }
