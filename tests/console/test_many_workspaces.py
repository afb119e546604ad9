"""Pages of an installation with thousands of workspaces: still short enough to read, and to load."""

from datetime import timedelta
from typing import Final

import pytest

from callsheet.domain.access.visibility import Visibility
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.changes.change import Action, Change
from callsheet.domain.model import Lifecycle
from tests.console.browsing import Browser
from tests.installation import make_model, now

WORKSPACES: Final = 2_000
MAX_PAGE_BYTES: Final = 150_000


@pytest.fixture
def many(signed_in: Browser) -> Browser:
    """A browser at an installation in which most workspaces share their rules, and a hundred have their own."""
    installation = signed_in.installation
    installation.add_at_once(
        make_model(
            f"claude-{number:03}",
            lifecycle=Lifecycle.DEPRECATED,
            deprecated_at=now(),
            retires_at=now() + timedelta(days=30 + number),
        )
        for number in range(60)
    )
    made = [
        Workspace(
            id=f"wrkspc_{number:05}",
            name=f"Team {number:05} of a department with a long name",
            visibility=Visibility(("claude-*", *([f"own-{number}-*"] if number % 20 == 0 else ()))),
            created_at=now(),
        )
        for number in range(WORKSPACES)
    ]
    with installation.store.write("test", now()) as writing:
        writing.apply([Change(Action.CREATE, None, each) for each in made])
    signed_in.served.live.refresh()
    return signed_in


def test_every_page_is_short(many: Browser) -> None:
    sizes = {
        path: len(many.ask("GET", f"/console/{path}").content)
        for path in (
            "models/claude-000",
            "access",
            "access/explain?model=claude-000&workspace=wrkspc_00020",
            "access/sees?subject=wrkspc_00001",
            "clients",
            "clients?workspace=wrkspc_00001",
            "workspaces",
            "workspaces/wrkspc_00001",
            "keys",
            "keys/new",
            "sources/new",
            "retirements",
            "retirements/calendars",
            "changes",
            "changes/compare?from=1",
        )
    }
    plan = many.send(many.open("/console/models/claude-000"), "Hide…")
    sizes["the plan"] = len(plan.reply.content)
    assert {path: size for path, size in sizes.items() if size > MAX_PAGE_BYTES} == {}, sizes
