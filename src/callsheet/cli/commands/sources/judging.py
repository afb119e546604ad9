"""``sources plan``, ``accept``, ``reject``: what a person decides on a list that waits."""

import typer

from callsheet.cli.changing import DryRun
from callsheet.cli.commands.sources.door import open_door
from callsheet.cli.commands.sources.options import Name
from callsheet.cli.commands.sources.planning import print_dry_run
from callsheet.cli.database import DatabaseURL
from callsheet.cli.output.tables import AsJSON, print_json, say
from callsheet.cli.output.usage import CommandLine
from callsheet.service.records import source_record
from callsheet.service.sync.intents import Intent, Verb


def add_to(app: CommandLine) -> None:
    """Add these commands."""
    app.command()(plan)
    app.command()(accept)
    app.command()(reject)


def plan(name: Name, database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Show what the list that waits for a person would change, or, if none waits, what a run would change now.

    Exit code 0: nothing; 2: something.
    """
    from callsheet.cli.output.plan import print_plan  # slow to import, as few commands need it

    waits, wanted = open_door(database).waiting_plan(name)
    if waits:
        say(waits)
    print_plan(wanted, as_json=as_json)
    if waits:
        say(f"To apply it: callsheet sources accept {name}")
        say(f"To leave the models as they are: callsheet sources reject {name}")
    raise typer.Exit(0 if wanted.is_empty else 2)


def accept(name: Name, dry_run: DryRun = False, database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Apply the list, or the new models, that wait for a person."""
    door = open_door(database)
    if dry_run:
        print_dry_run(door, Intent(Verb.ACCEPT, name), as_json=as_json)
        return
    service = door.service
    source = service.accept(name)
    if as_json:
        print_json(source_record(service.show(name)))
    if source.pending is None:
        say(f"Took the rejection back: what was rejected of {name} counts again from its next run on.")
    else:
        say(f"Accepted the list of {name}.")


def reject(name: Name, database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Keep the models as they are.

    The same change waits again only if the upstream takes it back first, or you accept after all.
    """
    service = open_door(database).service
    source = service.reject(name)
    if as_json:
        print_json(source_record(service.show(name)))
    refused = {} if source.pending is None else source.pending.refused()
    stay = "1 name stays" if len(refused) == 1 else f"{len(refused)} names stay"
    say(f"Rejected the list of {name}; {stay} as before.")
