"""What is killed: each command that writes a database as a whole, and what must be left of it at any moment."""

import json
import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from callsheet.domain.model import Model, RetirementPrecision
from callsheet.files.load import parse_manifest
from callsheet.service.maintenance.backup import back_up
from callsheet.service.maintenance.check import check_database
from callsheet.service.maintenance.copy import copy_installation
from callsheet.service.maintenance.restore import restore
from callsheet.service.manifests.service import ManifestService
from callsheet.service.retirements.due import REASON, retire_due
from callsheet.service.setup import migrate_store
from callsheet.service.sync.config import SourceConfig
from callsheet.service.sync.decide import Outcome
from callsheet.service.sync.durations import Grace
from callsheet.service.sync.lease import Lease
from callsheet.service.sync.listing import Upstreams
from callsheet.service.sync.run import Runner
from callsheet.service.sync.sources import SourcesService
from callsheet.sources.upstream import SourceKind
from callsheet.storage.store import Store
from callsheet.storage.whole.file_copy import is_damaged
from tests.first_release import as_released, first_release
from tests.installation import Installation, make_model
from tests.rows import everything, rows
from tests.storage.others import url_of

NOW: Final = datetime(2026, 11, 21, tzinfo=UTC)

Note = Callable[[str], None]


class Trial(ABC):
    """A command in a folder of its own, and at ``url`` where what it changes is another kind of database."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.file = folder / "callsheet.db"
        self.store = Store(url or f"sqlite:///{self.file}")
        self.backup = folder / "backup.db"
        self._present = self._names()

    def _names(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()}

    def _fill(self) -> None:
        """Let the database hold what the first release could make."""
        first = first_release(self.file)
        if first.display_name != self.store.display_name:
            copy_installation(first, self.store, lambda *_: None)
            self.file.unlink()

    @abstractmethod
    def prepare(self) -> None:
        """Make what the command begins with."""

    @abstractmethod
    def act(self, note: Note) -> None:
        """Do it; it may have been killed before. ``note`` is told of what cannot be seen from outside."""

    @abstractmethod
    def look(self) -> None:
        """See that what is left is good."""

    @abstractmethod
    def check(self) -> None:
        """See that it is complete."""


class Migrate(Trial):
    """A database is made."""

    def prepare(self) -> None:
        pass

    def act(self, note: Note) -> None:
        migrate_store(url_of(self.store), lambda: NOW)

    def look(self) -> None:
        assert not is_damaged(self.store)

    def check(self) -> None:
        checked = check_database(self.store)
        assert (checked.problems, checked.revision) == ([], 1)
        assert checked.counts["models"] > 30


class MigrateFirstRelease(Migrate):
    """A database of the first release is brought up to date."""

    def prepare(self) -> None:
        as_released(self.file)

    def look(self) -> None:
        assert not is_damaged(self.store)
        assert len(rows(self.store, "changes")) == 65

    def check(self) -> None:
        checked = check_database(self.store)
        assert (checked.problems, checked.revision, checked.counts["models"]) == ([], 20, 36)


class Copy(Trial):
    """A database is copied."""

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder, "")
        self.other = Store(url or f"sqlite:///{folder}/other.db")

    def prepare(self) -> None:
        self._fill()

    def act(self, note: Note) -> None:
        copy_installation(self.store, self.other, lambda what, done, _total: note(what))

    def look(self) -> None:
        assert len(everything(self.store)["changes"]) == 65
        assert self.other.is_empty() or everything(self.other) in (self._before(), everything(self.store))

    def _before(self) -> dict[str, list[Any]]:
        return {table: [] for table in everything(self.store)}

    def check(self) -> None:
        assert everything(self.other) == everything(self.store)
        assert check_database(self.other).problems == []


class CopyAgain(Copy):
    """An earlier copy is brought up to its source."""

    def prepare(self) -> None:
        self._fill()
        copy_installation(self.store, self.other, lambda *_: None)
        copy_installation(self.store, Store(f"sqlite:///{self.folder}/before.db"), lambda *_: None)
        installation = Installation(url_of(self.store))
        installation.add(make_model("new"))
        installation.catalog.remove("acme/old")

    def look(self) -> None:
        assert everything(self.other) in (self._before(), everything(self.store))

    def _before(self) -> dict[str, list[Any]]:
        return everything(Store(f"sqlite:///{self.folder}/before.db"))


class BackUp(Trial):
    """A backup takes the place of another."""

    def prepare(self) -> None:
        self._fill()
        back_up(self.store, self.backup, lambda *_: None)
        Installation(url_of(self.store)).add(make_model("new"))

    def act(self, note: Note) -> None:
        back_up(self.store, self.backup, lambda what, done, _total: note(what), replace=True)

    def look(self) -> None:
        held = everything(Store(f"sqlite:///{self.backup}"))
        whole = everything(self.store)
        without_new = {name: held[name] for name in ("installation", "models", "claims", "changes")}
        assert held in (whole, {**whole, **without_new})
        assert check_database(Store(f"sqlite:///{self.backup}")).problems == []

    def check(self) -> None:
        assert everything(Store(f"sqlite:///{self.backup}")) == everything(self.store)
        assert self._names() == self._present


class Restore(Trial):
    """A backup takes the place of what a database holds, which is kept."""

    def prepare(self) -> None:
        self._fill()
        back_up(self.store, self.backup, lambda *_: None)
        Installation(url_of(self.store)).add(make_model("precious"))

    def act(self, note: Note) -> None:
        restore(
            self.backup,
            self.store,
            "test",
            lambda: NOW + timedelta(seconds=time.monotonic_ns() // 1_000_000),  # each run is at another second
            lambda what, done, _total: note(what),
            replace=True,
        )

    def look(self) -> None:
        held = [self.store, *(Store(f"sqlite:///{path}") for path in self._kept())]
        assert any(("precious" in {row[0] for row in everything(store)["models"]}) for store in held)
        assert check_database(self.store).problems == []

    def check(self) -> None:
        self.look()
        assert "precious" not in {row[0] for row in everything(self.store)["models"]}
        assert self._names() == self._present | {path.name for path in self._kept()}

    def _kept(self) -> list[Path]:
        return sorted(self.folder.glob("callsheet-before-restore-*Z.db"))


class RestoreDamaged(Restore):
    """A backup takes the place of a damaged file, which is kept."""

    def prepare(self) -> None:
        super().prepare()
        self.file.write_bytes(b"nothing that was ever a database")

    def look(self) -> None:
        held = [path.read_bytes() for path in (self.file, *self._kept()) if path.exists()]
        assert b"nothing that was ever a database" in held

    def check(self) -> None:
        self.look()
        assert check_database(self.store).problems == []
        assert self._names() == self._present | {path.name for path in self._kept()}


class ApplyFile(Trial):
    """A catalogue file is applied: something of everything is added, renamed, changed and removed."""

    BEFORE = "manager: team-a\nmodels: [{id: a}, {id: gone}]\naliases: [{alias: short, model_id: a}]\n"
    AFTER = (
        "manager: team-a\nmodels: [{id: b, was: a}, {id: new, line: opus}]\n"
        "aliases: [{alias: gone, model_id: new}]\n"
        "workspaces: [{name: from-file, allow: [b]}]\nkeys: [{name: file, secret_env: KEY, workspace: from-file}]\n"
    )

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder, url)
        self.ids = set() if self.store.is_empty() else self._ids()

    def prepare(self) -> None:
        self._fill()
        self._apply(self.BEFORE)

    def act(self, note: Note) -> None:
        self._apply(self.AFTER)

    def look(self) -> None:
        assert check_database(self.store).problems == []
        if self._ids() != {"a", "gone"}:
            self.check()

    def check(self) -> None:
        assert self._service().plan(parse_manifest(self.AFTER, "x.yaml")).is_in_sync
        assert self._ids() == {"b", "new"}

    def _apply(self, text: str) -> None:
        service = self._service()
        service.apply(service.plan(parse_manifest(text, "x.yaml")))

    def _service(self) -> ManifestService:
        return ManifestService(self.store, "test", lambda: NOW, {"KEY": "sk-0123456789abcdefghijk"}.get)

    def _ids(self) -> set[str]:
        with self.store.read() as reading:
            return set(reading.model_ids()) & {"a", "gone", "b", "new"}


class SyncSource(Trial):
    """A source is run: models come, change and go missing, beside what people decided."""

    BEFORE: Final = ("kept", "changed", "suppressed", "ours", "missing")
    AFTER: Final = ("kept", "changed", "suppressed", "ours", "new")

    def prepare(self) -> None:
        self._fill()
        self._list(self.BEFORE, 1_000)
        url = (self.folder.parent / "place" / "list.json").as_uri()  # where the trial will be
        config = SourceConfig(kind=SourceKind.FILE, url=url, grace=Grace(1, 0))
        SourcesService(self.store, "test", lambda: NOW).add("gateway", config)
        place = self.folder.parent / "place"
        place.mkdir()
        shutil.copy(self.folder / "list.json", place)
        self.act(lambda _label: None)
        shutil.rmtree(place)
        installation = Installation(url_of(self.store))
        installation.catalog.remove("suppressed")
        installation.catalog.change("ours", {"display_name": "Ours"})
        self._list(self.AFTER, 2_000)

    def act(self, note: Note) -> None:
        def late() -> datetime:
            """Later than any lease of a run that was killed."""
            return NOW + timedelta(seconds=10_000 * time.monotonic())

        runner = Runner(self.store, late, Upstreams(late), Lease(self.store, late))
        report = runner.run("gateway", lambda what, _done, _total: note(what))
        assert report.outcome in (Outcome.APPLIED, Outcome.UNCHANGED), report

    def look(self) -> None:
        assert check_database(self.store).problems == []
        models = self._models()
        assert "suppressed" not in models
        assert models["ours"].display_name == "Ours"
        if "new" in models:
            self.check()
        else:
            assert models["changed"].max_input_tokens == 1_000
            assert not models["missing"].hidden

    def check(self) -> None:
        models = self._models()
        assert models.keys() >= {"kept", "changed", "ours", "new", "missing"}
        assert "suppressed" not in models
        assert (models["changed"].max_input_tokens, models["ours"].display_name) == (2_000, "Ours")
        assert models["missing"].hidden

    def _models(self) -> dict[str, Model]:
        with self.store.read() as reading:
            return {model.id: model for model in reading.models()}

    def _list(self, ids: Sequence[str], context: int) -> None:
        rows = [{"id": model_id, "max_input_tokens": context} for model_id in ids]
        (self.folder / "list.json").write_text(json.dumps({"data": rows}))


class RetireDue(Trial):
    """The day has come on which models retire themselves, and their aliases mean what replaces them."""

    MODELS: Final = ("old-a", "old-b")
    DAY: Final = datetime(2099, 11, 21, tzinfo=UTC)

    def prepare(self) -> None:
        self._fill()
        installation = Installation(url_of(self.store))
        installation.add(*map(make_model, (*self.MODELS, "next")))
        for model in self.MODELS:
            installation.catalog.alias(f"alias-of-{model}", model)
            installation.catalog.deprecate(
                model,
                retires_at=self.DAY,
                retires_itself=True,
                retirement_precision=RetirementPrecision.EXACT,
                replacement="next",
            )

    def act(self, note: Note) -> None:
        retire_due(self.store, lambda: self.DAY + timedelta(hours=1), move_aliases=True)

    def look(self) -> None:
        assert check_database(self.store).problems == []
        if self._changes():
            self.check()

    def check(self) -> None:
        assert self._changes() == [("retire", model) for model in self.MODELS] + [
            ("alias", f"alias-of-{model}") for model in self.MODELS
        ]

    def _changes(self) -> list[tuple[str, str]]:
        """What was done on the day, all of it in one revision."""
        with self.store.read() as reading:
            made = [each for each in reading.changes() if each.reason == REASON and each.kind != "claim"]
        assert len({each.revision for each in made}) <= 1
        return [(str(each.action), each.subject) for each in reversed(made)]


TRIALS: Final[Mapping[str, type[Trial]]] = {
    "migrate": Migrate,
    "migrate-first-release": MigrateFirstRelease,
    "copy": Copy,
    "copy-again": CopyAgain,
    "backup": BackUp,
    "restore": Restore,
    "restore-damaged": RestoreDamaged,
    "apply-file": ApplyFile,
    "sync-source": SyncSource,
    "retire-due": RetireDue,
}
