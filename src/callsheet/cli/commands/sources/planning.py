"""Dry runs of what is done to sources."""

from callsheet.cli.commands.sources.door import SourcesDoor
from callsheet.service.sync.intents import Intent


def print_dry_run(door: SourcesDoor, intent: Intent, *, as_json: bool) -> None:
    """Print the plan of ``intent``; nothing is changed."""
    from callsheet.cli.output.plan import print_plan, say_dry_run  # for dry runs only

    print_plan(door.plan(intent), as_json=as_json, workspaces=door.workspaces())
    say_dry_run()
