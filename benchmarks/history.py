"""How long it takes to read another moment: ``python -m benchmarks.history URL [MODELS] [CHANGES_OF_EACH]``.

Fills an empty database with changes of the last 400 days, loads the State, and lists the catalogue, as of a year
ago and of now. Seconds of the clock, and of this process's CPU; that of PostgreSQL's server is not in the latter.
"""

import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import insert, update

from callsheet.api.state import Options
from callsheet.domain.history.moment import Moment
from callsheet.domain.model import Model
from callsheet.domain.times import format_instant
from callsheet.service.catalog import CatalogService
from callsheet.service.moments.kept import KeptMoments
from callsheet.service.moments.locating import locate
from callsheet.service.moments.store import MomentStore, kept_at
from callsheet.service.setup import open_store
from callsheet.service.state.load import load
from callsheet.storage import tables
from callsheet.storage.store import Readings, Store
from callsheet.storage.transactions.write import WriteTransaction

_DAYS: Final = 400
_BATCH_SIZE: Final = 5_000


def main() -> None:
    """Fill the database that the arguments name, and print how long its past takes to read."""
    url, models, changes = sys.argv[1], int((*sys.argv[2:], "100000")[0]), int((*sys.argv[3:], "10")[0])
    now = datetime.now(UTC)
    store = open_store(url, lambda: now - timedelta(days=_DAYS))
    _fill(store, models, changes, now)
    for name, readings in (
        ("a year ago", lambda: MomentStore(store, Moment(now - timedelta(days=365)), lambda: now)),
        ("now", lambda: store),
    ):
        _measure(name, readings, now)
    kept = KeptMoments()
    for number in ("first", "second", "third"):
        _timed(f"{number} page of the models as of a year ago", lambda: _page(store, kept, now))


def _page(store: Store, kept: KeptMoments, now: datetime) -> int:
    """Read what the Admin API reads for a page of models of a moment; return how many models there are in all."""
    with store.read() as present:
        located = locate(present, Moment(now - timedelta(days=365)), now)
        with kept_at(present, located, kept) as found:
            ids = sorted(found.reading.model_ids())
            for model in found.reading.models(ids[:20]):
                model.record()
            found.reading.aliases()
            return len(ids)


def _measure(name: str, readings: Callable[[], Readings], now: datetime) -> None:
    def load_state() -> int:
        with readings().read() as reading:
            return len(load(reading, Options()).catalog)

    _timed(f"State as of {name}", load_state)
    _timed(f"catalog list as of {name}", lambda: len(CatalogService(readings(), "bench", lambda: now).list()))


def _timed(name: str, act: Callable[[], int]) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    count = act()
    print(f"{name}: {time.perf_counter() - wall:.2f} s, {time.process_time() - cpu:.2f} s of CPU, {count:,} models")


def _fill(store: Store, models: int, changes: int, now: datetime) -> None:
    begun = now - timedelta(days=_DAYS - 1)
    records = [
        Model(id=f"model-{number}", display_name=f"Model {number}", created_at=begun).record()
        for number in range(models)
    ]
    for number in range(changes):
        at = begun + number * timedelta(days=_DAYS - 1) / changes
        with store.write("bench", at) as writing:
            _change(writing, records, number, format_instant(at))


def _change(writing: WriteTransaction, records: list[dict[str, Any]], number: int, at: str) -> None:
    revision = writing._current_revision()
    rows = [
        {
            "revision": revision,
            "at": at,
            "actor": "bench",
            "action": "change" if number else "add",
            "kind": "model",
            "subject": record["id"],
            "before": {**record, "max_tokens": number} if number else None,
            "after": {**record, "max_tokens": number + 1},
            "manager": "source:bench",
            "reason": None,
        }
        for record in records
    ]
    for some in _batches(rows):
        writing._connection.execute(insert(tables.changes), some)
    if not number:
        for some in _batches(records):
            writing._connection.execute(insert(tables.models), some)
    writing._connection.execute(
        update(tables.models).where(tables.models.c.id.startswith("model-")).values(max_tokens=number + 1)
    )


def _batches(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    return (rows[start : start + _BATCH_SIZE] for start in range(0, len(rows), _BATCH_SIZE))


if __name__ == "__main__":
    main()
