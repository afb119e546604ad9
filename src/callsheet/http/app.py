"""create_app: the ASGI application, to be served or mounted in another one."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from callsheet.api.betas import KNOWN_BETAS
from callsheet.api.percent import unquote
from callsheet.api.request import is_public
from callsheet.api.state import Options
from callsheet.api.versions import ACCEPTED_VERSIONS
from callsheet.domain.access.admin_key import parse_scopes
from callsheet.domain.claims.builtin_mode import BuiltinMode
from callsheet.domain.errors import SettingsError, StorageUnavailableError
from callsheet.http.admin.app import AdminAPI
from callsheet.http.admin.metrics import AdminMetrics
from callsheet.http.calendars import Calendars
from callsheet.http.errors import on_exception, on_http_exception
from callsheet.http.handed_over import HANDED_OVER
from callsheet.http.health import Readiness, health_routes
from callsheet.http.logs.writer import AccessLog
from callsheet.http.observer import Observer
from callsheet.http.openapi import openapi_routes
from callsheet.http.part import Part
from callsheet.http.paths import ADMIN_PATH, ExactRoute, Scope, is_console, local_path
from callsheet.http.telemetry.collect import Telemetry
from callsheet.service.admin.key_uses import KeyUses
from callsheet.service.clock import SYSTEM_CLOCK, Clock
from callsheet.service.delegation.lazy import LazyKeyChecks
from callsheet.service.retirements.due import begin_day
from callsheet.service.setup import set_up
from callsheet.service.state.file import state_file_at
from callsheet.service.state.live import LiveState
from callsheet.service.state.load import load as load_state
from callsheet.service.sync.guard import UpstreamGuard
from callsheet.service.sync.schedule import Schedule
from callsheet.service.webhooks.sender import Sender
from callsheet.settings import LogFormat, MissingVersion, Settings, load, prepare_folder
from callsheet.storage.store import Store

if TYPE_CHECKING:
    from callsheet.domain.webhooks.delivery import Delivery
    from callsheet.domain.webhooks.webhook import Webhook
    from callsheet.http.console.app import Console
    from callsheet.http.forward.forward import Forward
    from callsheet.http.ratelimit.limiter import RateLimits
    from callsheet.service.manifests.follow import CatalogFollower
    from callsheet.service.webhooks.courier import Courier
    from callsheet.service.webhooks.post import Attempt

#: Its paths are relative, as a proxy may hide where this is mounted.
_WHAT_THIS_IS: Final = (
    "Callsheet, a Models API: ask for the list at v1/models below this address, with an API key; "
    "openapi.json describes it, and callsheet --help and the pages in docs/ say how to run it.\n"
)


#: Who is put down in the change records of what catalogue files change while the server runs.
_ACTOR: Final = "callsheet serve"

#: Which the Admin API does not have.
_UNKNOWN_PATH: Final = b"/"


class CallsheetApp(Starlette):
    """The application.

    Requests of the public API bypass Starlette's router and middleware; all other paths use them.

    Parameters
    ----------
    live
        Holds the State that answers come from.
    settings
        As loaded.
    clock
        Where everything in the app gets the time from.
    part
        What of it this process serves.
    """

    def __init__(
        self, live: LiveState, settings: Settings, clock: Clock = SYSTEM_CLOCK, part: Part = Part.ALL
    ) -> None:
        self.live = live
        self.part = part
        self.clock = clock
        kind = settings.access_log
        self.observer = Observer(None if kind is LogFormat.OFF else AccessLog(kind, clock=clock))
        self.telemetry = Telemetry(live, self.observer, settings.otel, clock)
        self.public = self.telemetry.public_api(settings.memo_bytes)
        self.rate_limits = self.public.rate_limits = _rate_limits(settings, clock)
        self.keys = self.public.keys = self.telemetry.keys = LazyKeyChecks(clock)
        self.uses = self.public.uses = KeyUses(live.store, lambda: live.current.has_admin_keys, clock)
        self.prefix = settings.root_path
        is_administered = part is not Part.MODELS
        is_listed = part is not Part.ADMINISTRATION
        self.forward = _forward(settings, live, self.observer.log, clock) if is_listed else None
        if self.forward is not None:
            self.telemetry.forward = self.forward.metrics.figures
        self.schedule = Schedule(
            live.store,
            clock,
            live.followed_revision,
            runs=settings.sync and is_administered,
            renew=partial(begin_day, live.store, clock.now, move_aliases=settings.move_aliases)
            if is_administered
            else _leave_alone,
        )
        self.telemetry.schedule = self.schedule
        self.sender = self.telemetry.sender = Sender(
            live.store,
            clock,
            live.signal,
            partial(_courier, live.store, clock, settings.webhooks_private),
            runs=settings.webhooks and is_administered,
        )
        self.catalog_follower = self.telemetry.catalog_follower = (
            _catalog_follower(settings, live.store, clock) if is_listed else None
        )
        self.admin = AdminAPI(
            live,
            log=self.observer.log,
            clock=clock,
            guard=UpstreamGuard(settings.sources_private),
            private=settings.webhooks_private,
            body_seconds=settings.head_seconds,
        )
        self.admin.rate_limits = self.rate_limits
        self._make_console = partial(
            _console,
            live,
            self.observer.log,
            clock,
            self.prefix,
            settings.webhooks_private,
            UpstreamGuard(settings.sources_private),
            self.admin.metrics,
            self.rate_limits,
            settings,
        )
        self._console: Console | None = None
        self._making_console: asyncio.Future[Console] | None = None
        self.has_console = settings.console
        self.telemetry.admin = self.admin.metrics.figures
        if self.forward is not None:
            self.forward.stays = self.is_administration
        self.readiness = Readiness(
            live, settings.max_stale_seconds, self.schedule, clock, self.catalog_follower, self.keys, self.sender
        )
        self.on_serving: Callable[[], object] = lambda: None
        """Called on the event loop when a server begins to serve the app."""
        super().__init__(
            routes=[
                ExactRoute("/", _say_what_this_is),
                *health_routes(live, self.readiness),
                *self.telemetry.routes(),
                *openapi_routes(live.current.options),
                *Calendars(live, self.observer.log, clock).routes(),
            ],
            exception_handlers={HTTPException: on_http_exception, Exception: on_exception},
            lifespan=_lifespan,
        )
        self.router.redirect_slashes = False
        self.router.default = self._answer_unknown

    def start(self) -> None:
        """Begin to watch the database, to write the log and to send figures, unless that has begun."""
        self.live.start()
        self.schedule.start()
        self.sender.start()
        self.observer.start()
        self.telemetry.start()
        if self.part is not Part.ADMINISTRATION:
            self.uses.start()
        if self.catalog_follower is not None:
            self.catalog_follower.start()

    def stop(self) -> None:
        """End every thread that `start` began, which the end of the lifespan does as well."""
        if self.catalog_follower is not None:
            self.catalog_follower.stop()
        self.schedule.stop()
        self.sender.stop()
        self.uses.stop()
        self.live.stop()
        self.observer.stop()
        self.telemetry.stop()
        if self.forward is not None:
            self.forward.close()

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Answer a request. No lifespan is needed: the first request starts the watch on the database."""
        if self.forward is not None and HANDED_OVER in scope.get("extensions", {}):
            self.start()
            await self.forward(scope, receive, send)
            return
        if scope["type"] == "http":
            path = local_path(scope, self.prefix)
            if self.part is not Part.ADMINISTRATION and is_public(path):
                self.start()
                await self.public.answer(scope, path, send)
                return
            is_administration = self.is_administration(path)
            if is_administration or self.part is Part.ADMINISTRATION:
                self.start()
                known = path if is_administration else _UNKNOWN_PATH
                await self._administer({**scope, "raw_path": known}, receive, send)
                return
            scope = {**scope, "path": unquote(path.decode("latin-1")), "raw_path": path, "root_path": ""}
        await super().__call__(scope, receive, send)

    def is_administration(self, path: bytes) -> bool:
        """Return whether ``path``, a `local_path`, is for administration, and this process serves that."""
        if self.part is Part.MODELS:
            return False
        if is_console(path):
            return self.has_console
        return ADMIN_PATH.match(path) is not None and self.admin.is_on

    async def _administer(self, scope: Scope, receive: Any, send: Any) -> None:
        """Answer a request for administration, whose ``raw_path`` is a `local_path`."""
        if self.has_console and is_console(scope["raw_path"]):
            console = self._console or await self._first_console()
            await console(scope, receive, send)
            return
        await self.admin(scope, receive, send)

    async def _first_console(self) -> "Console":
        """Make the console, once: its limits hold for all requests, also for those that come first at once."""
        if self._making_console is None or self._making_console.cancelled():
            self._making_console = asyncio.ensure_future(run_sync(self._make_console))
        try:
            self._console = await asyncio.shield(self._making_console)
        except Exception:
            self._making_console = None  # the next request tries again
            raise
        return self._console

    async def _answer_unknown(self, scope: Scope, receive: Any, send: Any) -> None:
        """Answer a path that no route matches: the public API refuses it, as the contract says."""
        if scope["type"] != "http":
            await self.router.not_found(scope, receive, send)
            return
        self.start()
        await self.public.answer(scope, scope["raw_path"], send)


