"""Changes a catalogue until it is killed, and says so after each change that is committed; for the test of crashes.

Run as ``python -m tests.process.changer URL``. Each line on stdin is a seed, with which a process of its own begins
to change; all it needs has been loaded by then. Its first line on stdout is its id, and each further one is JSON:
action, subject, after. When it has been killed, an empty line follows.
"""

import json
import os
import random
import signal
import sys
from collections.abc import Callable
from datetime import timedelta

from callsheet.domain.alias import Alias
from callsheet.domain.errors import RefusedError
from callsheet.service.catalog import CatalogService, ModelWithAliases, Outcome
from callsheet.service.setup import open_store
from tests.installation import make_model, now

Result = ModelWithAliases | Outcome | Alias

Change = tuple[str, str, Callable[[], Result]]

IDS = [f"m{number}" for number in range(12)]


def main(url: str) -> None:
    """Let one process after the other change."""
    for seed in sys.stdin:
        pid = os.fork()
        if not pid:
            print(os.getpid(), flush=True)
            change_on(url, seed)
        _, status = os.waitpid(pid, 0)
        assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL
        print(flush=True)


def change_on(url: str, seed: str) -> None:
    """Change until killed."""
    choose = random.Random(seed)
    catalog = CatalogService(open_store(url, now), "changer", now)
    while True:
        action, subject, change = choose_change(choose, catalog)
        try:
            after = record_of(change())
        except RefusedError:
            continue
        print(json.dumps({"action": action, "subject": subject, "after": after}), flush=True)


def record_of(result: Result) -> dict[str, object]:
    """The fields of what was changed."""
    if isinstance(result, Outcome):
        (result,) = result.models
    return result.model.record() if isinstance(result, ModelWithAliases) else result.record()


def choose_change(choose: random.Random, catalog: CatalogService) -> Change:
    """Any change; it may turn out to be refused."""
    model, other = choose.sample(IDS, 2)
    alias = f"alias-{choose.randrange(12)}"
    text = f"{choose.random()} " * choose.randrange(1, 50)
    changes: list[Change] = [
        ("add", model, lambda: catalog.add(make_model(model, description=text))),
        ("change", model, lambda: catalog.change(model, {"description": text})),
        (
            "deprecate",
            model,
            lambda: catalog.deprecate(model, retires_at=now() + timedelta(days=9), replacement=other),
        ),
        ("retire", model, lambda: catalog.retire(model)),
        ("remove", model, lambda: catalog.remove(model)),
        ("hide", model, lambda: catalog.hide(model)),
        ("unhide", model, lambda: catalog.unhide(model)),
        ("alias", alias, lambda: catalog.alias(alias, model)),
        ("unalias", alias, lambda: catalog.unalias(alias)),
    ]
    return choose.choice(changes)


if __name__ == "__main__":
    main(sys.argv[1])
