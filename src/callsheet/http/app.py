"""create_app: the ASGI application, to be served or mounted."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from callsheet.api.state import VERSIONS, Options
from callsheet.domain.betas import KNOWN_BETAS
from callsheet.http.access_log import AccessLog
from callsheet.http.errors import on_exception, on_http_exception
from callsheet.http.health import health_routes, metrics_routes
from callsheet.http.observer import Observer
from callsheet.http.openapi import openapi_routes
from callsheet.http.paths import Scope, local_path
from callsheet.http.public import PublicAPI
from callsheet.service.setup import open_store
from callsheet.service.state import LiveState
from callsheet.settings import LogFormat, Settings, load, prepare_folder

_ORDINARY: Final = frozenset({b"/healthz", b"/readyz", b"/metrics", b"/openapi.json"})


class CallsheetApp(Starlette):
    """The application: the public API on its own short way, everything else through Starlette.

    Parameters
    ----------
    live
        Holds the State it answers from.
    settings
        As loaded.
    """

    def __init__(self, live: LiveState, settings: Settings) -> None:
        self.live = live
        kind = settings.access_log
        self.observer = Observer(None if kind is LogFormat.OFF else AccessLog(kind))
        self.public = PublicAPI(live, self.observer, settings.memo_bytes)
        self.prefix = settings.root_path
        super().__init__(
            routes=[
                *health_routes(live),
                *metrics_routes(live, self.observer.metrics),
                *openapi_routes(live.current.options),
            ],
            exception_handlers={HTTPException: on_http_exception, Exception: on_exception},
            lifespan=_lifespan,
        )

    def start(self) -> None:
        """Begin to watch the database and to write the log, if that has not begun."""
        self.live.start()
        self.observer.start()

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Answer. No lifespan is needed: the first request begins the watch on the database."""
        if scope["type"] == "http":
            path = local_path(scope, self.prefix)
            if path not in _ORDINARY:
                self.start()
                await self.public.answer(scope, path, send)
                return
            scope = {**scope, "path": path.decode("ascii"), "root_path": ""}
        await super().__call__(scope, receive, send)


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    assert isinstance(app, CallsheetApp)  # noqa: S101  # it is only ever given to one
    app.start()
    try:
        yield
    finally:
        app.live.stop()
        app.observer.stop()


def create_app(settings: Settings | None = None) -> CallsheetApp:
    """Return the ASGI application over the database that ``settings`` name.

    An empty database is made ready first. Serve the app, or mount it in another under any prefix.

    Parameters
    ----------
    settings
        Else those of the environment and of ``callsheet.toml``.

    Raises
    ------
    StorageError
        The database is not fit for use.
    SettingsError
        The settings are wrong.
    """
    settings = settings or load().settings
    prepare_folder(settings)
    store = open_store(settings.database, lambda: datetime.now(UTC))
    return CallsheetApp(LiveState(store, options_of(settings), settings.poll_seconds), settings)


def options_of(settings: Settings) -> Options:
    """Return what ``settings`` choose of the contract."""
    return Options(
        default_limit=settings.default_limit,
        shape=settings.shape,
        openai_dialect=settings.openai_dialect,
        versions=VERSIONS | {version.encode() for version in settings.extra_versions},
        betas=KNOWN_BETAS | set(settings.extra_betas) if settings.strict_betas else None,
        cors_origins=frozenset(settings.cors_origins),
        any_key=settings.any_key,
        max_url_bytes=settings.max_url_bytes,
    )
