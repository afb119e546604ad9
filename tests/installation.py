"""An installation to test against: a real database, changed through the services."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

import pytest
from sqlalchemy import delete

from callsheet.api.state import Options
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.changes.change import Action, Change
from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.times import parse_instant
from callsheet.service.access import AccessService
from callsheet.service.catalog import CatalogService
from callsheet.service.clock import SYSTEM_CLOCK, Clock
from callsheet.service.facts import Facts
from callsheet.service.history import HistoryService
from callsheet.service.state.live import LiveState
from callsheet.settings import Settings
from callsheet.storage import tables
from callsheet.storage.store import Store
from callsheet.storage.transactions.put import add_rows
from tests.commits import Commits
from tests.tiers import first

if TYPE_CHECKING:
    from callsheet.http.app import CallsheetApp

#: The kinds of databases there are.
KINDS: Final = ("sqlite", "postgresql")

#: Marks a test whose `installation` is to be on each of them.
on_both = pytest.mark.parametrize("installation", KINDS, indirect=True)

#: The same, where tests/storage proves of both what the test needs of one: PostgreSQL is left to ``--all``.
again_on_postgresql = pytest.mark.parametrize("installation", first(KINDS), indirect=True)


def now() -> datetime:
    """The time, as the services are given it."""
    return datetime.now(UTC)


def make_model(model_id: str, created_at: str = "2026-01-01", **fields: Any) -> Model:
    """A valid model; only what matters to a test needs saying."""
    return Model(
        id=model_id,
        display_name=fields.pop("display_name", model_id),
        created_at=parse_instant(created_at),
        **fields,
    )


def builtin_counts() -> tuple[int, int]:
    """How many built-in models are listed today, and how many are retired: one more on some days."""
    stages = [model.lifecycle for model in Facts.built_in(now()).models]
    retired = stages.count(Lifecycle.RETIRED)
    return len(stages) - retired, retired


class Installation:
    """A database and the services over it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.store = Store(url)
        self.catalog = CatalogService(self.store, "test", now)
        self.history = HistoryService(self.store)
        self.access = AccessService(self.store, "test", now)
        self._names: Counter[str] = Counter()  # of the keys that were made here
        self._commits: list[Commits] = []
        self._lives: WeakSet[LiveState] = WeakSet()  # one that is followed lives until it is stopped
        self._apps: WeakSet[CallsheetApp] = WeakSet()  # likewise

    def close(self) -> None:
        """Stop whoever still follows it; a watch that nobody ends asks a hundred times a second."""
        for app in self._apps:
            app.stop()
        for live in self._lives:
            live.stop()
        for commits in self._commits:
            commits.close()

    def clear_catalog(self) -> None:
        """Remove every model, tombstones and all, as if there had never been any."""
        with self.store.write("test", now()) as writing:
            gone = [("unalias", "alias", alias) for alias in writing.aliases()]
            gone += [("remove", "model", model.id) for model in writing.models()]
            for table in (tables.aliases, tables.models, tables.tombstones, tables.claims):
                writing._connection.execute(delete(table))
            add_rows(writing._connection, tables.changes, [writing._recorded(*each, None, None) for each in gone])

    def add(self, *models: Model) -> None:
        """Add models."""
        for model in models:
            self.catalog.add(model)

    def add_at_once(self, models: Iterable[Model]) -> None:
        """Add many models, or replace them, in one transaction of few statements."""
        with self.store.write("test", now()) as writing:
            writing.apply([Change(Action.ADD, None, model) for model in models])

    def key(self, **options: Any) -> str:
        """A new secret: of the default workspace unless said otherwise. A name that is taken gets a number."""
        name = options.pop("name", "test")
        self._names[name] += 1
        number = self._names[name]
        return self.access.create_key(name if number == 1 else f"{name} {number}", **options).secret

    def workspace(self, name: str, allow: tuple[str, ...] = (), deny: tuple[str, ...] = (), **options: Any) -> str:
        """The id of a new workspace."""
        return self.access.create_workspace(name, None, Visibility(allow, deny), **options).id

    def commits(self) -> Commits:
        """Whether anything was written, to be asked until this is closed."""
        self._commits.append(Commits(self.store.database.file))
        return self._commits[-1]

    def live(self, options: Options | None = None) -> LiveState:
        """Its State, loaded."""
        live = LiveState(self.store, options or Options(), poll_seconds=0.01)
        self._lives.add(live)
        return live

    def app(self, settings: Settings, clock: Clock = SYSTEM_CLOCK) -> "CallsheetApp":
        """The app over it; its threads end with this object."""
        from callsheet.http.app import CallsheetApp, options_of  # many tests need none

        made = CallsheetApp(self.live(options_of(settings)), settings, clock)
        self._apps.add(made)
        return made
