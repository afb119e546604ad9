"""``callsheet keys``: who may ask."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from errno import EBADF
from typing import Annotated, Any, Final

import typer

from callsheet.cli.database import DatabaseURL, clock, open_access
from callsheet.cli.output import AsJSON, day, print_json, print_table, say
from callsheet.domain.access import APIKey
from callsheet.domain.errors import InvalidError
from callsheet.domain.times import parse_instant
from callsheet.service.access import AccessService, NewKey

app = typer.Typer(help="Create and withdraw API keys.", no_args_is_help=True)

_LONGEST_OVERLAP: Final = 24 * 366 * 10  # hours

Key = Annotated[str, typer.Argument(metavar="KEY", help="Id of a key, or its name if no other has it.")]


@app.command()
def create(
    name: Annotated[str, typer.Option(help="Name for people.")],
    workspace: Annotated[str | None, typer.Option(help="Id or name; the default one if not given.")] = None,
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
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Create a key. A secret made here is printed once and kept nowhere."""
    if organization and workspace is not None:
        raise InvalidError("A key belongs to a workspace or to the organization; say one.")
    expiry = None if expires_at is None else parse_instant(expires_at, "--expires-at")
    secret = sys.stdin.readline().strip() if secret == "-" else secret
    access = open_access(database, create=True)
    new = access.create_key(name, workspace, organization=organization, expires_at=expiry, secret=secret)
    with told_or_archived(access, new) as untold:
        message = f"Created the key {new.key.name}: {new.key.id}."
        _print_new(untold, message, brought=secret is not None, as_json=as_json)


@app.command("list")
def list_keys(database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """List all keys, oldest first, archived ones too."""
    access = open_access(database)
    now = clock()
    records = [{**key.record(), "expired": _has_expired(key, now)} for key in access.list_keys()]
    if as_json:
        print_json(records)
        return
    names = {workspace.id: workspace.name for workspace in access.list_workspaces()}
    print_table(
        ("ID", "Name", "Secret", "Status", "Expires", "Workspace", "Created"),
        (
            (
                each["id"],
                each["name"],
                each["partial_key_hint"],
                "expired" if each["expired"] and each["status"] == "active" else each["status"],
                day(each["expires_at"]),
                names.get(str(each["workspace_id"]), "(all)"),
                day(each["created_at"]),
            )
            for each in records
        ),
        {"Name": 8, "Workspace": 8},
    )


@app.command()
def disable(key: Key, database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Stop a key from working until it is enabled again."""
    _done(open_access(database).disable_key(key), "Disabled", as_json=as_json)


@app.command()
def enable(key: Key, database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Let a disabled key work again."""
    _done(open_access(database).enable_key(key), "Enabled", as_json=as_json)


@app.command()
def archive(key: Key, database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Stop a key from working for ever."""
    _done(open_access(database).archive_key(key), "Archived", as_json=as_json)


@app.command()
def rotate(
    key: Key,
    overlap: Annotated[
        float, typer.Option(min=0, max=_LONGEST_OVERLAP, metavar="HOURS", help="How long the old secret works on.")
    ] = 0,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Replace a key by a new one of the same name and workspace."""
    access = open_access(database)
    with told_or_archived(access, access.rotate_key(key, timedelta(hours=overlap))) as untold:
        made = untold.new.key
        _print_new(untold, f"The new key {made.name} is {made.id}.", as_json=as_json)


def _has_expired(key: APIKey, now: datetime) -> bool:
    return key.expires_at is not None and key.expires_at <= now


class Untold:
    """A key just made whose secret nobody has seen yet."""

    def __init__(self, new: NewKey) -> None:
        self.new = new
        self.told = False


@contextmanager
def told_or_archived(access: AccessService, new: NewKey) -> Iterator[Untold]:
    """Archive a key whose secret could not be shown: nobody could use it, and nobody would know of it."""
    untold = Untold(new)
    try:
        yield untold
    finally:
        if not untold.told:
            access.archive_key(new.key.id)


def _print_new(untold: Untold, message: str, *, brought: bool = False, as_json: bool) -> None:
    """Show a secret that we made; one that was brought is known, and could only leak."""
    new = untold.new
    if sys.stdout is None and not brought:  # it was closed, so that writing does nothing
        raise OSError(EBADF, os.strerror(EBADF))
    if as_json:
        record: dict[str, Any] = {**new.key.record(), **({} if brought else {"secret": new.secret})}
        print_json(record)
    elif not brought:
        typer.echo(new.secret)
    untold.told = True
    say(f"{message} Its secret is the one given." if brought else f"{message} The secret is shown this once.")


def _done(key: APIKey, verb: str, *, as_json: bool) -> None:
    if as_json:
        print_json(key.record())
    say(f"{verb} the key {key.name}: {key.id}.")
