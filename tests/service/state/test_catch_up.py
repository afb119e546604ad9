"""Catching up with what has changed gives the State that loading everything anew would give."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.api.state import State
from callsheet.domain.changes.change import Action, Change
from callsheet.domain.changes.claiming import claim
from callsheet.domain.changes.workspaces import WorkspaceChange
from callsheet.domain.claims.claims import Claims
from callsheet.domain.claims.manager import Manager, ManagerKind
from callsheet.domain.errors import ForeignDatabaseError, RefusedError
from callsheet.domain.sources.source import SourceRecord
from callsheet.domain.sources.state import SourceState
from callsheet.service.access import AccessService
from callsheet.service.setup import open_store
from callsheet.service.state.live import LiveState
from callsheet.storage.store import Store
from tests.installation import Installation, again_on_postgresql, make_model
from tests.postgres import Databases
from tests.tiers import examples

IDS = ["a", "b", "c", "claude-opus-5", "claude-2.0"]
ALIASES = ["x", "y", "claude-opus-4-5", "a"]
NAMES = ["research", "lab", "default"]
SECRETS = ["sixteen-characters-1", "sixteen-characters-2", "sixteen-characters-3"]

NOW = datetime(2026, 11, 20, tzinfo=UTC)

ids, aliases, names = st.sampled_from(IDS), st.sampled_from(ALIASES), st.sampled_from(NAMES)
days = st.integers(1, 3)

Operation = Callable[[Installation], Any]


def _operation(act: Callable[..., Any], *arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Operation]:
    return st.tuples(*arguments).map(lambda drawn: lambda it: act(it, *drawn))


operations = st.one_of(
    _operation(lambda it, name, day: it.catalog.add(make_model(name, f"2026-01-0{day}")), ids, days),
    _operation(
        lambda it, name, day: it.catalog.change(
            name, {"created_at": make_model("m", f"2026-02-0{day}").created_at}
        ),
        ids,
        days,
    ),
    _operation(lambda it, name: it.catalog.deprecate(name, replacement="a"), ids),
    _operation(lambda it, name: it.catalog.retire(name), ids),
    _operation(lambda it, name: it.catalog.hide(name), ids),
    _operation(lambda it, name: it.catalog.unhide(name), ids),
    _operation(lambda it, name: it.catalog.remove(name), ids),
    _operation(lambda it, alias, name: it.catalog.alias(alias, name), aliases, ids),
    _operation(lambda it, alias: it.catalog.unalias(alias), aliases),
    _operation(lambda it, name: it.workspace(name), names),
    _operation(lambda it, name, other: it.access.change_workspace(name, _renamed(other)), names, names),
    _operation(lambda it, name: it.access.archive_workspace(name), names),
    _operation(
        lambda it, secret, name: it.access.create_key("key", name, secret=secret), st.sampled_from(SECRETS), names
    ),
    _operation(lambda it: it.access.rotate_key("key", timedelta(days=1))),
    _operation(lambda it: it.access.disable_key("key")),
    _operation(lambda it: it.access.enable_key("key")),
    _operation(lambda it: it.access.archive_key("key")),
)


def _renamed(name: str) -> WorkspaceChange:
    return WorkspaceChange(name=name, allow=(f"{name}*",), deny=())


def seen(state: State) -> dict[str, Any]:
    """Everything a State is asked for."""
    return {
        "models": list(state.catalog),
        "aliases": state.catalog.aliases(),
        "places": {name: state.catalog.locate(name) for name in [*IDS, *ALIASES, "never"]},
        "workspaces": sorted(state.workspaces.values(), key=attrgetter("id")),
        "keys": len(state.keyring),
        "found": {secret: state.keyring.find(secret.encode()) for secret in SECRETS},
        "ids": (state.organization_id, state.default_workspace_id, state.revision),
    }


_numbers = count()


rounds = st.lists(st.lists(operations, max_size=4), min_size=1, max_size=6)


@examples(0.5)
@given(rounds)
def test_catching_up_step_by_step_is_loading_everything(
    installation: Installation, tmp_path: Path, rounds: list[list[Operation]]
) -> None:
    path = tmp_path / f"{next(_numbers)}.db"  # every example begins with a fresh one
    shutil.copy(installation.store.display_name, path)
    follow(Installation(f"sqlite:///{path}"), rounds)


@examples(0.08)
@given(rounds)
def test_so_it_is_on_postgresql(postgres: Databases, postgres_template: str, rounds: list[list[Operation]]) -> None:
    follow(Installation(postgres.make(postgres_template)), rounds)


def follow(installation: Installation, rounds: list[list[Operation]]) -> None:
    """After each round of operations, catch up, and load everything anew."""
    live = installation.live()
    for operations_between in rounds:
        for operation in operations_between:
            with suppress(RefusedError):
                operation(installation)
        before = live.current
        assert live.refresh() is (installation.live().current.revision != before.revision)
        assert seen(live.current) == seen(installation.live().current)


@again_on_postgresql
def test_a_state_that_is_up_to_date_stays_the_very_same(installation: Installation) -> None:
    live = installation.live()
    before = live.current
    assert live.refresh() is False
    assert live.current is before


@again_on_postgresql
def test_what_a_change_of_keys_does_not_touch_is_shared(installation: Installation) -> None:
    live = installation.live()
    before = live.current
    installation.key()
    assert live.refresh() is True
    assert live.current.catalog is before.catalog
    assert live.current.workspaces is before.workspaces
    assert live.current.views is before.views
    assert live.current is not before


def test_what_is_only_claimed_or_configured_leaves_every_view_as_it_is(installation: Installation) -> None:
    live = installation.live()
    before = live.current
    source = SourceRecord("up", 1, {}, NOW)
    with installation.store.write("test", NOW) as writing:
        writing.apply([Change(Action.ADD, None, source)])
        writing.apply(claim(writing, [Claims("m", Manager(ManagerKind.SOURCE, "up"), fields={"line": "x"})]))
    assert live.refresh() is True
    assert live.current.revision == before.revision + 1
    assert live.current.catalog is before.catalog
    assert live.current.workspaces is before.workspaces
    assert live.current.views is before.views


@again_on_postgresql
def test_the_state_of_a_source_and_its_lease_are_no_news(installation: Installation) -> None:
    with installation.store.write("test", NOW) as writing:
        writing.apply([Change(Action.ADD, None, SourceRecord("up", 1, {}, NOW))])
    live = installation.live()
    before = live.current
    with installation.store.watch() as watch:
        watch.changed(0)
        with installation.store.write("test", NOW) as writing:
            assert writing.take_lease("up", "process", NOW, NOW + timedelta(seconds=60))
            writing.put_source_state(SourceState("up", failures=1))
        watch.changed(0)
        assert live.refresh(watch) is False
    assert live.current is before


def test_another_installation_in_its_place_is_refused_and_loaded_by_whoever_starts(
    installation: Installation, tmp_path_factory: pytest.TempPathFactory
) -> None:
    live = installation.live()
    before = live.current
    other = tmp_path_factory.mktemp("other") / "callsheet.db"
    service = AccessService(open_store(f"sqlite:///{other}", lambda: NOW), "test", lambda: NOW)
    for number in range(5):  # a higher revision than ours, which must not matter
        service.create_workspace(f"workspace {number}")
    other.replace(installation.store.display_name)
    with pytest.raises(ForeignDatabaseError):
        live.refresh()
    assert live.current is before
    assert len(LiveState(Store(installation.url), before.options).current.workspaces) == 6


def test_an_earlier_backup_put_back_is_loaded_anew(
    installation: Installation, tmp_path_factory: pytest.TempPathFactory
) -> None:
    backup = tmp_path_factory.mktemp("backup") / "callsheet.db"
    backup.write_bytes(Path(installation.store.display_name).read_bytes())
    live = installation.live()
    installation.add(make_model("new"))
    installation.key()
    live.refresh()
    assert live.current.catalog.get("new") is not None
    backup.replace(installation.store.display_name)
    assert live.refresh() is True
    assert live.current.catalog.get("new") is None
    assert len(live.current.keyring) == 0
