"""Commands that change something: they do it, perhaps with a warning, or with --dry-run print its plan."""

from collections.abc import Callable
from typing import Annotated, Final, TypeVar

import typer

from callsheet.cli.database import actor, clock, load_settings
from callsheet.cli.output.tables import say
from callsheet.domain.plan.impact import Harm
from callsheet.domain.plan.plan import Plan
from callsheet.domain.webhooks.addresses import AllowedAddresses
from callsheet.service.access import AccessService
from callsheet.service.admin.admin_keys import AdminKeyService
from callsheet.service.apply import Act, rehearse, warnings_before
from callsheet.service.catalog import CatalogService
from callsheet.service.ids import NewThings
from callsheet.service.moments.reverting import RevertService
from callsheet.service.setup import open_existing
from callsheet.service.webhooks.service import WebhooksService
from callsheet.storage.store import Transactions

T = TypeVar("T")

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what would change, and for whom, and change nothing.")
]

#: What a command warns of although nothing was asked.
_HARMS: Final = frozenset({Harm.ORPHAN_ALIAS, Harm.EMPTY_LIST})


class Changing:
    """The database that a command changes, or with ``dry_run`` does not.

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
        self._settings = load_settings(database)
        self._store = open_existing(self._settings.database)
        self._dry_run = dry_run
        self._as_json = as_json

    @property
    def access(self) -> AccessService:
        """Its workspaces and keys, to read, or to change whatever the options say."""
        return _access(self._store, NewThings())

    def catalog(self, act: Callable[[CatalogService], T], *, warns: bool = False) -> T:
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
        return self._do(lambda store, _new: act(CatalogService(store, actor(), clock)), warns=warns)

    def keys(self, act: Callable[[AccessService], T], *, warns: bool = False) -> T:
        """Do the same with workspaces and keys."""
        return self._do(lambda store, new: act(_access(store, new)), warns=warns)

    @property
    def webhooks(self) -> WebhooksService:
        """Its webhooks, to read, or to change whatever the options say."""
        return self._webhooks(self._store, NewThings())

    def webhook(self, act: Callable[[WebhooksService], T]) -> T:
        """Do the same as `keys` with webhooks."""
        return self._do(lambda store, new: act(self._webhooks(store, new)), warns=False)

    def _webhooks(self, store: Transactions, new: NewThings) -> WebhooksService:
        return WebhooksService(store, actor(), clock, AllowedAddresses(self._settings.webhooks_private), new)

    def revert(self, act: Callable[[RevertService], T]) -> T:
        """Do the same with what goes back to an earlier moment; it warns."""
        return self._do(lambda store, _new: act(RevertService(store, actor(), clock)), warns=True)

    def admin_keys(self, act: Callable[[AdminKeyService], T]) -> T:
        """Do the same with admin keys."""
        return self._do(lambda store, new: act(AdminKeyService(store, actor(), clock, new)), warns=False)

    @property
    def admin_access(self) -> AdminKeyService:
        """Its admin keys, to change whatever the options say."""
        return AdminKeyService(self._store, actor(), clock)

    def plan(self, act: Callable[[AccessService], object]) -> Plan:
        """Return the plan of what changes workspaces and keys."""
        return self._plan(lambda store, new: act(_access(store, new)))

    def _do(self, act: Callable[[Transactions, NewThings], T], *, warns: bool) -> T:
        if self._dry_run:
            from callsheet.cli.output.plan import print_plan, say_dry_run  # for dry runs only

            print_plan(self._plan(act), as_json=self._as_json)
            say_dry_run()
            raise typer.Exit
        warnings = warnings_before(self._store, act, clock()) if warns else ()
        result = act(self._store, NewThings())
        for warning in warnings:
            if warning.code in _HARMS:
                say(f"Warning: {warning.message}")
        return result

    def _plan(self, act: Act) -> Plan:
        from callsheet.http.app import options_of  # slow to import

        return rehearse(self._store, act, clock(), options_of(self._settings))


def _access(store: Transactions, new: NewThings) -> AccessService:
    return AccessService(store, actor(), clock, new)