def _leave_alone() -> None:
    """Do nothing, as another process does it."""


async def _say_what_this_is(_request: Request) -> Response:
    return PlainTextResponse(_WHAT_THIS_IS)


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    assert isinstance(app, CallsheetApp)  # noqa: S101  # it is only ever given to one
    app.start()
    app.on_serving()
    try:
        yield
    finally:
        await app.keys.close()
        app.stop()
        if app.rate_limits is not None:
            await app.rate_limits.close()


def create_app(settings: Settings | None = None) -> CallsheetApp:
    """Return the ASGI application over the database that ``settings`` name.

    An empty database is set up first. While the database is unavailable, requests are answered from the state file,
    or refused with 529. Serve the app, or mount it in another one under any prefix.

    Parameters
    ----------
    settings
        By default, those of the environment and of ``callsheet.toml``.

    Raises
    ------
    StorageError
        The database is available, but not fit for use.
    SettingsError
        A setting is not valid, or only ``callsheet serve`` can do what it says.
    """
    settings = settings or load().settings
    if settings.forward:
        raise SettingsError("forward works under callsheet serve only; serve with that, or turn forward off.")
    if settings.has_admin_listener:
        raise SettingsError(
            "admin_host and admin_port work under callsheet serve only; serve with that, or leave them out."
        )
    if settings.console_user_header:
        raise SettingsError(
            "console_user_header works under callsheet serve only, which knows where connections come from; serve "
            "with that, or leave it empty."
        )
    return make_app(settings)


