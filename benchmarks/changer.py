"""Changes models of a database at a steady rate, from a process of its own, until it is ended.

    python -m benchmarks.changer DATABASE_URL CORE PER_SECOND MODEL_ID…

Each line it prints is one committed change: the model's id, its new display name, and the time of the commit in
seconds by the system's monotonic clock.
"""

import itertools
import os
import sys
import time
from datetime import UTC, datetime

from callsheet.service.catalog import CatalogService
from callsheet.service.setup import open_store


def main(url: str, core: str, per_second: str, *model_ids: str) -> None:
    """Change one model after the other."""
    os.sched_setaffinity(0, {int(core)})
    # Where it shares a core with the load generator, that goes first: its pauses would look like the server's.
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    catalog = CatalogService(open_store(url, _now), "benchmark", _now)
    due = time.monotonic()
    for number, model_id in enumerate(itertools.cycle(model_ids)):
        name = f"Changed {number}"
        catalog.change(model_id, {"display_name": name})
        print(model_id, name.replace(" ", "_"), time.monotonic(), flush=True)
        due = max(due + 1 / float(per_second), time.monotonic())
        time.sleep(due - time.monotonic() if due > time.monotonic() else 0)


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    main(*sys.argv[1:])
