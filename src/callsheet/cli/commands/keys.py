"""``callsheet keys``: who may ask."""

import os
import sys
from datetime import timedelta
from errno import EBADF
from typing import Annotated, Any

import typer

from callsheet.cli.changing import Changing, DryRun
from callsheet.cli.commands.key_import import import_keys
from callsheet.cli.database import DatabaseURL
from callsheet.cli.input.completion import complete_key, complete_workspace
from callsheet.cli.input.secret import read_secret
from callsheet.cli.new_key import NewKeyReceipt, archived_unless_shown
from callsheet.cli.output import key_columns
from callsheet.cli.output.sight import Models, sight_lines, sight_record
from callsheet.cli.output.tables import AsJSON, day, print_json, print_record, print_table, say, second
from callsheet.cli.output.usage import CommandLine
from callsheet.cli.viewing import AsOfOption, Viewing
from callsheet.domain.access.key import APIKey, KeyCondition, KeyFilter
from callsheet.domain.changes.keys import MAX_OVERLAP_HOURS, KeyChange
from callsheet.domain.errors import InvalidError
from callsheet.domain.times import parse_instant

app = CommandLine(help="Create and withdraw API keys.", no_args_is_help=True)


Key = Annotated[str, typer.Argument(metavar="NAME|ID", help="Name or id of a key.", autocompletion=complete_key)]


