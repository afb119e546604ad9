"""Playing: what clients show to a key or a workspace, of its list or of the beginning of a long one."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple

from callsheet.api.explain import Asker
from callsheet.api.state import State
from callsheet.api.views import Views
from callsheet.doctor.clients.rules import load_clients
from callsheet.domain.access.visibility import SEES_ALL
from callsheet.domain.catalog import Catalog
from callsheet.domain.model import Model
from callsheet.domain.query import Reach
from callsheet.service.clients.played import play_in
from callsheet.service.clients.views import ClientStep, ClientView, client_steps, client_views
from callsheet.service.explain.explainer import Explainer, Listed
from callsheet.service.explain.seeing import what_sees

#: Of a longer list, a client is asked about one model as if it were alone there.
MAX_STEPS_MODELS: Final = 50


class Played(NamedTuple):
    """What clients show of a list.

    Parameters
    ----------
    listed
        Whose list it is, and those of its models that the clients were played on.
    views
        What the clients show; none if the key is refused.
    """

    listed: Listed
    views: Sequence[ClientView]


def views_for(
    explainer: Explainer,
    key: str | None,
    workspace: str | None,
    now: datetime,
    *,
    clients: Iterable[str] = (),
    most: int,
) -> Played:
    """Return what clients show to a key, or to any key of a workspace; without either, of the default workspace.

    Parameters
    ----------
    explainer
        The moment of the installation.
    key, workspace
        As for `Explainer.listed_for`.
    now
        The time (aware).
    clients
        Names of clients; all if empty.
    most
        Models that are looked at, from the beginning of the list.

    Raises
    ------
    DoesNotExistError, ConflictError
        As for `Explainer.listed_for`.
    DoctorError
        No client has one of the names.
    """
    rules = load_clients(clients)
    listed = explainer.listed_for(key, workspace, most)
    ids = [model.id for model in listed.models]
    if listed.refusal is not None:
        return Played(listed, ())
    state = _only(explainer.state, listed.workspace_id, listed.models)
    views = client_views(play_in(state, listed.workspace_id, ids, rules, now), ids)
    return Played(listed, views)


def steps_for(
    explainer: Explainer, name: str, key: str | None, workspace: str | None, now: datetime
) -> list[ClientStep]:
    """Return what each client makes of the model that ``name`` means; nothing where it is in no list.

    Parameters are those of `views_for`. A list of more than `MAX_STEPS_MODELS` is not played: then the model is
    looked at as if it were alone there, which leaves out what clients do because a list is long.

    Raises
    ------
    DoesNotExistError, ConflictError
        There is no such model, key or workspace.
    """
    model = explainer.model(name)
    listed = explainer.listed_for(key, workspace, MAX_STEPS_MODELS)
    workspace_id, models = listed.workspace_id, list(listed.models)
    asker = Asker(None, workspace_id)
    seen = what_sees(explainer.state, asker, now.timestamp(), [model]) if workspace_id else iter(())
    if not any(reach is Reach.LISTED for _, reach in seen):
        return []
    if listed.has_more:
        models = [model]
    state, ids = _only(explainer.state, workspace_id, models), [each.id for each in models]
    return [
        step for rules in load_clients() for step in client_steps(state, rules, workspace_id, ids, model.id, now)
    ]


def _only(state: State, workspace_id: str, models: Sequence[Model]) -> State:
    """The same installation with only ``models``, all of which the workspace sees; it shares no encoded view."""
    workspace = replace(state.workspaces[workspace_id], visibility=SEES_ALL)
    return replace(state, catalog=Catalog(models), workspaces={workspace_id: workspace}, views=Views())
