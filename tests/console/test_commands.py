"""Each change that the console offers is shown with a command that does the same."""

import json
import re
import shlex
from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.cli.app import command_tree
from callsheet.cli.commands.sources.options import cleared, members_of
from callsheet.domain.access.admin_key import Scope
from callsheet.domain.changes.workspaces import WorkspaceChange
from callsheet.domain.edits import ModelChange
from callsheet.domain.times import parse_instant
from callsheet.http.admin.endpoints import ENDPOINTS
from callsheet.http.console.change import Change
from callsheet.http.console.commands import COMMANDS
from callsheet.service.admin.admin_keys import AdminKeyService
from callsheet.service.admin.sessions import SessionService
from callsheet.service.retirements.calendars import CalendarService
from callsheet.service.sync.config import read_config
from callsheet.service.sync.sources import SourcesService
from tests.cli.conftest import CLI, call
from tests.console.browsing import Browser
from tests.console.conftest import Fill
from tests.console.held import hold
from tests.installation import Installation, make_model, now

MODEL: Final = "claude-one"

#: A change for each call that has a command, with values that a shell or an option could mistake for its own.
CHANGES: Final = {
    "createCatalogModel": Change(
        "createCatalogModel",
        {},
        {
            "id": "claude-two",
            "display_name": 'It\'s "two"',
            "max_tokens": 64000,
            "capabilities": {"batch": {"supported": True}},
        },
    ),
    "updateCatalogModel": Change(
        "updateCatalogModel", {"model": MODEL}, {"display_name": "-x", "line": None, "max_input_tokens": 200000}
    ),
    "removeCatalogModel": Change("removeCatalogModel", {"model": MODEL}),
    "deprecateCatalogModel": Change(
        "deprecateCatalogModel", {"model": MODEL}, {"retires_at": "2099-01-01", "replacement": "-odd"}
    ),
    "retireCatalogModel": Change("retireCatalogModel", {"model": "-odd"}),
    "hideCatalogModel": Change("hideCatalogModel", {"model": "-odd"}),
    "unhideCatalogModel": Change("unhideCatalogModel", {"model": "claude-hidden"}),
    "releaseCatalogModel": Change("releaseCatalogModel", {"model": MODEL}, {"fields": ["line"]}),
    "createAlias": Change("createAlias", {}, {"alias": "-latest", "model_id": MODEL}),
    "removeAlias": Change("removeAlias", {"alias": "one"}),
    "createKeyRecord": Change(
        "createKeyRecord", {}, {"name": "-the 'new' one", "workspace": "Research", "expires_at": "2099-01-01"}
    ),
    "updateKeyRecord": Change(
        "updateKeyRecord", {"key": "-ci"}, {"name": "-x", "workspace": None, "expires_at": None}
    ),
    "rotateKeyRecord": Change("rotateKeyRecord", {"key": "-ci"}, {"overlap_hours": 1.5}),
    "disableKeyRecord": Change("disableKeyRecord", {"key": "-ci"}),
    "enableKeyRecord": Change("enableKeyRecord", {"key": "stopped"}),
    "archiveKeyRecord": Change("archiveKeyRecord", {"key": "-ci"}),
    "revertCatalog": Change("revertCatalog", {}, {"to": "2", "models": [MODEL]}),
    "revertWorkspaces": Change("revertWorkspaces", {}, {"to": "7", "workspaces": ["Research"]}),
    "createWorkspaceRecord": Change(
        "createWorkspaceRecord",
        {},
        {"name": "-Team 'A'", "allow": [], "deny": ["-*"], "shape": "classic", "display_color": "#123456"},
    ),
    "updateWorkspaceRecord": Change(
        "updateWorkspaceRecord",
        {"workspace": "Research"},
        {"name": "Research 2", "allow": ["*"], "deny": ["-*", "b*"], "shape": None, "display_color": None},
    ),
    "archiveWorkspaceRecord": Change("archiveWorkspaceRecord", {"workspace": "Research"}),
    "createSource": Change(
        "createSource",
        {},
        {
            "name": "other",
            "config": {
                "url": "http://127.0.0.1:2/it's",
                "kind": "openai",
                "allow": ["-*", "claude-*"],
                "rename": {"a=b": "c", "d": "-e"},
                "prefix": "-p/",
                "fold_variants": True,
                "every": "never",
                "after": "3 runs and 2h",
            },
        },
    ),
    "updateSource": Change(
        "updateSource",
        {"source": "gateway"},
        {
            "config": {
                "deny": [],
                "rename": {},
                "long_context_rows": False,
                "region": "",
                "prefix": "x y",
                "new": "list",
            },
            "before": "first",
        },
    ),
    "removeSource": Change("removeSource", {"source": "gateway"}),
    "forgetSource": Change("forgetSource", {"source": "gateway"}),
    "acceptSource": Change("acceptSource", {"source": "gateway"}),
    "setBuiltinMode": Change("setBuiltinMode", {}, {"mode": "inform"}),
    "createCalendar": Change("createCalendar", {}, {"name": "-team", "workspace": "Research"}),
    "revokeCalendar": Change("revokeCalendar", {"calendar": "-old"}),
}

