"""``callsheet copy``, ``backup``, ``restore`` and ``check``, which work on a whole database."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer

from callsheet.cli.database import DatabaseURL, actor, clock, load_settings
from callsheet.cli.output.long_list import long_list_note
from callsheet.cli.output.progress import progress_bar
from callsheet.cli.output.tables import AsJSON, print_json, put, say
from callsheet.storage.store import Store

#: The tables whose rows are counted in messages, in this order.
_COUNTED: Final = ("models", "aliases", "tombstones", "claims", "sources", "workspaces", "api_keys", "changes")


def copy(
    source: Annotated[str, typer.Option("--from", metavar="URL", help="The database to read.")],
    target: Annotated[
        str, typer.Option("--to", metavar="URL", help="An empty database, or an earlier copy of the same one.")
    ],
    as_json: AsJSON = False,
) -> None:
    """Copy everything from one database to another, and compare the two. It can be repeated."""
    from callsheet.service.maintenance.copy import (
        copy_installation,  # here and below: other commands do not need it
    )

    with progress_bar() as progress:
        copied = copy_installation(Store(source), Store(target), progress)
    if as_json:
        tables = {name: {"rows": each.rows, "digest": each.digest} for name, each in copied.tallies.items()}
        result = {"changed": copied.changed, "repaired": copied.repaired, "revision": copied.revision}
        print_json({**result, "tables": tables})
        return
    rows = _listed({name: each.rows for name, each in copied.tallies.items()})
    done = "Copied everything" if copied.changed else "Nothing to copy"
    say(f"{done}; both are equal, at revision {copied.revision}: {rows}.")
    if copied.repaired:
        say("Rows of the target had been changed without Callsheet; restart the servers that serve from it.")


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write: a SQLite database.")],
    force: Annotated[bool, typer.Option("--force", help="Replace the file if there is one.")] = False,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Back up everything to one SQLite file, also from PostgreSQL. Servers need not be stopped."""
    from callsheet.service.maintenance.backup import back_up

    store = Store(load_settings(database).database)
    with progress_bar() as progress:
        revision = back_up(store, file, progress, replace=force)
    size = file.stat().st_size
    if as_json:
        print_json({"bytes": size, "database": store.display_name, "file": str(file), "revision": revision})
    else:
        say(f"Backed up revision {revision} of {store.display_name} to {file}: {size:,} bytes.")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that backup wrote.")],
    force: Annotated[
        bool, typer.Option("--force", help="Replace what the database holds; that is first saved to a file.")
    ] = False,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Replace everything in the database by a backup. Running servers notice, and serve it."""
    from callsheet.service.maintenance.restore import restore as restore_from

    store = Store(load_settings(database).database)
    with progress_bar() as progress:
        restored = restore_from(file, store, actor(), clock, progress, replace=force)
    if as_json:
        print_json(
            {
                "another_installation": restored.is_another,
                "backup_revision": restored.backup_revision,
                "database": store.display_name,
                "held_events": restored.held_events,
                "kept": None if restored.kept is None else str(restored.kept),
                "lost_keys": [each._asdict() for each in restored.lost],
                "revision": restored.revision,
                "revived_keys": [each._asdict() for each in restored.revived],
            }
        )
        return
    say(f"Restored revision {restored.backup_revision} into {store.display_name}, as revision {restored.revision}.")
    if restored.kept is not None:
        say(f"The former content is kept in {restored.kept}.")
    if restored.is_another:
        say(
            "The backup is of another installation than the former content; restart the servers that serve from it."
        )
    if restored.held_events:
        say(
            f"{restored.held_events:,} events for webhooks waited in the backup and may have been sent since, so "
            "they are not sent again; callsheet webhooks retry sends those of one webhook."
        )
    for key in restored.revived:
        say(f'Key "{key.name}" ({key.id}) had stopped working and works again.')
    for key in restored.lost:
        say(f'Key "{key.name}" ({key.id}) is not in the backup; it has stopped working.')


def check(database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Check the database for damage: its rows, its aliases, its change records. Changes nothing."""
    from callsheet.service.maintenance.check import check_database

    settings = load_settings(database)
    checked = check_database(Store(settings.database))
    if as_json:
        problems = [each._asdict() for each in checked.problems]
        print_json({"problems": problems, "revision": checked.revision, "rows": checked.counts})
    else:
        for problem in checked.problems:
            put(problem.message)
        number = len(checked.problems)
        found = "All is well" if number == 0 else "One problem" if number == 1 else f"{number:,} problems"
        what = f" at revision {checked.revision}: {_listed(checked.counts)}" if checked.counts else ""
        say(f"{found}{what}.")
        if checked.listed is not None and (note := long_list_note(checked.listed, settings.default_limit)):
            say(note)
    if checked.problems:
        raise typer.Exit(1)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {counts[name]:,}" for name in _COUNTED)
