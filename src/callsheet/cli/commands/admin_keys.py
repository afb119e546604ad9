"""``callsheet admin-keys``: who may administer by program."""

import os
import sys
from collections.abc import Callable
from datetime import timedelta
from errno import EBADF
from typing import Annotated, Any

import typer

from callsheet.cli.changing import Changing, DryRun
from callsheet.cli.database import DatabaseURL, clock, open_admin_keys
from callsheet.cli.input.completion import complete_admin_key
from callsheet.cli.output import key_columns
from callsheet.cli.output.tables import AsJSON, day, print_json, print_record, print_table, say, second
from callsheet.cli.output.usage import CommandLine
from callsheet.domain.access.admin_key import AdminKey, parse_scopes
from callsheet.domain.changes.keys import MAX_OVERLAP_HOURS
from callsheet.domain.times import parse_instant
from callsheet.service.admin.admin_keys import AdminKeyService, NewAdminKey

app = CommandLine(help="Create and withdraw the keys of the Admin API.", no_args_is_help=True)


Key = Annotated[
    str,
    typer.Argument(metavar="NAME|ID", help="Name or id of an admin key.", autocompletion=complete_admin_key),
]


@app.command()
def create(
    name: Annotated[str, typer.Option(help="Name for people; no two admin keys in use have the same.")],
    scope: Annotated[list[str], typer.Option(help="What it may do: read, catalog, keys or all; may be repeated.")],
    expires_at: Annotated[
        str | None, typer.Option(metavar="TIME", help="A day or an RFC 3339 time; never if not given.")
    ] = None,
    dry_run: DryRun = False,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Create an admin key. Its secret is printed once and kept nowhere."""
    scopes = parse_scopes(scope)
    expiry = None if expires_at is None else parse_instant(expires_at, "--expires-at")
    changing = Changing(database, dry_run=dry_run, as_json=as_json)
    new = changing.admin_keys(lambda keys: keys.create(name, scopes, expiry))
    _print_new(changing, new, f"Created the admin key {new.key.name}: {new.key.id}.", as_json=as_json)


@app.command("list")
def list_admin_keys(database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """List all admin keys, oldest first, archived ones too. Times are UTC."""
    keys = open_admin_keys(database).list()
    now = clock()
    if as_json:
        print_json([{**key.record(), "expired": key.is_expired(now)} for key in keys])
        return
    print_table(
        ("ID", "Name", "Secret", "Scopes", "Status", "Expires", "Created"),
        (
            (
                key.id,
                key.name,
                key.record()["partial_key_hint"],
                list(key.scopes),
                key_columns.status(key, now),
                key_columns.expiry(key),
                day(key.record()["created_at"]),
            )
            for key in keys
        ),
        {"Name": 8},
    )


@app.command()
def show(key: Key, database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Show one admin key. Times are UTC."""
    found = open_admin_keys(database).show(key)
    record, fault = found.record(), found.fault(clock())
    if as_json:
        print_json({**record, "expired": found.is_expired(clock()), "works": fault is None})
        return
    print_record(
        {
            "id": record["id"],
            "name": found.name,
            "scopes": record["scopes"],
            "secret": record["partial_key_hint"],
            "status": key_columns.status(found, clock()),
            "works": "yes" if fault is None else f"no: {fault}",
            "expires": "never" if record["expires_at"] is None else second(record["expires_at"]),
            "created": second(record["created_at"]),
        }
    )


@app.command()
def disable(key: Key, dry_run: DryRun = False, database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Stop an admin key from working until it is enabled again."""
    _edit(lambda keys: keys.disable(key), "Disabled", database, dry_run=dry_run, as_json=as_json)


@app.command()
def enable(key: Key, dry_run: DryRun = False, database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Let a disabled admin key work again."""
    _edit(lambda keys: keys.enable(key), "Enabled", database, dry_run=dry_run, as_json=as_json)


@app.command()
def archive(key: Key, dry_run: DryRun = False, database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Stop an admin key from working for ever."""
    _edit(lambda keys: keys.archive(key), "Archived", database, dry_run=dry_run, as_json=as_json)


@app.command()
def rotate(
    key: Key,
    overlap: Annotated[
        float,
        typer.Option(min=0, max=MAX_OVERLAP_HOURS, metavar="HOURS", help="How long the old secret works on."),
    ] = 0,
    dry_run: DryRun = False,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Replace an admin key by a new one of the same name and scopes."""
    changing = Changing(database, dry_run=dry_run, as_json=as_json)
    new = changing.admin_keys(lambda keys: keys.rotate(key, timedelta(hours=overlap)))
    _print_new(changing, new, f"The new admin key {new.key.name} is {new.key.id}.", as_json=as_json)
    if overlap and new.replaced is not None:
        say(f"The old one, {new.replaced.id}, works until {key_columns.expiry(new.replaced)} UTC.")


def _print_new(changing: Changing, new: NewAdminKey, message: str, *, as_json: bool) -> None:
    """Show a secret; an admin key whose secret could not be shown is archived, as it would be of no use."""
    is_shown = False
    try:
        if sys.stdout is None:  # it was closed, so that writing does nothing
            raise OSError(EBADF, os.strerror(EBADF))
        if as_json:
            record: dict[str, Any] = {**new.key.record(), "secret": new.secret}
            print_json(record)
        else:
            typer.echo(new.secret)
        is_shown = True
    finally:
        if not is_shown:
            changing.admin_access.archive(new.key.id)
    say(f"{message} The secret is shown this once.")


def _edit(
    act: Callable[[AdminKeyService], AdminKey], verb: str, database: str | None, *, dry_run: bool, as_json: bool
) -> None:
    key = Changing(database, dry_run=dry_run, as_json=as_json).admin_keys(act)
    if as_json:
        print_json(key.record())
    say(f"{verb} the admin key {key.name}: {key.id}.")