@app.command()
def create(
    name: Annotated[str, typer.Option(help="Name for people; no two keys in use have the same.")],
    workspace: Annotated[
        str | None,
        typer.Option(help="Id or name; the default one if not given.", autocompletion=complete_workspace),
    ] = None,
    organization: Annotated[
        bool, typer.Option("--organization", help="Let the key choose among all workspaces.")
    ] = False,
    expires_at: Annotated[
        str | None, typer.Option(metavar="TIME", help="A day or an RFC 3339 time; never if not given.")
    ] = None,
    secret: Annotated[
        str | None,
        typer.Option(help="Bring an existing secret, so that clients keep theirs; - reads it from stdin."),
    ] = None,
    dry_run: DryRun = False,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Create a key. A secret made here is printed once and kept nowhere."""
    _check_owner(workspace, organization=organization)
    expiry = None if expires_at is None else parse_instant(expires_at, "--expires-at")
    secret = read_secret(secret)
    changing = Changing(database, dry_run=dry_run, as_json=as_json)
    new = changing.keys(
        lambda access: access.create_key(
            name, workspace, organization=organization, expires_at=expiry, secret=secret
        )
    )
    with archived_unless_shown(changing.access, new) as receipt:
        message = f"Created the key {new.key.name}: {new.key.id}."
        _print_new(receipt, message, brought=secret is not None, as_json=as_json)


@app.command("list")
def list_keys(
    status: Annotated[
        KeyCondition | None, typer.Option(help="Only keys with this status; active ones have not expired.")
    ] = None,
    workspace: Annotated[
        str | None,
        typer.Option(
            metavar="WORKSPACE",
            help="Only keys of the workspace with this id or name.",
            autocompletion=complete_workspace,
        ),
    ] = None,
    search: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="Only keys with this in the name or among the last characters of the secret, or with this id.",
        ),
    ] = None,
    as_of: AsOfOption = None,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """List all keys, oldest first, archived ones too. Times are UTC."""
    wanted = KeyFilter(condition=status, workspace=workspace, text=search or None)
    viewing = Viewing(database, as_of)
    access = viewing.access
    now = viewing.clock()
    keys = access.list_keys(wanted)
    if as_json:
        print_json([{**key.record(), "expired": key.is_expired(now)} for key in keys])
        return
    names = {workspace.id: workspace.name for workspace in access.list_workspaces()}
    replaced = access.replaced_keys()
    print_table(
        ("ID", "Name", "Secret", "Status", "Expires", "Workspace", "Created"),
        (
            (
                key.id,
                key_columns.name(key, replaced, now),
                key.record()["partial_key_hint"],
                key_columns.status(key, now),
                key_columns.expiry(key),
                key_columns.workspace(key, names),
                day(key.record()["created_at"]),
            )
            for key in keys
        ),
        {"Name": 8, "Workspace": 8},
    )


@app.command()
def show(
    key: Key,
    models: Models = False,
    as_of: AsOfOption = None,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Show one key, and how many models it sees. Times are UTC."""
    viewing = Viewing(database, as_of)
    details = viewing.access.show_key(key, in_order=models)
    record, now = details.key.record(), viewing.clock()
    if as_json:
        found = viewing.record(
            {
                **record,
                "workspace": None if details.workspace is None else details.workspace.name,
                "expired": details.key.is_expired(now),
                "replaced": details.replaced,
                "works": details.fault is None,
                "created_by": details.created_by,
                **sight_record(details.sight, models=models),
            }
        )
        print_json(found)
        return
    workspace = details.workspace
    print_record(
        {
            "id": record["id"],
            "name": key_columns.name(details.key, {details.key.id} if details.replaced else (), now),
            "workspace": "(all)" if workspace is None else f"{workspace.name} ({workspace.id})",
            "secret": record["partial_key_hint"],
            "status": key_columns.status(details.key, now),
            "works": "yes" if details.fault is None else f"no: {details.fault}",
            "expires": "never" if record["expires_at"] is None else second(record["expires_at"]),
            "created": second(record["created_at"]),
            "created by": details.created_by,
            **sight_lines(details.sight, models=models),
        }
    )


@app.command()
def change(
    key: Key,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    workspace: Annotated[
        str | None, typer.Option(help="Id or name of another workspace.", autocompletion=complete_workspace)
    ] = None,
    organization: Annotated[
        bool, typer.Option("--organization", help="Let the key choose among all workspaces.")
    ] = False,
    expires_at: Annotated[str | None, typer.Option(metavar="TIME", help="A day or an RFC 3339 time.")] = None,
    no_expiry: Annotated[bool, typer.Option("--no-expiry", help="Let it never expire.")] = False,
    dry_run: DryRun = False,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Change a key; its secret stays. Servers follow at once."""
    _check_owner(workspace, organization=organization)
    if no_expiry and expires_at is not None:
        raise InvalidError("The expiry is both given and taken away; say one.")
    wanted = KeyChange()
    if name is not None:
        wanted["name"] = name
    if organization or workspace is not None:
        wanted["workspace"] = workspace
    if no_expiry or expires_at is not None:
        wanted["expires_at"] = None if expires_at is None else parse_instant(expires_at, "--expires-at")
    if not wanted:
        raise InvalidError("Nothing to change; name at least one field, such as --workspace.")
    changing = Changing(database, dry_run=dry_run, as_json=as_json)
    _done(changing.keys(lambda access: access.change_key(key, wanted)), "Changed", as_json=as_json)


app.command("import")(import_keys)


@app.command()
def disable(key: Key, dry_run: DryRun = False, database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Stop a key from working until it is enabled again."""
    changing = Changing(database, dry_run=dry_run, as_json=as_json)
    _done(changing.keys(lambda access: access.disable_key(key)), "Disabled", as_json=as_json)


@app.command()
def enable(key: Key, dry_run: DryRun = False, database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Let a disabled key work again."""
    changing = Changing(database, dry_run=dry_run, as_json=as_json)
    _done(changing.keys(lambda access: access.enable_key(key)), "Enabled", as_json=as_json)


@app.command()
def archive(key: Key, dry_run: DryRun = False, database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Stop a key from working for ever."""
    changing = Changing(database, dry_run=dry_run, as_json=as_json)
    _done(changing.keys(lambda access: access.archive_key(key)), "Archived", as_json=as_json)


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
    """Replace a key by a new one of the same name and workspace."""
    changing = Changing(database, dry_run=dry_run, as_json=as_json)
    rotated = changing.keys(lambda access: access.rotate_key(key, timedelta(hours=overlap)))
    with archived_unless_shown(changing.access, rotated) as receipt:
        made, old = receipt.new.key, receipt.new.replaced
        _print_new(receipt, f"The new key {made.name} is {made.id}.", as_json=as_json)
        if overlap and old is not None:
            say(f"The old one, {old.id}, works until {key_columns.expiry(old)} UTC.")


def _print_new(receipt: NewKeyReceipt, message: str, *, brought: bool = False, as_json: bool) -> None:
    """Show a secret that we made; one that was brought is known, and could only leak."""
    new = receipt.new
    if sys.stdout is None and not brought:  # it was closed, so that writing does nothing
        raise OSError(EBADF, os.strerror(EBADF))
    if as_json:
        record: dict[str, Any] = {**new.key.record(), **({} if brought else {"secret": new.secret})}
        print_json(record)
    elif not brought:
        typer.echo(new.secret)
    receipt.is_shown = True
    say(f"{message} Its secret is the one given." if brought else f"{message} The secret is shown this once.")


def _check_owner(workspace: str | None, *, organization: bool) -> None:
    if organization and workspace is not None:
        raise InvalidError("A key belongs to a workspace or to the organization; say one.")


def _done(key: APIKey, verb: str, *, as_json: bool) -> None:
    if as_json:
        print_json(key.record())
    say(f"{verb} the key {key.name}: {key.id}.")