#: Sources that are there.
FIRST: Final = {"kind": "openai", "url": "http://127.0.0.1:1"}
GATEWAY: Final = {"deny": ["x"], "rename": {"a": "b"}, "region": "eu", "long_context_rows": True, "asks_keys": True}

#: Changes that no plan has steps of, as no caller notices them.
UNPLANNED: Final = frozenset({"pauseSource", "resumeSource", "rejectSource"})

#: Changes of what is found by an id that is made for it.
BY_ID: Final = frozenset({"archiveAdminKey"})

#: Calls that ask an upstream, and whose commands show what it answers.
ASKED: Final = frozenset({"syncSource", "planSource", "trySource"})

#: Calls that end sessions, which no plan is of.
ENDING: Final = frozenset({"endSession", "endSessions"})

__all__ = ["call"]  # a fixture


def fill(installation: Installation) -> None:
    """Add something for each of the changes to change."""
    catalog = installation.catalog
    catalog.add(make_model(MODEL, line="opus"))
    catalog.add(make_model("-odd"))
    catalog.add(make_model("claude-hidden", hidden=True))
    catalog.alias("one", MODEL)
    catalog.change(MODEL, ModelChange(description="The first."))
    workspace = installation.access.create_workspace("Research")
    installation.access.change_workspace(workspace.id, WorkspaceChange(deny=("*odd*",)))
    installation.access.create_key("-ci", workspace.id, expires_at=parse_instant("2099-06-01"))
    installation.access.disable_key(installation.access.create_key("stopped").key.id)
    CalendarService(installation.store, "test", now).create("-old")
    SourcesService(installation.store, "test", now).add("first", read_config(FIRST))
    hold(installation, "gateway", ("acme/one",), **GATEWAY)


@pytest.fixture
def prepared(
    installation: Installation, stock: Callable[[Fill], None], monkeypatch: pytest.MonkeyPatch
) -> Installation:
    """An installation in which each of the changes does something."""
    stock(fill)
    monkeypatch.setenv("CALLSHEET_DATABASE_URL", installation.url)
    return installation


def test_every_command_is_tried_here() -> None:
    assert set(CHANGES) | UNPLANNED | BY_ID | ASKED | ENDING == set(COMMANDS)


def test_every_command_is_that_of_a_call_that_changes_something() -> None:
    assert set(COMMANDS) - ASKED - ENDING <= {endpoint.operation for endpoint in ENDPOINTS if endpoint.changes}


