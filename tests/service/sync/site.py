"""An installation, and an upstream that it can list from."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from callsheet.domain.model import Model
from callsheet.service.sync.config import SourceConfig
from callsheet.service.sync.lease import Lease
from callsheet.service.sync.limits import LIMITS, Limits
from callsheet.service.sync.listing import Upstreams, contexts_in
from callsheet.service.sync.report import Report
from callsheet.service.sync.run import Runner
from callsheet.service.sync.sources import Source, SourcesService
from callsheet.sources.upstream import SourceKind
from tests.installation import Installation
from tests.rows import rows
from tests.service.sync.upstream import Upstream

_TABLES: Final = ("models", "aliases", "claims", "changes", "tombstones", "absences", "installation")


class Clock:
    """A time that passes only when a test says so."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 29, 20, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **time: float) -> None:
        """Let time pass; a negative one sets the clock back."""
        self.now += timedelta(**time)


class Site:
    """An installation with a source called ``gateway``, whose upstream is of OpenAI's kind."""

    def __init__(self, installation: Installation, upstream: Upstream, **config: Any) -> None:
        self.installation = installation
        self.upstream = upstream
        self.clock = Clock()
        self.sources = SourcesService(installation.store, "ada", self.clock)
        self.add("gateway", **config)

    def add(self, name: str, **config: Any) -> None:
        """Add a source with the same upstream, unless ``config`` says otherwise."""
        wanted = {"kind": SourceKind.OPENAI, "url": self.upstream.url, **config}
        self.sources.add(name, SourceConfig(**wanted))

    def runner(self, limits: Limits = LIMITS) -> Runner:
        """One as another process would have it."""
        store = self.installation.store
        return Runner(
            store, self.clock, Upstreams(self.clock, limits, contexts_in(store)), Lease(store, self.clock)
        )

    def run(self, name: str = "gateway", *, minutes: float = 5) -> Report:
        """Run a source, and let time pass."""
        report = self.runner().run(name)
        self.clock.passes(minutes=minutes)
        return report

    @property
    def source(self) -> Source:
        """The source."""
        return self.sources.show("gateway")

    def models(self) -> Mapping[str, Model]:
        """Every model, by id."""
        return {each.model.id: each.model for each in self.installation.catalog.list()}

    @property
    def revision(self) -> int:
        """Of the installation."""
        with self.installation.store.read() as reading:
            found = reading.installation()
            assert found is not None
            return found.revision

    def rows(self) -> Mapping[str, Any]:
        """Every row but those of the runs."""
        store = self.installation.store
        return {table: sorted(rows(store, table), key=repr) for table in _TABLES}
