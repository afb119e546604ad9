"""The database that a command works on: open it, and migrate it."""

import getpass
import os
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from callsheet.cli.output.sentences import renewed_sentence
from callsheet.cli.output.tables import say
from callsheet.client.printable import printable
from callsheet.domain.webhooks.addresses import AllowedAddresses
from callsheet.service.access import AccessService
from callsheet.service.admin.admin_keys import AdminKeyService
from callsheet.service.catalog import CatalogService
from callsheet.service.history import HistoryService
from callsheet.service.renewal import renew_builtin
from callsheet.service.retirements.calendars import CalendarService
from callsheet.service.setup import migrate_store, open_existing
from callsheet.service.webhooks.service import WebhooksService
from callsheet.settings import Settings, load, prepare_folder
from callsheet.storage.store import Store

_MAX_ACTOR_CHARACTERS: Final = 200

DatabaseURL = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        help="Such as sqlite:////path/to/callsheet.db or postgresql://user@host/database; "
        "default: CALLSHEET_DATABASE_URL.",
    ),
]


def clock() -> datetime:
    """Return the present time."""
    return datetime.now(UTC)


def actor() -> str:
    """Return the actor of the change records made here; under sudo, the calling user as well."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run as a user without a name
        return "cli"
    person = os.environ.get("SUDO_USER") or user
    name = person if person == user else f"{person} as {user}"
    return printable(f"cli:{name}", _MAX_ACTOR_CHARACTERS)


def load_settings(database: str | None) -> Settings:
    """Return the settings; the folder of the default database is created."""
    settings = load({"database": database}).settings
    prepare_folder(settings)
    return settings


def open_catalog(database: str | None) -> CatalogService:
    """Return the catalogue that a command works on; `migrate`, serve and restore create a database."""
    return CatalogService(open_existing(load_settings(database).database), actor(), clock)


def open_admin_keys(database: str | None) -> AdminKeyService:
    """Return the admin keys that a command works on; `migrate`, serve and restore create a database."""
    return AdminKeyService(open_existing(load_settings(database).database), actor(), clock)


def open_calendars(database: str | None) -> CalendarService:
    """Return the calendars that a command works on; `migrate`, serve and restore create a database."""
    return CalendarService(open_existing(load_settings(database).database), actor(), clock)


def open_history(database: str | None) -> HistoryService:
    """Return the change records of the database that a command works on."""
    return HistoryService(open_existing(load_settings(database).database))


def open_access(database: str | None) -> AccessService:
    """Return the workspaces and keys that a command works on; `migrate`, serve and restore create a database."""
    return AccessService(open_existing(load_settings(database).database), actor(), clock)


def open_webhooks(database: str | None) -> WebhooksService:
    """Return the webhooks of the database that a command works on."""
    settings = load_settings(database)
    allowed = AllowedAddresses(settings.webhooks_private)
    return WebhooksService(open_existing(settings.database), actor(), clock, allowed)


def migrate(database: DatabaseURL = None) -> None:
    """Update the database to this program: its schema, and the facts of its built-in models."""
    url = load_settings(database).database
    before, after = migrate_store(url, clock)
    if before == after:
        say(f"The schema is already {after}.")
    else:
        say(f"Migrated the schema from {before or 'nothing'} to {after}.")
    if renewed := renew_builtin(Store(url), clock):
        say(renewed_sentence(renewed))
