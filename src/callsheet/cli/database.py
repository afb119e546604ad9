"""Opening the database that a command works on, and bringing it up to date."""

import getpass
import os
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from callsheet.cli.output.sentences import renewed_sentence
from callsheet.cli.output.tables import say
from callsheet.client.printable import printable
from callsheet.service.access import AccessService
from callsheet.service.catalog import CatalogService
from callsheet.service.renewal import renew_builtin
from callsheet.service.setup import migrate_store, open_existing
from callsheet.settings import Settings, load, prepare_folder
from callsheet.storage.store import Store

_LONGEST_ACTOR: Final = 200  # characters

DatabaseURL = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        help="Such as sqlite:////path/to/callsheet.db or postgresql://user@host/database; "
        "else CALLSHEET_DATABASE_URL.",
    ),
]


def clock() -> datetime:
    """Return the present time."""
    return datetime.now(UTC)


def actor() -> str:
    """Return who is put down for changes made here; under sudo, who asked for it, and as whom it runs."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run as a user without a name
        return "cli"
    person = os.environ.get("SUDO_USER") or user
    name = person if person == user else f"{person} as {user}"
    return printable(f"cli:{name}", _LONGEST_ACTOR)


def load_settings(database: str | None) -> Settings:
    """Return the settings, with the folder of the default database made."""
    settings = load({"database": database}).settings
    prepare_folder(settings)
    return settings


def open_catalog(database: str | None) -> CatalogService:
    """Return the catalogue that a command works on; only `migrate`, serve and restore make a database."""
    return CatalogService(open_existing(load_settings(database).database), actor(), clock)


def open_access(database: str | None) -> AccessService:
    """Return the workspaces and keys that a command works on; only `migrate`, serve and restore make a database."""
    return AccessService(open_existing(load_settings(database).database), actor(), clock)


def migrate(database: DatabaseURL = None) -> None:
    """Bring the schema of the database, and the facts of its built-in models, up to this program."""
    url = load_settings(database).database
    before, after = migrate_store(url, clock)
    if before == after:
        say(f"The schema is {after} already.")
    else:
        say(f"Migrated the schema from {before or 'nothing'} to {after}.")
    if renewed := renew_builtin(Store(url), clock):
        say(renewed_sentence(renewed))
