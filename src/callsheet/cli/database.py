"""Opening the database that a command works on, and bringing it up to date."""

import getpass
from datetime import UTC, datetime
from typing import Annotated

import typer

from callsheet.cli.output import say
from callsheet.service.access import AccessService
from callsheet.service.catalog import CatalogService
from callsheet.service.setup import migrate_store, open_store
from callsheet.settings import Settings, load, prepare_folder
from callsheet.storage.store import Store

DatabaseURL = Annotated[
    str | None,
    typer.Option(
        "--database", metavar="URL", help="Such as sqlite:////path/to/callsheet.db; else CALLSHEET_DATABASE_URL."
    ),
]


def clock() -> datetime:
    """Return the present time."""
    return datetime.now(UTC)


def actor() -> str:
    """Return who is put down for changes made here."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a container may run as a user without a name
        return "cli"


def load_settings(database: str | None) -> Settings:
    """Return the settings, with the folder of the default database made."""
    settings = load({"database": database}).settings
    prepare_folder(settings)
    return settings


def open_database(database: str | None) -> Store:
    """Return the database that a command works on, ready for use."""
    return open_store(load_settings(database).database, clock)


def open_catalog(database: str | None) -> CatalogService:
    """Return the catalogue that a command works on."""
    return CatalogService(open_database(database), actor(), clock)


def open_access(database: str | None) -> AccessService:
    """Return the workspaces and keys that a command works on."""
    return AccessService(open_database(database), actor(), clock)


def migrate(database: DatabaseURL = None) -> None:
    """Bring the database to the schema of this program."""
    before, after = migrate_store(load_settings(database).database, clock)
    if before == after:
        say(f"The schema is {after} already.")
    else:
        say(f"Migrated the schema from {before or 'nothing'} to {after}.")
