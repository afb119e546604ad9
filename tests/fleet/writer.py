"""The writer: changes that never stop, what became of each, and whether the database still holds them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self

from callsheet.domain.errors import StorageError
from callsheet.domain.model import Model
from callsheet.service.catalog import CatalogService
from callsheet.storage.store import Store

_NAMES: Final = tuple(f"written-{number:02}" for number in range(20))

#: Between two changes, in seconds.
WRITE_PAUSE: Final = 0.02


def clock() -> datetime:
    """Now."""
    return datetime.now(UTC)


class Writer:
    """Changes the names of some models, one after the other, each with the next number in it.

    What was acknowledged must be there in the end. What was not may be there, but then whole.
    """

    def __init__(self, store: Store, pause: float = WRITE_PAUSE) -> None:
        self._store = store
        self._pause = pause
        self._service = CatalogService(store, "fleet", clock)
        self._stop = threading.Event()
        self._turn = threading.Lock()
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._tried: dict[str, int] = {}
        self._acknowledged: dict[str, int] = {}
        self.count = 0
        """How many changes were acknowledged."""
        self.refused: list[str] = []
        """Why the others were not."""

    def prepare(self) -> None:
        """Add the models that are to be changed."""
        for name in _NAMES:
            self._service.add(Model(id=name, display_name=f"{name} 0"))

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Write nothing meanwhile."""
        with self._turn:
            yield

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _write(self) -> None:
        number = 0
        while not self._stop.wait(self._pause):
            number += 1
            with self._turn:
                self._try(_NAMES[number % len(_NAMES)], number)

    def _try(self, name: str, number: int) -> None:
        self._tried[name] = number
        try:
            self._service.change(name, {"display_name": f"{name} {number}"})
        except StorageError as error:
            self.refused.append(str(error))
        else:
            self._acknowledged[name] = number
            self.count += 1

    def lost(self) -> list[str]:
        """What is wrong with models that hold less than was acknowledged, or what nobody wrote."""
        with self._store.read() as reading:
            present = {model.id: int(model.display_name.rsplit(" ", 1)[1]) for model in reading.models(_NAMES)}
        wrong = [f"{name} is gone" for name in _NAMES if name not in present]
        for name, found in present.items():
            least, most = self._acknowledged.get(name, 0), self._tried.get(name, 0)
            if not least <= found <= most:
                wrong.append(f"{name}: {least} was acknowledged, {most} tried, and {found} is there")
        return wrong

    def revision(self) -> int:
        """That of the database."""
        with self._store.read() as reading:
            installation = reading.installation()
        assert installation is not None
        return installation.revision
