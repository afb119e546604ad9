"""The State that changes would lead to, without writing them anywhere."""

from collections.abc import Iterable
from dataclasses import replace

from callsheet.api.state import State
from callsheet.api.views import Views
from callsheet.domain.access.key import APIKey
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.alias import Alias
from callsheet.domain.changes.change import AnyChange
from callsheet.domain.model import Model


def changed_state(state: State, changes: Iterable[AnyChange]) -> State:
    """Return ``state`` with these changes made, in their order, as it would be loaded after them.

    Revision and last change stay, as nothing has been written; the views are new, as it is not to be served.
    """
    models: dict[str, Model | None] = {}
    aliases: dict[str, str | None] = {}
    tombstones: dict[str, str | None] = {}
    workspaces, keys = dict(state.workspaces), dict[str, APIKey]()
    for change in changes:
        match change.value:
            case Model() as model:
                is_gone = change.after is None
                models[model.id] = None if is_gone else model
                tombstones[model.id] = model.sort_key if is_gone else None
            case Alias(alias, model_id):
                aliases[alias] = None if change.after is None else model_id
            case Workspace() as workspace if workspace.archived_at is None:
                workspaces[workspace.id] = workspace
            case Workspace() as workspace:
                workspaces.pop(workspace.id, None)
            case APIKey() as key:
                keys[key.id] = key
    return replace(
        state,
        catalog=state.catalog.changed(models, aliases, tombstones),
        keyring=state.keyring.changed(keys.values()),
        workspaces=workspaces,
        views=Views(),
    )
