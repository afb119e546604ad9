"""A State knows which source is asked about keys, and forgets what it knows of keys as soon as that changes."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from callsheet.api.grants import Verdict
from callsheet.api.state import State
from callsheet.domain.access.delegation import Delegation, KeyMode
from callsheet.domain.access.grant import GrantedModels
from callsheet.domain.sources.source import SourceRecord
from callsheet.service.state.delegated import delegated, key_source_of
from callsheet.service.state.file import StateFile
from callsheet.service.sync.config import SourceConfig
from callsheet.service.sync.sources import SourcesService
from callsheet.sources.upstream import SourceKind
from tests.installation import Installation, again_on_postgresql, make_model, now

SECRET = b"sk-of-the-gateway"


def add(installation: Installation, **config: Any) -> SourcesService:
    sources = SourcesService(installation.store, "test", now)
    wanted: dict[str, Any] = {"kind": SourceKind.LITELLM, "url": "http://127.0.0.1:9", "asks_keys": True, **config}
    sources.add("gateway", SourceConfig(**wanted))
    return sources


def remember(state: State) -> None:
    """Remember of a key that it was accepted."""
    state.grants.put(SECRET, Verdict.ACCEPTED, GrantedModels([make_model("alpha")]), 0, 1e12)


def is_known(state: State) -> bool:
    return state.grants.find(SECRET, 1) is not None


@again_on_postgresql
def test_a_state_knows_the_source_that_is_asked(installation: Installation) -> None:
    live = installation.live()
    assert not is_asking(live.current)
    sources = add(installation, key_mode=KeyMode.GOVERN)
    live.refresh()
    assert live.current.delegation == Delegation("gateway", KeyMode.GOVERN, None, "", by_client=True)
    assert is_asking(live.current)
    assert installation.live().current.key_source == live.current.key_source
    sources.remove("gateway")
    live.refresh()
    assert not is_asking(live.current)


CHANGES: dict[str, dict[str, Any]] = {
    "url": {"url": "http://127.0.0.1:10"},
    "kind": {"kind": "openai"},
    "secret": {"secret": "env:KEY"},
    "rename": {"rename": {"a": "b"}},
    "mode": {"key_mode": "observe"},
    "off": {"asks_keys": False},
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_what_is_asked_forgets_everything(installation: Installation, change: str) -> None:
    sources = add(installation)
    live = installation.live()
    remember(live.current)
    sources.change("gateway", CHANGES[change])
    before = live.current
    live.refresh()
    assert not is_known(live.current)
    assert is_known(before), "requests that are being answered from it go on"


def test_forgetting_forgets_everything_and_nothing_else_does(installation: Installation) -> None:
    sources = add(installation)
    live = installation.live()
    remember(live.current)
    installation.add(make_model("alpha"))
    sources.change("gateway", {"every": "10m", "missing": "keep"})
    live.refresh()
    assert is_known(live.current)
    sources.forget("gateway")
    live.refresh()
    assert not is_known(live.current)
    assert live.current.grants.is_active


def test_a_state_that_is_read_as_a_whole_remembers_as_well(installation: Installation) -> None:
    add(installation)
    live = installation.live()
    remember(live.current)
    live.current = replace(live.current, last_change=(10**9, "2020-01-01T00:00:00Z"))
    live.refresh()
    assert is_known(live.current)


def test_the_state_file_holds_what_is_asked_and_nothing_of_keys(installation: Installation, tmp_path: Path) -> None:
    add(installation)
    live = installation.live()
    remember(live.current)
    file = StateFile(tmp_path / "state", installation.store.canonical_address)
    file.write(live.current, 0.0, lambda _: None)
    saved = file.read(live.current.options)
    assert saved is not None
    assert saved.state.key_source == live.current.key_source
    assert saved.state.delegation == live.current.delegation
    assert saved.state.grants.is_active
    assert not is_known(saved.state)
    assert file.holds(live.current)


def is_asking(state: State) -> bool:
    return state.grants.is_active and state.delegation is not None


def record(name: str, **config: Any) -> SourceRecord:
    wanted = {"kind": "openai", "url": "http://127.0.0.1:9", **config}
    return SourceRecord(name, 1, wanted, datetime(2026, 1, 1, tzinfo=UTC))


def test_of_two_sources_the_first_is_asked() -> None:
    found = key_source_of([record("a"), record("b", asks_keys=True), record("c", asks_keys=True)])
    assert found is not None
    assert found["name"] == "b"


def test_a_mode_of_a_later_release_asks_nothing() -> None:
    found = delegated(key_source_of([record("a", asks_keys=True, key_mode="something new")]))
    assert (found.key_source, found.delegation, found.grants.is_active) == (None, None, False)


def test_each_process_remembers_under_a_key_of_its_own() -> None:
    asked = key_source_of([record("a", asks_keys=True)])
    one, other = delegated(asked), delegated(asked)
    assert one.grants._name(SECRET, b"") != other.grants._name(SECRET, b"")
