"""``callsheet explain``, ``who-sees``, ``what-sees`` and ``diff-keys``: why, who and what."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from callsheet.api.dialect import Dialect
from callsheet.cli.catalogue_places import with_places
from callsheet.cli.database import DatabaseURL
from callsheet.cli.input.completion import complete_key, complete_model, complete_workspace
from callsheet.cli.input.secret import read_secret
from callsheet.cli.output.explanation import print_explanation
from callsheet.cli.output.matrix import put_matrix
from callsheet.cli.output.remedies import print_fixes
from callsheet.cli.output.seeing import print_compared, print_sightings, print_viewers
from callsheet.cli.output.tables import AsJSON, print_json
from callsheet.cli.viewing import AsOfOption, Viewing
from callsheet.domain.errors import InvalidError
from callsheet.domain.query import Reach
from callsheet.service.explain.commands import fix_record
from callsheet.service.explain.explainer import Explained, Explainer
from callsheet.service.explain.records import explanation_record
from callsheet.service.explain.words import why

if TYPE_CHECKING:
    from callsheet.service.administration import Explaining
    from callsheet.service.clients.views import ClientStep

#: What `diff-keys` ends with if there is a difference, as `plan` does.
DIFFERENT: Final = 2

#: What `explain` ends with.
CODES: Final = {Reach.LISTED: 0, Reach.RETRIEVABLE: 3, Reach.ABSENT: 4}

Name = Annotated[
    str, typer.Argument(metavar="MODEL", help="Id or alias of a model.", autocompletion=complete_model)
]


AnyName = Annotated[
    str | None, typer.Argument(metavar="MODEL", help="Id or alias of a model.", autocompletion=complete_model)
]

SubjectName = Annotated[str, typer.Argument(metavar="KEY|WORKSPACE", help="Id or name of a key or a workspace.")]


@contextmanager
def explaining(viewing: Viewing) -> "Iterator[Explaining]":
    """Yield what explains what a command reads."""
    if viewing.server is not None:
        from callsheet.remote.explaining import RemoteExplainer  # for --remote only

        yield RemoteExplainer(viewing.connection)
        return
    with explaining_here(viewing) as explainer:
        yield explainer


@contextmanager
def explaining_here(viewing: Viewing) -> Iterator[Explainer]:
    """Yield what explains a database; InvalidError if a server is asked in its place."""
    from callsheet.http.app import options_of  # slow to import

    if viewing.server is not None:
        raise viewing.server.refuse()
    with viewing.read() as reading:
        yield Explainer(reading, options_of(viewing.settings), viewing.clock(), proposes=viewing.is_of_now)


def explain(
    name: Name,
    key: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Id or name of the key that asks.", autocompletion=complete_key),
    ] = None,
    workspace: Annotated[
        str | None,
        typer.Option(
            metavar="WORKSPACE",
            help="Id or name of a workspace; with --key, the one that the request names.",
            autocompletion=complete_workspace,
        ),
    ] = None,
    dialect: Annotated[Dialect, typer.Option(help="Whose clients ask.")] = Dialect.ANTHROPIC,
    secret: Annotated[
        str | None,
        typer.Option(
            metavar="-",
            help="Instead of --key: read the secret from standard input. A gateway is asked about one that only it "
            "knows.",
        ),
    ] = None,
    client: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Also what this client shows, such as claude-code."),
    ] = None,
    files: Annotated[
        list[str] | None,
        typer.Option(
            "--catalog",
            metavar="PATH",
            help="A catalogue file or a folder of them, to name the line that says so; the setting catalog if not "
            "given. May be repeated.",
        ),
    ] = None,
    as_of: AsOfOption = None,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Show why a key or a workspace sees a model, or does not, and the smallest changes that would turn that.

    Exit code 0: it is listed; 3: it can only be retrieved, or the client does not show it; 4: neither.
    """
    if key is None and workspace is None and secret is None:
        raise InvalidError("Name who asks, with --key, --workspace or --secret -.")
    if secret is not None and (secret != "-" or key or workspace or client or as_of):
        raise InvalidError(
            "A secret is read from standard input with --secret -, and goes with neither --key, --workspace, "
            "--client nor --as-of."
        )
    given = read_secret(secret)
    viewing = Viewing(database, as_of)
    with explaining(viewing) as explainer:
        if given is None:
            explained = explainer.explain(name, key, workspace, dialect)
        elif isinstance(explainer, Explainer):
            explained = explainer.explain_secret(name, given, dialect)
        else:
            raise InvalidError("--secret needs the database itself; leave out --remote.")
        if viewing.is_of_now and isinstance(explainer, Explainer):
            explained = with_places(explained, explainer, files or _followed(viewing))
        clients = () if client is None else _client_steps(explainer, explained, client, viewing.clock())
        if as_json:
            fixes = [fix_record(fix, explainer.rules()) for fix in explained.fixes]
            steps = [step.record() for step in clients]
            print_json(viewing.record(explanation_record(explained, explainer.workspace_name, steps, fixes)))
        else:
            print_explanation(explained, clients, explainer.workspace_name)
            print_fixes(explained.explanation, explained.fixes, explainer.rules(), database)
    reach = explained.explanation.reach
    if reach is Reach.LISTED and clients and not clients[0].shows:
        reach = Reach.RETRIEVABLE
    raise typer.Exit(CODES[reach])


