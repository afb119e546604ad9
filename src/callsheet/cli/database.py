"""The database that a command works on: open it, and migrate it."""

import getpass
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from callsheet.cli.output.sentences import renewed_sentence
from callsheet.cli.output.tables import say
from callsheet.cli.remote_option import ServerURL
from callsheet.client.printable import printable
from callsheet.domain.addresses import AllowedAddresses
from callsheet.service.access import AccessService
from callsheet.service.admin.admin_keys import AdminKeyService
from callsheet.service.admin.sessions import SessionService
from callsheet.service.catalog import CatalogService
from callsheet.service.history import HistoryService
from callsheet.service.renewal import renew_builtin
from callsheet.service.retirements.calendars import CalendarService
from callsheet.service.setup import migrate_store, open_existing
from callsheet.service.webhooks.service import WebhooksService
from callsheet.settings import Settings, load, prepare_folder
from callsheet.storage.store import Store

if TYPE_CHECKING:  # protocols, and what only --remote needs
    from callsheet.remote.connection import Connection
    from callsheet.remote.webhooks import RemoteWebhooks
    from callsheet.service.administration import Access, Calendars, Catalogue, History, Sessions, Webhooks

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
    """Return the settings; the folder of the default database is created.

    Raises
    ------
    InvalidError
        In place of a database, a server was named: what asks for settings works on a database only.
    SettingsError
        A setting is not valid.
    """
    if isinstance(database, ServerURL):
        raise database.refuse()
    settings = load({"database": database}).settings
    prepare_folder(settings)
    return settings


def connect(server: ServerURL) -> "Connection":
    """Return the connection to a server, the same for all that one command asks of it.

    Raises
    ------
    InvalidError
        The URL is not that of a server, others could read the admin key on its way, or there is none.
    """
    from callsheet.remote.address import check_address  # brings an HTTP client, for --remote only
    from callsheet.remote.connection import Connection
    from callsheet.remote.secret import read_admin_key

    if not isinstance(server.connection, Connection):
        root = check_address(server, may_be_http=server.may_be_http)
        server.connection = Connection(root, read_admin_key(server.admin_key_file))
    return server.connection


def open_catalog(database: str | None) -> "Catalogue":
    """Return the catalogue that a command works on; `migrate`, serve and restore create a database."""
    if isinstance(database, ServerURL):
        from callsheet.remote.catalog import RemoteCatalog
        from callsheet.remote.doing import Sender

        return RemoteCatalog(Sender(connect(database)))
    return CatalogService(open_existing(load_settings(database).database), actor(), clock)


def open_admin_keys(database: str | None) -> AdminKeyService:
    """Return the admin keys that a command works on; `migrate`, serve and restore create a database."""
    return AdminKeyService(open_existing(load_settings(database).database), actor(), clock)


def open_sessions(database: str | None) -> "Sessions":
    """Return who is signed in at the console of what a command works on."""
    if isinstance(database, ServerURL):
        from callsheet.remote.sessions import RemoteSessions

        return RemoteSessions(connect(database))
    return SessionService(open_existing(load_settings(database).database), clock)


def open_calendars(database: str | None) -> "Calendars":
    """Return the calendars that a command works on; `migrate`, serve and restore create a database."""
    if isinstance(database, ServerURL):
        from callsheet.remote.doing import Sender
        from callsheet.remote.webhooks import RemoteCalendars

        return RemoteCalendars(Sender(connect(database)))
    return CalendarService(open_existing(load_settings(database).database), actor(), clock)


def open_history(database: str | None) -> "History":
    """Return the change records of what a command works on."""
    if isinstance(database, ServerURL):
        from callsheet.remote.catalog import RemoteHistory

        return RemoteHistory(connect(database))
    return HistoryService(open_existing(load_settings(database).database))


def open_access(database: str | None) -> "Access":
    """Return the workspaces and keys that a command works on; `migrate`, serve and restore create a database."""
    if isinstance(database, ServerURL):
        from callsheet.remote.access import RemoteAccess
        from callsheet.remote.doing import Sender

        return RemoteAccess(Sender(connect(database)))
    return AccessService(open_existing(load_settings(database).database), actor(), clock)


def open_webhooks(database: str | None) -> "Webhooks":
    """Return the webhooks of what a command works on."""
    if isinstance(database, ServerURL):
        return open_remote_webhooks(database)
    settings = load_settings(database)
    allowed = AllowedAddresses(settings.webhooks_private)
    return WebhooksService(open_existing(settings.database), actor(), clock, allowed)


def open_remote_webhooks(server: ServerURL) -> "RemoteWebhooks":
    """Return the webhooks of a server."""
    from callsheet.remote.doing import Sender
    from callsheet.remote.webhooks import RemoteWebhooks

    return RemoteWebhooks(Sender(connect(server)))


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
