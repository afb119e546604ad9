"""A sample installation: something of everything that pages show, with names that try to break out of them."""

from typing import Final

from callsheet.domain.access.visibility import Visibility
from callsheet.domain.edits import ModelChange
from callsheet.domain.times import parse_instant
from tests.clients.server import CHINESE, ENCODED, PLAIN, SLASH
from tests.console.held import hold
from tests.installation import Installation, make_model

MARKUP: Final = "<img src=x onerror=alert(1)>\"'&"
RIGHT_TO_LEFT: Final = "نموذج"

#: Addresses of pages, each below ``/console``.
PAGES: Final = (
    "/models",
    f"/models/{PLAIN}",
    f"/models/{PLAIN}/change",
    "/models?q=nothing-like-it",
    "/models?show=suppressed",
    "/models/new",
    "/models/claude-retiring/change",
    "/access",
    "/access?differ=yes",
    "/access/explain",
    f"/access/explain?model={PLAIN}&workspace=default",
    "/access/explain?model=claude-hidden&key=laptop",
    "/access/sees?subject=laptop",
    "/access/compare?first=default&second=laptop",
    "/workspaces",
    "/workspaces/new",
    "/workspaces/default",
    "/workspaces/default/change",
    "/clients",
    "/clients?key=laptop",
    "/keys",
    "/keys/new",
    "/keys/laptop",
    "/keys/laptop/change",
    "/keys/laptop/replace",
    "/welcome",
    "/admin-keys",
    "/admin-keys/sessions",
    "/sources",
    "/sources/new",
    "/sources/gateway",
    "/sources/gateway/change",
    "/changes",
    "/changes?from=1d&kind=model",
    "/changes/1",
    "/changes/compare",
    "/changes/compare?from=1",
    "/changes/at",
    "/changes/at?days=200",
    f"/changes/at/{PLAIN}?as_of=3",
    f"/changes/blame/{PLAIN}",
    "/retirements",
    "/retirements?state=all",
    "/retirements/calendars",
    "/retirements/models/claude-retiring",
)


def fill(installation: Installation) -> None:
    """Put the sample into an empty installation."""
    catalog, access = installation.catalog, installation.access
    for name in (PLAIN, SLASH, CHINESE, *ENCODED, "claude-sample.json"):
        catalog.add(make_model(name, display_name=f"{name[:40]} {MARKUP}", line="opus", description=MARKUP))
    catalog.add(make_model("claude-retiring", display_name=RIGHT_TO_LEFT, line="sonnet", max_input_tokens=200_000))
    catalog.deprecate("claude-retiring", retires_at=parse_instant("2027-03-01"), replacement=PLAIN)
    catalog.alias("claude-latest", PLAIN)
    catalog.remove("claude-2.0")
    catalog.change(PLAIN, ModelChange(max_tokens=64_000))
    catalog.add(make_model("claude-hidden", hidden=True))
    workspace = access.create_workspace(f"Research {MARKUP}", visibility=Visibility(("claude-*",), ("*hidden*",)))
    access.create_workspace(RIGHT_TO_LEFT)
    access.create_key("laptop", workspace.id)
    access.disable_key(access.create_key(MARKUP, None, organization=True).key.id)
    hold(installation, "gateway", (f"acme/{MARKUP}", RIGHT_TO_LEFT), deny=[MARKUP], rename={MARKUP: "acme/two"})
