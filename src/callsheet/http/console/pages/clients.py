"""``/console/clients``: what clients show of a list, and the configuration of those that ask for none."""

import shlex
from typing import Any, Final

from callsheet.http.admin.errors import AdminError
from callsheet.http.console.forms import MENDABLE
from callsheet.http.console.pages.workspace_choices import choices
from callsheet.http.console.routes import Route
from callsheet.http.console.visit import Page, Visit

#: Models that clients are played on, at first and if a person asks for more.
_PLAYED: Final = 100
_MORE_PLAYED: Final = 1000

#: Models in a configuration that is shown.
_EXPORTED: Final = 25

#: Clients that a configuration is written for, with their names for people.
_CONFIGURED: Final = (("claude-code", "Claude Code"), ("opencode", "opencode"), ("codex", "Codex"))


def _show(visit: Visit) -> Page:
    asked = {name: visit.query.get(name) or None for name in ("key", "workspace")}
    limit = _MORE_PLAYED if "more" in visit.query else _PLAYED
    data: dict[str, Any] = {"played": None, "exports": [], "problem": None, "query": dict(visit.query)}
    visit.form.fill({name: value or "" for name, value in asked.items()})
    extra = {"workspaces": choices(visit), "colors": visit.colors}
    try:
        data["played"] = visit.calls.read("listClientViews", limit=limit, **asked)
        subject = data["played"]["subject"]
        if subject["key"] is None and subject["workspace"] is not None:
            visit.form.fill({"workspace": subject["workspace"]["id"], "key": ""})
    except AdminError as error:
        if error.code not in MENDABLE:
            raise
        return Page("clients.html", {**data, "problem": error.message}, "As clients see it", error.status, extra)
    if data["played"]["listed"]:
        data["exports"] = [_export(visit, asked, *each) for each in _CONFIGURED]
    return Page("clients.html", data, "As clients see it", extra=extra)


def _export(visit: Visit, asked: dict[str, str | None], client: str, title: str) -> dict[str, Any]:
    """The configuration of a client, and the command that writes it."""
    if asked["key"] is None and asked["workspace"] is None:
        asked = {"key": None, "workspace": visit.calls.state.default_workspace_id}
    found = visit.calls.read("exportForClient", {"client": client}, url=visit.base_url, limit=_EXPORTED, **asked)
    whose = [f"--{name}={value}" for name, value in asked.items() if value is not None]
    words = ["callsheet", "export", "--for", client, *whose, "--url", visit.base_url]
    words += ["--into", "."] if len(found["files"]) > 1 else []
    return {
        "title": title,
        "command": shlex.join(words),
        "files": found["files"],
        "has_more": found["has_more"],
        "listed": found["listed"],
    }


CLIENTS: Final = (Route(path="/clients", show=_show),)