@pytest.mark.parametrize("operation", sorted(UNPLANNED))
def test_a_command_without_a_plan_does_what_its_call_does(
    operation: str, prepared: Installation, call: CLI
) -> None:
    sources = SourcesService(prepared.store, "test", now)
    if operation == "resumeSource":
        sources.pause("gateway")
    change = Change(operation, {"source": "gateway"})
    assert not Browser(prepared).rehearse(change)["steps"]
    assert call(*shlex.split(change.command() or "")[1:]).code == 0
    done = sources.show("gateway")
    assert (done.state.paused, done.pending is None) == (operation == "pauseSource", operation == "rejectSource")


#: Members of a source's configuration, with what a shell or an option could mistake for its own.
_TEXTS: Final = st.text(st.sampled_from("a-=*'\" /"), min_size=1, max_size=6)
_CONFIGS: Final = st.fixed_dictionaries(
    {},
    optional={
        "secret": st.one_of(st.none(), st.just("env:KEY"), st.just("file:/a/b c")),
        "prefix": st.one_of(st.just(""), _TEXTS),
        "rename": st.dictionaries(_TEXTS.filter(lambda text: "=" not in text), _TEXTS, max_size=3),
        "allow": st.lists(_TEXTS, max_size=3),
        "fold_variants": st.booleans(),
        "every": st.sampled_from(["5m", "never"]),
        "missing": st.sampled_from(["keep", "hide"]),
        "asks_keys": st.booleans(),
        "workspace": st.one_of(st.just(""), _TEXTS),
    },
)


@given(config=_CONFIGS)
def test_the_command_of_a_change_of_a_source_says_every_member_as_it_is(config: dict[str, Any]) -> None:
    words = shlex.split(Change("updateSource", {"source": "gateway"}, {"config": config}).command() or "")
    command = command_tree().get_command(None, "sources").get_command(None, "change")
    parsed = command.make_context("change", words[3:]).params
    given = {name: list(each) or None if isinstance(each, tuple) else each for name, each in parsed.items()}
    said = {**cleared(given["clear"] or []), **members_of(given)}
    assert said == config


@pytest.mark.parametrize("operation", CHANGES)
def test_a_command_plans_what_its_call_does(operation: str, prepared: Installation, call: CLI) -> None:
    change = CHANGES[operation]
    planned = Browser(prepared).rehearse(change)
    assert planned["steps"]
    words = shlex.split(change.command() or "")
    options = ["--dry-run", "--json"]
    at = words.index("--") if "--" in words else len(words)
    done = call(*words[1:at], *options, *words[at:])
    assert _decided(done.json["steps"]) == _decided(planned["steps"])


def test_an_admin_key_is_archived_by_the_command_that_is_shown(prepared: Installation, call: CLI) -> None:
    key = AdminKeyService(prepared.store, "test", now).create("-old", [Scope.READ]).key
    change = Change("archiveAdminKey", {"admin_key_id": key.id})
    planned = Browser(prepared).rehearse(change)
    done = call(*shlex.split(change.command() or "")[1:], "--dry-run", "--json")
    assert _decided(done.json["steps"]) == _decided(planned["steps"])


@pytest.mark.parametrize("operation", sorted(ENDING))
def test_a_session_is_ended_by_the_command_that_is_shown(operation: str, prepared: Installation, call: CLI) -> None:
    service = SessionService(prepared.store, now)
    sessions = [service.of_user(name, (Scope.READ,)) for name in ("ada", "grace")]
    ids = {"session": sessions[0].id} if operation == "endSession" else {}
    assert call(*shlex.split(Change(operation, ids).command() or "")[1:]).code == 0
    assert list(service.list()) == (sessions[1:] if operation == "endSession" else [])


def _decided(steps: list[dict[str, Any]]) -> str:
    """What of the steps does not depend on the moment, or on ids that are made."""
    told = [[step[name] for name in ("action", "kind", "subject", "claims")] for step in steps]
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:]+\.\d+Z", "now", json.dumps(told))
