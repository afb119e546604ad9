"""``callsheet clients``: what known clients show of the list, without a server."""

from typing import Annotated

import typer

from callsheet.cli.commands.explain import explaining_here
from callsheet.cli.database import DatabaseURL
from callsheet.cli.input.completion import complete_key, complete_workspace
from callsheet.cli.output.client_views import print_client, print_clients
from callsheet.cli.output.tables import AsJSON, print_json, say
from callsheet.cli.viewing import AsOfOption, Viewing
from callsheet.service.explain.words import why


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
    from callsheet.doctor.clients.rules import load_clients  # these bring the doctor, which takes long to import
    from callsheet.service.clients.played import play_in
    from callsheet.service.clients.views import client_views

    rules = load_clients([] if client is None else [client])
    viewing = Viewing(database, as_of)
    with explaining_here(viewing) as explainer:
        seen = explainer.listed_for(key, workspace)
        who = seen.subject.title
        refusal = "" if seen.refusal is None else why(seen.subject, seen.refusal, explainer.workspace_name)
        known = [model.id for model in seen.models]
        reports = [] if refusal else play_in(explainer.state, seen.workspace_id, known, rules, viewing.clock())
    views = client_views(reports, known)
    if as_json:
        refused = None if seen.refusal is None else seen.refusal.reason
        record = {"for": seen.subject.record(), "refused": refused, "clients": [each.record() for each in views]}
        print_json(viewing.record(record))
    elif refusal:
        say(f"Every client is refused: {refusal}.")
    elif client is not None:
        print_client(views, known, who)
    else:
        print_clients(views, known, who)