def make_app(
    settings: Settings,
    away: StorageUnavailableError | None = None,
    clock: Clock = SYSTEM_CLOCK,
    part: Part = Part.ALL,
) -> CallsheetApp:
    """Return what `create_app` returns, or a ``part`` of it.

    ``away`` is the error if the database has just been found unavailable.
    """
    prepare_folder(settings)
    store = Store(settings.database)
    state_file = state_file_at(settings.state_file, store.canonical_address)
    live = LiveState(
        store,
        options_of(settings),
        settings.poll_seconds,
        prepare=partial(set_up, store, clock.now, state_file, builtin_of(settings)),
        state_file=None if part is Part.ADMINISTRATION else state_file,  # without the database, it can do nothing
        away=away,
        clock=clock,
        warms=part is not Part.ADMINISTRATION,
    )
    return CallsheetApp(live, settings, clock, part)


def check_database(settings: Settings) -> None:
    """Raise what `create_app` would raise, without keeping what is read.

    Raises
    ------
    StorageError
        As for `create_app`.
    """
    store = Store(settings.database)
    with suppress(StorageUnavailableError):
        state_file = state_file_at(settings.state_file, store.canonical_address)
        set_up(store, SYSTEM_CLOCK.now, state_file, builtin_of(settings))
        with store.read() as reading:
            load_state(reading, options_of(settings))


