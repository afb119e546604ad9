"""``callsheet clients``: what known clients show of the list."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from callsheet.cli.commands.explain import explaining_here
from callsheet.cli.database import DatabaseURL
from callsheet.cli.input.completion import complete_key, complete_workspace
from callsheet.cli.output.client_views import print_client, print_clients
from callsheet.cli.output.tables import AsJSON, print_json, say
from callsheet.cli.viewing import AsOfOption, Viewing
from callsheet.service.explain.explainer import Listed
from callsheet.service.explain.words import why

if TYPE_CHECKING:
    from callsheet.service.clients.playing import Played


def clients(
    key: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Id or name of the key that asks.", autocompletion=complete_key),
    ] = None,
    workspace: Annotated[
        str | None,
        typer.Option(
            metavar="WORKSPACE",
            help="Id or name of a workspace; with --key, the one that the request names. Without either, the "
            "default workspace.",
            autocompletion=complete_workspace,
        ),
    ] = None,
    client: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Only this client, such as claude-code, with each model by name."),
    ] = None,
    as_of: AsOfOption = None,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Show what Claude Code, Claude Desktop, the SDKs and other clients show of the list, and why not the rest."""
    viewing = Viewing(database, as_of)
    played, refusal = _play(viewing, key, workspace, client)
    views, (subject, refused, _, models, has_more) = played.views, played.listed
    known = [model.id for model in models]
    if as_json:
        reason = None if refused is None else refused.reason
        record = {"for": subject.record(), "refused": reason, "clients": [each.record() for each in views]}
        print_json(viewing.record(record))
    elif refusal:
        say(f"Every client is refused: {refusal}.")
    elif client is not None:
        print_client(views, known, subject.title)
    else:
        print_clients(views, known, subject.title)
    if has_more:
        say(f"The list is longer; a server looks at the first {len(known):,} models of it only.")


def _play(viewing: Viewing, key: str | None, workspace: str | None, client: str | None) -> "tuple[Played, str]":
    """Return what clients show, and why the key is refused, as the rest of a sentence; empty if it is not."""
    if viewing.server is not None:
        from callsheet.remote.explaining import RemoteExplainer  # for --remote only

        remote = RemoteExplainer(viewing.connection)
        played = remote.played(key, workspace, client)
        return played, _why(played.listed, remote.workspace_name)
    from callsheet.doctor.clients.rules import load_clients  # these bring the doctor, which takes long to import
    from callsheet.service.clients.played import play_in
    from callsheet.service.clients.playing import Played
    from callsheet.service.clients.views import client_views

    rules = load_clients([] if client is None else [client])
    with explaining_here(viewing) as explainer:
        listed = explainer.listed_for(key, workspace)
        refusal = _why(listed, explainer.workspace_name)
        known = [model.id for model in listed.models]
        reports = [] if refusal else play_in(explainer.state, listed.workspace_id, known, rules, viewing.clock())
    return Played(listed, client_views(reports, known)), refusal


def _why(listed: Listed, workspace_name: Callable[[str], str]) -> str:
    return "" if listed.refusal is None else why(listed.subject, listed.refusal, workspace_name)
