"""``callsheet serve``: run the server."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from socket import socket
from typing import Annotated

from callsheet.cli.commands.serve_help import flag
from callsheet.cli.commands.settings import Config
from callsheet.cli.database import DatabaseURL
from callsheet.cli.gateway import check_not_itself
from callsheet.cli.hints import sentence_of
from callsheet.cli.output.streams import allow_closed_output
from callsheet.cli.output.tables import put
from callsheet.cli.welcome import prepare_welcome, welcome_later, welcome_now
from callsheet.domain.access.workspace import Shape
from callsheet.domain.errors import ServeError, StorageUnavailableError
from callsheet.settings import LogFormat, MessageFormat, MissingVersion, Otel, Settings, load, prepare_folder


def serve(
    host: Annotated[str | None, flag("host")] = None,
    port: Annotated[int | None, flag("port")] = None,
    admin_host: Annotated[str | None, flag("admin_host")] = None,
    admin_port: Annotated[int | None, flag("admin_port")] = None,
    database: DatabaseURL = None,
    workers: Annotated[int | None, flag("workers")] = None,
    gateway: Annotated[str | None, flag("gateway", metavar="URL")] = None,
    forward: Annotated[bool | None, flag("forward")] = None,
    forward_connect_seconds: Annotated[float | None, flag("forward_connect_seconds")] = None,
    forward_idle_seconds: Annotated[float | None, flag("forward_idle_seconds")] = None,
    forward_max_requests: Annotated[int | None, flag("forward_max_requests")] = None,
    console: Annotated[bool | None, flag("console")] = None,
    console_user_header: Annotated[str | None, flag("console_user_header", metavar="HEADER")] = None,
    console_user_scopes: Annotated[str | None, flag("console_user_scopes", metavar="A,B")] = None,
    console_proxies: Annotated[str | None, flag("console_proxies", metavar="A,B")] = None,
    any_key: Annotated[bool | None, flag("any_key")] = None,
    insecure: Annotated[bool | None, flag("insecure")] = None,
    root_path: Annotated[str | None, flag("root_path")] = None,
    default_limit: Annotated[int | None, flag("default_limit")] = None,
    shape: Annotated[Shape | None, flag("shape")] = None,
    openai_dialect: Annotated[bool | None, flag("openai_dialect")] = None,
    strict_betas: Annotated[bool | None, flag("strict_betas")] = None,
    extra_betas: Annotated[str | None, flag("extra_betas", metavar="A,B")] = None,
    extra_versions: Annotated[str | None, flag("extra_versions", metavar="A,B")] = None,
    missing_version: Annotated[MissingVersion | None, flag("missing_version")] = None,
    cors_origins: Annotated[str | None, flag("cors_origins", metavar="A,B")] = None,
    poll_seconds: Annotated[float | None, flag("poll_seconds")] = None,
    sync: Annotated[bool | None, flag("sync")] = None,
    sources_private: Annotated[str | None, flag("sources_private", metavar="A,B")] = None,
    move_aliases: Annotated[bool | None, flag("move_aliases")] = None,
    webhooks: Annotated[bool | None, flag("webhooks")] = None,
    webhooks_private: Annotated[str | None, flag("webhooks_private", metavar="A,B")] = None,
    max_url_bytes: Annotated[int | None, flag("max_url_bytes")] = None,
    max_header_bytes: Annotated[int | None, flag("max_header_bytes")] = None,
    max_body_bytes: Annotated[int | None, flag("max_body_bytes")] = None,
    max_connections: Annotated[int | None, flag("max_connections")] = None,
    head_seconds: Annotated[float | None, flag("head_seconds")] = None,
    idle_seconds: Annotated[int | None, flag("idle_seconds")] = None,
    answer_seconds: Annotated[float | None, flag("answer_seconds")] = None,
    max_unread_bytes: Annotated[int | None, flag("max_unread_bytes")] = None,
    trusted_proxies: Annotated[str | None, flag("trusted_proxies", metavar="A,B")] = None,
    rate_limit_key: Annotated[str | None, flag("rate_limit_key", metavar="RATE")] = None,
    rate_limit_address: Annotated[str | None, flag("rate_limit_address", metavar="RATE")] = None,
    rate_limit_failures: Annotated[str | None, flag("rate_limit_failures", metavar="RATE")] = None,
    rate_limit_storage: Annotated[str | None, flag("rate_limit_storage", metavar="URL")] = None,
    access_log: Annotated[LogFormat | None, flag("access_log")] = None,
    log_format: Annotated[MessageFormat | None, flag("log_format")] = None,
    otel: Annotated[Otel | None, flag("otel")] = None,
    fast: Annotated[bool | None, flag("fast")] = None,
    memo_bytes: Annotated[int | None, flag("memo_bytes")] = None,
    max_stale_seconds: Annotated[float | None, flag("max_stale_seconds")] = None,
    state_file: Annotated[str | None, flag("state_file", metavar="FILE")] = None,
    catalog: Annotated[str | None, flag("catalog", metavar="PATH")] = None,
    drain_seconds: Annotated[float | None, flag("drain_seconds")] = None,
    shutdown_seconds: Annotated[int | None, flag("shutdown_seconds")] = None,
    config: Config = None,
) -> None:
    """Serve the Models API. An empty database is set up first, and its first key printed.

    With --gateway, each key of the gateway sees what the gateway lists to it, and no first key is made. To have the
    gateway's models in the catalogue as well, put one of its keys into CALLSHEET_GATEWAY_KEY.
    """
    flags = {name: value for name, value in locals().items() if name != "config"}
    settings = load(flags, config).settings
    allow_closed_output()
    from callsheet.http.serve.run import bind, run  # slow to import; wrong settings are refused before

    with bind(settings.host, settings.port) as listener, _bind_admin(settings) as admin_listener:
        # First: with a port taken, nothing is changed.
        prepare_folder(settings)
        address = listener.getsockname()
        url = _base_url(address[0], address[1])
        if settings.gateway:
            check_not_itself(settings.gateway, address[0], address[1])
        console_at = listener if admin_listener is None else admin_listener
        beside = [*_console_lines(settings, console_at, flags)]
        away = None
        try:
            welcome = welcome_now(prepare_welcome(settings), url, settings, beside)
        except StorageUnavailableError as error:
            welcome, away = welcome_later(url, settings, beside), error
        with welcome as announce:
            if admin_listener is not None:
                announce = _with_admin(announce, admin_listener)
            if not run(settings, listener, announce, away, sentence_of, admin_listener):
                raise ServeError("The server did not start; the reason is in the lines above.")


def _bind_admin(settings: Settings) -> AbstractContextManager[socket | None]:
    """The listener of the Admin API, if it has one."""
    from callsheet.http.serve.run import bind  # slow to import

    if not settings.has_admin_listener:
        return nullcontext()
    return bind(settings.admin_host or "127.0.0.1", settings.admin_port, "--admin-host and --admin-port")


def _with_admin(announce: Callable[[], None], listener: socket) -> Callable[[], None]:
    """What announces the Admin API as well, before everything else."""
    address = listener.getsockname()

    def announce_both() -> None:
        put(f"The Admin API is at {_base_url(address[0], address[1])}/v1/organizations")
        announce()

    return announce_both


def _console_lines(settings: Settings, listener: socket, flags: Mapping[str, object]) -> Iterator[str]:
    """Where the console is, if there is one, and the command to sign in, which does not know these flags."""
    if not settings.console:
        return
    host, port = listener.getsockname()[:2]
    url = f"{_base_url(host, port)}{settings.root_path}"
    yield f"Console: {url}/console; to sign in, run:"
    of_host, of_port = ("admin_host", "admin_port") if settings.has_admin_listener else ("host", "port")
    if flags[of_host] is not None or flags["root_path"] is not None:
        yield f"  callsheet console --url {url}"
    elif flags[of_port] is not None or getattr(settings, of_port) == 0:
        yield f"  callsheet console --port {port}"
    else:
        yield "  callsheet console"


def _base_url(host: str, port: int) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # what can be pasted, not bound
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
