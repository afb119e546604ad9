"""``callsheet keys import``: the keys that clients have already."""

from collections.abc import Sequence
from typing import Annotated

import typer

from callsheet.cli.changing import Changing, DryRun
from callsheet.cli.database import DatabaseURL
from callsheet.cli.input.key_file import read_entries
from callsheet.cli.output import key_columns
from callsheet.cli.output.plan import print_impact
from callsheet.cli.output.tables import AsJSON, print_json, print_table, say
from callsheet.domain.access.key import APIKey
from callsheet.domain.changes.key_import import Entry, Imported


def import_keys(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="CSV with the columns name, secret or sha256, and if wanted workspace, hint, expires; "
            "or a JSON array of such objects; - is standard input.",
        ),
    ],
    dry_run: DryRun = False,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Create many keys from a file: all of them or none. Keys that are there already stay as they are."""
    entries = read_entries(file)
    changing = Changing(database, dry_run=dry_run, as_json=as_json)
    if dry_run:
        _print_plan(changing, entries, as_json=as_json)
        return
    imported = changing.keys(lambda access: access.import_keys(entries))
    if as_json:
        print_json({"dry_run": False, **_records(imported)})
    say(f"Created {_keys(imported.created)}; already there: {len(imported.present)}.")


def _print_plan(changing: Changing, entries: Sequence[Entry], *, as_json: bool) -> None:
    """Print what would become of each entry, and what that means to those who ask."""
    imported, plan = changing.plan_import(entries)
    if as_json:
        print_json({"dry_run": True, **_records(imported), "plan": plan.record()})
    else:
        names = {each.id: each.name for each in changing.access.list_workspaces()}
        rows = [("create", key) for key in imported.created] + [("keep", key) for key in imported.present]
        print_table(
            ("Name", "What", "Secret", "Expires", "Workspace"),
            (
                (
                    key.name,
                    what,
                    key.record()["partial_key_hint"],
                    key_columns.expiry(key),
                    key_columns.workspace(key, names),
                )
                for what, key in rows
            ),
            {"Name": 8, "Workspace": 8},
        )
        print_impact(plan)
    say(f"Would create {_keys(imported.created)}; already there: {len(imported.present)}.")


def _records(imported: Imported) -> dict[str, object]:
    sides = {"created": imported.created, "present": imported.present}
    return {name: [key.record() for key in keys] for name, keys in sides.items()}


def _keys(keys: Sequence[APIKey]) -> str:
    return "1 key" if len(keys) == 1 else f"{len(keys)} keys"
