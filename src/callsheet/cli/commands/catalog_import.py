"""``callsheet catalog import``: the models of a list that a person has once."""

import re
from pathlib import Path
from typing import Annotated

import typer

from callsheet.cli.commands.sources.asking import ask
from callsheet.cli.commands.sources.opening import open_store, organization_of
from callsheet.cli.commands.sources.options import Allow, Deny, Prefix, Rename, SecretEnv, SecretFile, members_of
from callsheet.cli.database import DatabaseURL, actor, clock
from callsheet.cli.output.tables import AsJSON, say
from callsheet.domain.changes.change import AnyChange
from callsheet.domain.claims.manager import Manager, ManagerKind
from callsheet.service.apply import Deciding, apply, preview
from callsheet.service.sync.config import read_config
from callsheet.service.sync.importing import import_of
from callsheet.sources.upstream import SourceKind


def import_models(
    source: Annotated[str, typer.Argument(metavar="FILE|URL", help="A list in any shape that clients read.")],
    manager: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who is to claim the models; else named after the list.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Write it; without this, only the plan is shown.")] = False,
    secret_env: SecretEnv = None,
    secret_file: SecretFile = None,
    prefix: Prefix = None,
    rename: Rename = None,
    allow: Allow = None,
    deny: Deny = None,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Take over the models of a list once. What is in the catalogue and not in the list stays."""
    from callsheet.cli.output.plan import print_plan  # slow to import, as few commands need it

    url = source if "://" in source else Path(source).absolute().as_uri()
    members = {**members_of(locals()), "url": url, "kind": str(SourceKind.FILE)}
    store = open_store(database)
    lists = ask(read_config(members), organization_of(store))
    claimant = Manager(ManagerKind.FILE, manager or _name_of(source))
    now = clock()

    def decide(deciding: Deciding) -> list[AnyChange]:
        return import_of(deciding.reading, claimant, lists.chosen, now)

    plan = preview(store, decide, now, claimant)
    print_plan(plan, as_json=as_json)
    for reason, count in lists.left_out.items():
        say(f"Left out: {count}, because {reason}.")
    if plan.is_empty:
        return
    if not yes:
        say("Nothing was changed; add --yes to write it.")
        return
    apply(store, plan, decide, actor(), clock())
    say(f"Imported {len(lists.chosen)} models, claimed by {claimant}.")


def _name_of(source: str) -> str:
    """The name of a manager for a list, after the file or host that it is from."""
    last = source.partition("://")[2].partition("/")[0] if "://" in source else Path(source).stem
    return re.sub(r"[^a-z0-9._-]+", "-", last.lower()).strip("._-")[:63] or "import"
