"""``callsheet console``: a link that opens the console."""

from typing import Annotated, Final

import typer

from callsheet.cli.database import DatabaseURL, actor, clock, load_settings
from callsheet.cli.output.tables import AsJSON, print_json, say
from callsheet.domain.access.admin_key import parse_scopes
from callsheet.domain.access.session import MAX_LINK
from callsheet.domain.errors import SettingsError
from callsheet.service.admin.sessions import SessionService
from callsheet.service.clients.base_url import read_base_url
from callsheet.service.setup import open_existing
from callsheet.settings import Settings

#: Addresses that a server listens on for all others, which no browser can open.
_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}  # noqa: S104  # they are only recognised


def console(
    url: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Where browsers reach the server; by default, where the settings have it listen."
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=1, max=65535, help="Port that the server listens on, if it is not the one of the settings."
        ),
    ] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(help="What may be done in it: read, catalog, keys or all (the default); may be repeated."),
    ] = None,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Print a link that signs a browser in at the console, once, within five minutes.

    The server must be running, and use the same database.
    """
    from callsheet.http.paths import CONSOLE  # slow to import

    settings = load_settings(database)
    if not settings.console:
        raise SettingsError(
            "The setting console is off, so the server has no console; turn it on, and restart the server."
        )
    if url is not None and port is not None:
        raise SettingsError("--url has the port already; leave --port out, or name the port in --url.")
    scopes = parse_scopes(scope or ["all"], "a link to the console")
    base = _address(settings, port) if url is None else read_base_url(url, "--url").removesuffix(CONSOLE)
    person = actor().partition(":")[2]
    store = open_existing(settings.database)
    token = SessionService(store, clock).make_link(person, scopes)
    link = f"{base}{CONSOLE}/sign-in?link={token}"
    minutes = int(MAX_LINK.total_seconds()) // 60
    if as_json:
        print_json({"url": link, "valid_seconds": int(MAX_LINK.total_seconds())})
        return
    typer.echo(link)  # alone on its line, for a program to open
    say(f"Open it within {minutes} minutes; it signs one browser in, once.")


def _address(settings: Settings, port: int | None) -> str:
    """Where the settings have the server listen, or on that host at another port."""
    if settings.has_admin_listener:
        host, port = settings.admin_host or "127.0.0.1", port or settings.admin_port
    else:
        host, port = settings.host, port or settings.port
    if port == 0:
        raise SettingsError("The server picks a free port, which it prints when it starts; name it with --port.")
    shown = _EVERYWHERE.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}{settings.root_path}"
