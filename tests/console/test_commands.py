"""Each change that the console offers is shown with a command that does the same."""

import json
import re
import shlex
from typing import Any, Final

import pytest

from callsheet.domain.changes.workspaces import WorkspaceChange
from callsheet.domain.edits import ModelChange
from callsheet.domain.times import parse_instant
from callsheet.http.admin.endpoints import ENDPOINTS
from callsheet.http.console.change import Change
from callsheet.http.console.commands import COMMANDS
from tests.cli.conftest import CLI, call
from tests.console.browsing import Browser
from tests.installation import Installation, make_model

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
        "deprecateCatalogModel", {"model": MODEL}, {"retires_at": "2027-01-01", "replacement": "-odd"}
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
}

__all__ = ["call"]  # a fixture


@pytest.fixture
def prepared(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """An installation in which each of the changes does something."""
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
    monkeypatch.setenv("CALLSHEET_DATABASE_URL", installation.url)
    return installation


def test_every_command_is_tried_here() -> None:
    assert set(CHANGES) == set(COMMANDS)


def test_every_command_is_that_of_a_call_that_changes_something() -> None:
    assert set(COMMANDS) <= {endpoint.operation for endpoint in ENDPOINTS if endpoint.changes}


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


def _decided(steps: list[dict[str, Any]]) -> str:
    """What of the steps does not depend on the moment, or on ids that are made."""
    told = [[step[name] for name in ("action", "kind", "subject", "claims")] for step in steps]
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:]+\.\d+Z", "now", json.dumps(told))
