"""What a State shows."""

from operator import attrgetter
from typing import Any

from callsheet.api.state import State


def everything(state: State) -> dict[str, Any]:
    """Everything a State is made of, to compare it with another."""
    return {
        "models": list(state.catalog),
        "aliases": state.catalog.aliases(),
        "tombstones": state.catalog.tombstones(),
        "workspaces": sorted(state.workspaces.values(), key=attrgetter("id")),
        "keys": dict(state.keyring.credentials()),
        "ids": (state.organization_id, state.default_workspace_id, state.revision, state.last_change),
    }