def _followed(viewing: Viewing) -> list[str]:
    """The catalogue files that a server here follows."""
    catalog = viewing.settings.catalog
    return [catalog] if catalog else []


def who_sees(
    name: AnyName = None,
    everyone: Annotated[bool, typer.Option("--all", help="Also show who does not see it, and why.")] = False,
    whole: Annotated[
        bool,
        typer.Option(
            "--matrix", help="Instead of one model: all of them, for all workspaces, as CSV; with --json, as JSON."
        ),
    ] = False,
    as_of: AsOfOption = None,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Show who sees a model: the workspaces by their rules, and how many keys they have that work."""
    if (name is None) is not whole or (whole and everyone):
        raise InvalidError("Name one model, or use --matrix without a model and without --all.")
    with explaining(Viewing(database, as_of)) as explainer:
        if name is None:
            put_matrix(explainer.matrix(), explainer.model_ids(), as_json=as_json)
            return
        viewers = explainer.who_sees(name)
    if as_json:
        print_json([each.record() for each in viewers if everyone or each.reach is not Reach.ABSENT])
    else:
        print_viewers(viewers, with_others=everyone)


def what_sees(
    subject: SubjectName, as_of: AsOfOption = None, database: DatabaseURL = None, as_json: AsJSON = False
) -> None:
    """Show what a key or a workspace sees: the models that are listed for it, and those it can only retrieve."""
    viewing = Viewing(database, as_of)
    with explaining(viewing) as explainer:
        who, refused, sightings, _ = explainer.what_sees(subject)
        refusal = "" if refused is None else why(who, refused, explainer.workspace_name)
    if as_json:
        models = [{"id": model.id, "reach": reach} for model, reach in sightings]
        reason = None if refused is None else refused.reason
        print_json(viewing.record({"for": who.record(), "refused": reason, "models": models}))
    else:
        print_sightings(who, sightings, refusal)


def diff_keys(
    first: SubjectName,
    second: SubjectName,
    as_of: AsOfOption = None,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Show what two keys or workspaces see differently. Exits with 2 for a difference."""
    viewing = Viewing(database, as_of)
    with explaining(viewing) as explainer:
        one, other, compared = explainer.diff(first, second)
    if as_json:
        print_json(viewing.record({"first": one.record(), "second": other.record(), **compared.record()}))
    else:
        print_compared(one, other, compared)
    raise typer.Exit(DIFFERENT if any(compared) else 0)


def _client_steps(
    explainer: "Explaining", explained: Explained, client: str, now: datetime
) -> "Sequence[ClientStep]":
    """The client's own steps; none where it gets no list with the model, whatever it makes of that."""
    if not isinstance(explainer, Explainer):
        raise InvalidError("--client needs the database itself; leave it out, or --remote.")
    from callsheet.doctor.clients.rules import load_clients  # these bring the doctor, which takes long to import
    from callsheet.service.clients.views import client_steps

    (rules,) = load_clients([client])
    explanation = explained.explanation
    if explanation.reach is not Reach.LISTED or explanation.workspace_id is None:
        return ()
    listed = [model.id for model in explainer.listed_for(workspace=explanation.workspace_id).models]
    return client_steps(explainer.state, rules, explanation.workspace_id, listed, explanation.model_id, now)
