"""Changes that somebody may want, drawn at random, and what the rules make of each."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, cast

from hypothesis import strategies as st

from callsheet.domain.access.visibility import Visibility
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.catalog import Catalog
from callsheet.domain.changes.aliases import add_alias, remove_alias
from callsheet.domain.changes.change import Action, AnyChange, Change
from callsheet.domain.changes.choosing import choose_models, find_model
from callsheet.domain.changes.keys import (
    Credentials,
    KeyChange,
    archive_key,
    change_key,
    create_key,
    disable_key,
    enable_key,
    rotate_key,
    workspace_id_for,
)
from callsheet.domain.changes.models import (
    add_model,
    change_model,
    deprecate_models,
    hide_models,
    remove_models,
    retire_models,
    unhide_models,
)
from callsheet.domain.changes.naming import find_key, find_workspace
from callsheet.domain.changes.reader import AccessReader, CatalogReader
from callsheet.domain.changes.workspaces import (
    WorkspaceChange,
    archive_workspace,
    change_workspace,
    create_workspace,
)
from callsheet.domain.edits import ModelChange
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


def decide(reader: Reader, number: int, act: Act, now: datetime = NOW) -> Sequence[AnyChange]:
    """Return the changes that an act comes to; RefusedError if it may not be."""
    new = Credentials(f"apikey_{number}", f"secret-of-the-key-{number}")
    match act:
        case "add", model_id, replacement:
            model = Model(id=model_id, display_name=model_id, created_at=NOW, replacement=replacement)
            return add_model(reader, model, now)
        case "change", model_id, change:
            return change_model(reader, find_model(reader, model_id), cast("ModelChange", change), now)
        case "deprecate", ids, retires_at, replacement:
            return deprecate_models(reader, choose_models(reader, ids), now, retires_at, replacement)
        case "retire", ids:
            return retire_models(reader, choose_models(reader, ids), now)
        case "hide", ids:
            return hide_models(choose_models(reader, ids))
        case "unhide", ids:
            return unhide_models(choose_models(reader, ids))
        case "remove", ids:
            return remove_models(reader, choose_models(reader, ids))
        case "alias", alias, model_id:
            return add_alias(reader, alias, model_id)
        case "unalias", alias:
            return remove_alias(reader, alias)
        case "create workspace", name:
            return create_workspace(reader, Workspace(id=f"wrkspc_{number}", name=name, created_at=now))
        case "change workspace", name, change:
            return change_workspace(reader, find_workspace(reader, name), cast("WorkspaceChange", change))
        case "archive workspace", name:
            return archive_workspace(reader, find_workspace(reader, name), now)
        case "create key", name, room, expires_at:
            return create_key(reader, new, name, workspace_id_for(reader, room), expires_at, now)
        case "change key", name, change:
            return change_key(reader, find_key(reader, name, now), cast("KeyChange", change), now)
        case "rotate key", name, overlap:
            return rotate_key(reader, find_key(reader, name, now), new, overlap, now)
        case "disable key", name:
            return disable_key(find_key(reader, name, now))
        case "enable key", name:
            return enable_key(find_key(reader, name, now))
        case "archive key", name:
            return archive_key(find_key(reader, name, now))
    raise ValueError(act)


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
