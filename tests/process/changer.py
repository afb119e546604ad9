"""Changes a catalogue for ever, and says so after each change that is committed; for the test of crashes.

Run as ``python -m tests.process.changer URL SEED``. A line on stdout is JSON: action, subject, after.
"""

import json
import random
import sys
from collections.abc import Callable
from datetime import timedelta

from callsheet.domain.errors import RefusedError
from callsheet.service.catalog import CatalogService
from callsheet.service.setup import open_store
from tests.installation import make_model, now

Change = tuple[str, str, Callable[[], dict[str, object]]]

IDS = [f"m{number}" for number in range(12)]


def main(url: str, seed: str) -> None:
    """Change until killed."""
    choose = random.Random(seed)
    catalog = CatalogService(open_store(url, now), "changer", now)
    while True:
        action, subject, change = choose_change(choose, catalog)
        try:
            after = change()
        except RefusedError:
            continue
        after.pop("aliases", None)
        print(json.dumps({"action": action, "subject": subject, "after": after}), flush=True)


def choose_change(choose: random.Random, catalog: CatalogService) -> Change:
    """Any change; it may turn out to be refused."""
    model, other = choose.sample(IDS, 2)
    alias = f"alias-{choose.randrange(12)}"
    text = f"{choose.random()} " * choose.randrange(1, 50)
    changes: list[Change] = [
        ("add", model, lambda: catalog.add(make_model(model, description=text))),
        ("change", model, lambda: catalog.change(model, {"description": text})),
        ("deprecate", model, lambda: catalog.deprecate(model, now() + timedelta(days=9), other)),
        ("retire", model, lambda: catalog.retire(model)),
        ("remove", model, lambda: catalog.remove(model)),
        ("hide", model, lambda: catalog.hide(model)),
        ("unhide", model, lambda: catalog.unhide(model)),
        ("alias", alias, lambda: catalog.alias(alias, model)),
        ("unalias", alias, lambda: catalog.unalias(alias)),
    ]
    return choose.choice(changes)


if __name__ == "__main__":
    main(*sys.argv[1:])
