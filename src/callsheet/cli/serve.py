"""``callsheet serve``: answer."""

import sys
from contextlib import nullcontext
from functools import partial
from shlex import quote
from typing import Annotated, Any

import typer

from callsheet.cli.database import DatabaseURL, clock
from callsheet.cli.keys import Untold, told_or_archived
from callsheet.cli.settings import Config
from callsheet.domain.access import Shape
from callsheet.domain.errors import ServeError
from callsheet.service.access import AccessService
from callsheet.service.setup import open_store
from callsheet.settings import LogFormat, MessageFormat, Otel, Settings, load, prepare_folder
from callsheet.storage.store import Store


def _flag(name: str, **options: Any) -> Any:
    """A flag for the setting ``name``, described in the same words."""
    return typer.Option(help=Settings.model_fields[name].description, show_default=False, **options)


def serve(
    host: Annotated[str | None, _flag("host")] = None,
    port: Annotated[int | None, _flag("port")] = None,
    database: DatabaseURL = None,
    workers: Annotated[int | None, _flag("workers")] = None,
    any_key: Annotated[bool | None, _flag("any_key")] = None,
    insecure: Annotated[bool | None, _flag("insecure")] = None,
    root_path: Annotated[str | None, _flag("root_path")] = None,
    default_limit: Annotated[int | None, _flag("default_limit")] = None,
    shape: Annotated[Shape | None, _flag("shape")] = None,
    openai_dialect: Annotated[bool | None, _flag("openai_dialect")] = None,
    strict_betas: Annotated[bool | None, _flag("strict_betas")] = None,
    extra_betas: Annotated[str | None, _flag("extra_betas", metavar="A,B")] = None,
    extra_versions: Annotated[str | None, _flag("extra_versions", metavar="A,B")] = None,
    cors_origins: Annotated[str | None, _flag("cors_origins", metavar="A,B")] = None,
    poll_seconds: Annotated[float | None, _flag("poll_seconds")] = None,
    max_url_bytes: Annotated[int | None, _flag("max_url_bytes")] = None,
    max_header_bytes: Annotated[int | None, _flag("max_header_bytes")] = None,
    max_body_bytes: Annotated[int | None, _flag("max_body_bytes")] = None,
    max_connections: Annotated[int | None, _flag("max_connections")] = None,
    head_seconds: Annotated[float | None, _flag("head_seconds")] = None,
    idle_seconds: Annotated[int | None, _flag("idle_seconds")] = None,
    answer_seconds: Annotated[float | None, _flag("answer_seconds")] = None,
    trusted_proxies: Annotated[str | None, _flag("trusted_proxies", metavar="A,B")] = None,
    rate_limit_key: Annotated[str | None, _flag("rate_limit_key", metavar="RATE")] = None,
    rate_limit_address: Annotated[str | None, _flag("rate_limit_address", metavar="RATE")] = None,
    rate_limit_failures: Annotated[str | None, _flag("rate_limit_failures", metavar="RATE")] = None,
    rate_limit_storage: Annotated[str | None, _flag("rate_limit_storage", metavar="URL")] = None,
    access_log: Annotated[LogFormat | None, _flag("access_log")] = None,
    log_format: Annotated[MessageFormat | None, _flag("log_format")] = None,
    otel: Annotated[Otel | None, _flag("otel")] = None,
    fast: Annotated[bool | None, _flag("fast")] = None,
    memo_bytes: Annotated[int | None, _flag("memo_bytes")] = None,
    shutdown_seconds: Annotated[int | None, _flag("shutdown_seconds")] = None,
    config: Config = None,
) -> None:
    """Serve the Models API. On an empty database, make it ready and print a key."""
    flags = {name: value for name, value in locals().items() if name != "config"}
    settings = load(flags, config).settings
    from callsheet.http.server import bind, run  # slow to import; wrong settings are told before

    with bind(settings.host, settings.port) as listener:  # first: with the port taken, nothing is changed
        prepare_folder(settings)
        store = open_store(settings.database, clock)
        access = AccessService(store, "callsheet", clock)
        new_key = access.ensure_key("default")
        with nullcontext() if new_key is None else told_or_archived(access, new_key) as untold:
            address = listener.getsockname()
            announce = partial(_announce, store, untold, _base_url(address[0], address[1]), settings)
            if not run(settings, listener, announce):
                raise ServeError("The server did not start; the reason stands above.")


def _base_url(host: str, port: int) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # what can be pasted, not bound
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


def _announce(store: Store, new_key: Untold | None, url: str, settings: Settings) -> None:
    with store.read() as reading:
        count = reading.count_models()
    lines = [f"Callsheet serves {count} models at {url}", f"Database: {store.place}"]
    if new_key is not None:
        models = f"{url}/v1/models"
        lines += [
            "",
            "Your API key, shown this once:",
            "",
            f"  export ANTHROPIC_BASE_URL={url}",
            f"  export ANTHROPIC_API_KEY={new_key.new.secret}",
            "",
            "Try it:",
            "",
            f"  curl {quote(models)} -H 'x-api-key: {new_key.new.secret}' -H 'anthropic-version: 2023-06-01'",
            "",
        ]
    if settings.any_key:
        lines.append("Every credential is accepted (any_key).")
    typer.echo("\n".join(lines))
    if new_key is not None:
        new_key.told = sys.stdout is not None  # else it was closed, so that writing does nothing
