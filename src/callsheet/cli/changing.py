"""Commands that change something: they do it, perhaps with a warning, or with --dry-run print its plan."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn, Protocol, TypeVar

import typer

from callsheet.cli.database import actor, clock, connect, load_settings
from callsheet.cli.output.tables import say
from callsheet.cli.remote_option import ServerURL
from callsheet.domain.addresses import AllowedAddresses
from callsheet.domain.plan.impact import Harm
from callsheet.domain.plan.plan import Plan
from callsheet.domain.plan.warnings import ALIAS_RETIRES, PlanWarning
from callsheet.service.access import AccessService
from callsheet.service.admin.admin_keys import AdminKeyService
from callsheet.service.apply import Act, rehearse, warnings_before
from callsheet.service.catalog import CatalogService
from callsheet.service.ids import NewThings
from callsheet.service.moments.reverting import RevertService
from callsheet.service.retirements.calendars import CalendarService
from callsheet.service.setup import open_existing
from callsheet.service.webhooks.service import WebhooksService
from callsheet.storage.store import Transactions

if TYPE_CHECKING:  # protocols, and what only --remote needs
    from callsheet.domain.changes.key_import import Entry, Imported
    from callsheet.service.administration import Access, Calendars, Catalogue, Reverts, Webhooks

T = TypeVar("T")

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what would change, and for whom, and change nothing.")
]

#: What a command warns of although nothing was asked.
_SAID: Final = frozenset({Harm.ORPHAN_ALIAS, Harm.EMPTY_LIST, ALIAS_RETIRES})


class _Services(Protocol):
    """The services of an installation, to change it by or to rehearse that."""

    @property
    def catalog(self) -> "Catalogue":
        """Models and aliases."""

    @property
    def access(self) -> "Access":
        """Workspaces and keys."""

    @property
    def reverts(self) -> "Reverts":
        """The way back to earlier moments."""

    @property
    def calendars(self) -> "Calendars":
        """Calendars."""

    @property
    def webhooks(self) -> "Webhooks":
        """Webhooks."""


#: What a command does by the services.
_Do = Callable[[_Services], Any]


class _Local:
    """A database."""

    def __init__(self, database: str | None) -> None:
        self._settings = load_settings(database)
        self.store = open_existing(self._settings.database)

    @property
    def services(self) -> "_LocalServices":
        """What changes it."""
        return self._services(self.store, NewThings())

    def plan(self, do: _Do) -> Plan:
        """Return the plan of what ``do`` does."""
        return self.rehearse(self._act(do))

    def rehearse(self, act: Act) -> Plan:
        """Return the plan of what ``act`` does to the database."""
        from callsheet.http.app import options_of  # slow to import

        return rehearse(self.store, act, clock(), options_of(self._settings))

    def warnings(self, do: _Do) -> Sequence[PlanWarning]:
        """Return what a person should know of it first."""
        return warnings_before(self.store, self._act(do), clock())

    def _act(self, do: _Do) -> Act:
        return lambda rehearsal, new: do(self._services(rehearsal, new))

    def _services(self, store: Transactions, new: NewThings) -> "_LocalServices":
        return _LocalServices(store, new, self._settings.webhooks_private)

    def check_import(self, entries: "Sequence[Entry]") -> "Imported":
        """Return which keys would be created, and which are there."""
        rehearsed: list[Imported] = []
        self.plan(lambda services: rehearsed.append(services.access.import_keys(entries)))
        return rehearsed[0]


class _LocalServices:
    def __init__(self, store: Transactions, new: NewThings, private: Sequence[str]) -> None:
        self.catalog: Catalogue = CatalogService(store, actor(), clock)
        self.access: Access = AccessService(store, actor(), clock, new)
        self.reverts: Reverts = RevertService(store, actor(), clock)
        self.calendars: Calendars = CalendarService(store, actor(), clock, new)
        self.webhooks: Webhooks = WebhooksService(store, actor(), clock, AllowedAddresses(private), new)


class _Served:
    """A server."""

    def __init__(self, server: ServerURL) -> None:
        self._connection = connect(server)

    @property
    def services(self) -> "_ServedServices":
        """What changes it."""
        return _ServedServices(self._connection, dry_run=False)

    def plan(self, do: _Do) -> Plan:
        """Return the plan of what ``do`` does."""
        from callsheet.remote.doing import PlannedError  # here and below: for --remote only

        try:
            do(_ServedServices(self._connection, dry_run=True))
        except PlannedError as planned:
            return planned.plan
        raise AssertionError("a dry run of nothing")

    def warnings(self, do: _Do) -> Sequence[PlanWarning]:
        """Return what a person should know of it first."""
        return self.plan(do).warnings

    def check_import(self, entries: "Sequence[Entry]") -> "Imported":
        """Return which keys would be created, and which are there."""
        return _ServedServices(self._connection, dry_run=False).access.check_import(entries)


class _ServedServices:
    def __init__(self, connection: Any, *, dry_run: bool) -> None:
        from callsheet.remote.access import RemoteAccess
        from callsheet.remote.catalog import RemoteCatalog
        from callsheet.remote.doing import Sender

        sender = Sender(connection, dry_run=dry_run)
        self.catalog = RemoteCatalog(sender)
        self.access = RemoteAccess(sender)
        self._sender = sender

    @property
    def reverts(self) -> "Reverts":
        """The way back to earlier moments."""
        from callsheet.remote.moments import RemoteReverts

        return RemoteReverts(self._sender, clock())

    @property
    def calendars(self) -> "Calendars":
        """Calendars."""
        from callsheet.remote.webhooks import RemoteCalendars

        return RemoteCalendars(self._sender)

    @property
    def webhooks(self) -> "Webhooks":
        """Webhooks."""
        from callsheet.remote.webhooks import RemoteWebhooks

        return RemoteWebhooks(self._sender)


class Changing:
    """What a command changes, or with ``dry_run`` does not: a database, or an installation by its server.

    Parameters
    ----------
    database
        Its URL; None is that of the settings.
    dry_run, as_json
        The options of the command.

    Raises
    ------
    CallsheetError
        There is no such database, or it cannot be used.
    """

    def __init__(self, database: str | None, *, dry_run: bool, as_json: bool) -> None:
        self._server = database if isinstance(database, ServerURL) else None
        self._place = _Local(database) if self._server is None else _Served(self._server)
        self._dry_run = dry_run
        self._as_json = as_json

    @property
    def access(self) -> "Access":
        """Its workspaces and keys, to read, or to change whatever the options say."""
        return self._place.services.access

    def catalog(self, act: "Callable[[Catalogue], T]", *, warns: bool = False) -> T:
        """Do ``act`` and return what that returns, or print its plan and end the command.

        Parameters
        ----------
        act
            Changes the catalogue.
        warns
            Whether it may leave an alias pointing nowhere, or a workspace without models, which is then said.

        Raises
        ------
        typer.Exit
            It was a dry run.
        """
        return self._do(lambda services: act(services.catalog), warns=warns)

    def keys(self, act: "Callable[[Access], T]", *, warns: bool = False) -> T:
        """Do the same with workspaces and keys."""
        return self._do(lambda services: act(services.access), warns=warns)

    @property
    def webhooks(self) -> "Webhooks":
        """Its webhooks, to read, or to change whatever the options say."""
        return self._place.services.webhooks

    def webhook(self, act: "Callable[[Webhooks], T]") -> T:
        """Do the same as `keys` with webhooks."""
        return self._do(lambda services: act(services.webhooks), warns=False)

    def revert(self, act: "Callable[[Reverts], T]") -> T:
        """Do the same with what goes back to an earlier moment; it warns."""
        return self._do(lambda services: act(services.reverts), warns=True)

    def admin_keys(self, act: Callable[[AdminKeyService], T]) -> T:
        """Do the same with admin keys, which only those change who have the database."""
        return self._do_local(lambda store, new: act(AdminKeyService(store, actor(), clock, new)))

    @property
    def admin_access(self) -> AdminKeyService:
        """Its admin keys, to change whatever the options say."""
        return AdminKeyService(self._local.store, actor(), clock)

    def calendar(self, act: "Callable[[Calendars], T]") -> T:
        """Do the same with calendars."""
        return self._do(lambda services: act(services.calendars), warns=False)

    @property
    def calendars(self) -> "Calendars":
        """Its calendars, to change whatever the options say."""
        return self._place.services.calendars

    def plan_import(self, entries: "Sequence[Entry]") -> "tuple[Imported, Plan]":
        """Return what an import of keys would do, and its plan."""
        imported = self._place.check_import(entries)
        return imported, self._place.plan(lambda services: services.access.import_keys(entries))

    @property
    def _local(self) -> _Local:
        """The database; InvalidError if there is a server in its place."""
        if isinstance(self._place, _Local):
            return self._place
        assert self._server is not None  # noqa: S101  # it is one or the other
        raise self._server.refuse()

    def _do_local(self, act: Callable[[Transactions, NewThings], T]) -> T:
        place = self._local
        if self._dry_run:
            self._print(place.rehearse(act))
        return act(place.store, NewThings())

    def _do(self, act: Callable[[_Services], T], *, warns: bool) -> T:
        if self._dry_run:
            self._print(self._place.plan(act))
        warnings = self._place.warnings(act) if warns else ()
        result = act(self._place.services)
        _say(warnings)
        return result

    def _print(self, plan: Plan) -> NoReturn:
        """Print the plan of a dry run, and end the command."""
        from callsheet.cli.output.plan import print_plan, say_dry_run  # for dry runs only

        print_plan(plan, as_json=self._as_json)
        say_dry_run()
        raise typer.Exit


def _say(warnings: Sequence[PlanWarning]) -> None:
    for warning in warnings:
        if warning.code in _SAID:
            say(f"Warning: {warning.message}")