def _catalog_follower(settings: Settings, store: Store, clock: Clock) -> "CatalogFollower | None":
    if not settings.catalog:
        return None
    from callsheet.service.manifests.follow import CatalogFollower  # slow to import, and few servers need it
    from callsheet.service.manifests.service import ManifestService

    service = ManifestService(store, _ACTOR, clock.now, os.environ.get, options_of(settings))
    return CatalogFollower(settings.catalog, service, clock)


def _courier(
    store: Store, clock: Clock, private: Sequence[str], record: "Callable[[Webhook, Delivery, Attempt], None]"
) -> "Courier":
    from callsheet.domain.addresses import AllowedAddresses
    from callsheet.service.webhooks.courier import Courier  # slow to import, and few servers need it
    from callsheet.service.webhooks.post import Poster

    return Courier(store, clock.now, Poster(AllowedAddresses(private), clock.now), record)


def _forward(settings: Settings, live: LiveState, log: AccessLog | None, clock: Clock) -> "Forward | None":
    if not settings.forward:
        return None
    from callsheet.http.forward.forward import Forward  # few servers need it
    from callsheet.http.forward.limits import ForwardLimits

    limits = ForwardLimits(
        settings.forward_connect_seconds, settings.forward_idle_seconds, settings.forward_max_requests
    )
    return Forward(
        settings.gateway,
        limits,
        live,
        log,
        trusted_proxies=settings.trusted_proxies,
        prefix=settings.root_path,
        clock=clock,
    )


def _console(
    live: LiveState,
    log: AccessLog | None,
    clock: Clock,
    prefix: str,
    private: Sequence[str],
    guard: UpstreamGuard,
    metrics: AdminMetrics,
    rate_limits: "RateLimits | None",
    settings: Settings,
) -> "Console":
    from callsheet.http.console.app import Console  # slow to import, and most servers are never asked for it
    from callsheet.http.console.proxy_users import ProxyUsers

    users = None
    if settings.console_user_header:
        scopes = parse_scopes(settings.console_user_scopes)
        users = ProxyUsers(settings.console_user_header, scopes, settings.console_proxies)
    models_port = settings.port if settings.has_admin_listener else 0
    console = Console(live, log, clock, prefix, private, guard, metrics, users, models_port or None)
    console.rate_limits = rate_limits
    return console


def _rate_limits(settings: Settings, clock: Clock) -> "RateLimits | None":
    rates = settings.rate_limit_key, settings.rate_limit_address, settings.rate_limit_failures
    if not any(rates):
        return None
    from callsheet.http.ratelimit.create import make_rate_limits  # slow to import, and rarely needed

    return make_rate_limits(*rates, storage=settings.rate_limit_storage, clock=clock)


def builtin_of(settings: Settings) -> BuiltinMode:
    """Return what the built-in facts are for in an installation that is new: the list of a gateway is its own."""
    return BuiltinMode.INFORM if settings.gateway else BuiltinMode.LIST


def options_of(settings: Settings) -> Options:
    """Return the parts of the contract that ``settings`` decide."""
    return Options(
        default_limit=settings.default_limit,
        shape=settings.shape,
        openai_dialect=settings.openai_dialect,
        needs_version=settings.missing_version is MissingVersion.REFUSE,
        versions=ACCEPTED_VERSIONS | {version.encode() for version in settings.extra_versions},
        betas=KNOWN_BETAS | set(settings.extra_betas) if settings.strict_betas else None,
        cors_origins=frozenset(settings.cors_origins),
        any_key=settings.any_key,
        max_url_bytes=settings.max_url_bytes,
    )
