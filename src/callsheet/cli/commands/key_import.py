"""``callsheet keys import``: the keys that clients have already."""

from typing import Annotated

import typer

from callsheet.cli.database import DatabaseURL, open_access
from callsheet.cli.input.key_file import read_entries
from callsheet.cli.output import key_columns
from callsheet.cli.output.tables import AsJSON, print_json, print_table, say


def import_keys(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="CSV with the columns name, secret or sha256, and if wanted workspace, hint, expires; "
            "or a JSON array of such objects; - is standard input.",
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the file, show what would be done, and do nothing.")
    ] = False,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Create many keys from a file: all of them or none. Keys that are there already stay as they are."""
    entries = read_entries(file)
    access = open_access(database)
    imported = access.import_keys(entries, dry_run=dry_run)
    created, present = imported.created, imported.present
    if as_json:
        records = {"created": [key.record() for key in created], "present": [key.record() for key in present]}
        print_json({"dry_run": dry_run, **records})
    elif dry_run:
        names = {each.id: each.name for each in access.list_workspaces()}
        rows = [("create", key) for key in created] + [("keep", key) for key in present]
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
    say(f"{'Would create' if dry_run else 'Created'} {_keys(len(created))}; already there: {len(present)}.")


def _keys(count: int) -> str:
    return "1 key" if count == 1 else f"{count} keys"
