"""An installation in a file, and the same in another, which a server of ours administers."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

from callsheet.domain.access.admin_key import Scope
from callsheet.service.admin.admin_keys import AdminKeyService
from tests.doors import HTTPDoor
from tests.installation import Installation, now

#: What differs each time, with what stands for it in its width.
_VARIES: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<=wrkspc_01)[1-9A-HJ-NP-Za-km-z]{22}",
        r"(?<=apikey_01)[1-9A-HJ-NP-Za-km-z]{22}",
        r"(?<=sk-cs-)[0-9A-Za-z]{49}",
        r"(?<=webhook_01)[1-9A-HJ-NP-Za-km-z]{22}",
        r"(?<=session_01)[1-9A-HJ-NP-Za-km-z]{22}",
        r"(?<=calendar_01)[1-9A-HJ-NP-Za-km-z]{22}",
        r"(?<=sk-cs-calendar-)[0-9A-Za-z]{40,}",
        r"(?<=whsec_)[0-9A-Za-z+/=]{44}",
        r"(?<=evt_)[0-9a-f]{32}",
        r"(?<=\.\.\.)[0-9A-Za-z+/=]{4}(?=\W)",
        r"(?<=\d{4}-\d\d-\d\dT)\d\d:\d\d:\d\d(\.\d+)?(?=Z)",
        r"(?<=\d{4}-\d\d-\d\d )\d\d:\d\d:\d\d",
        r"(?<=in )\d+m|\d+s(?= ago)",
    )
)


class Served(HTTPDoor):
    """A server of an installation; it adds nothing to it."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.set_up(sync=False, webhooks=False)  # sources run, and events are sent, only when a test says so

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"


class Pair(NamedTuple):
    """An installation, a server of an equal one, and the secret and the actor of an admin key of both."""

    here: Installation
    there: Served
    admin_key: str
    actor: str


def make_pair(here: Installation, folder: Path) -> Pair:
    """Make an admin key of an installation, and a server of a copy of it."""
    made = AdminKeyService(here.store, "test", now).create("remote", (Scope.ALL,))
    path = folder / "there.db"
    with closing(sqlite3.connect(here.store.display_name)) as source, closing(sqlite3.connect(path)) as target:
        source.backup(target)
    return Pair(here, Served(Installation(f"sqlite:///{path}")), made.secret, f"admin:{made.key.id}")


def alike(text: str, *actors: str) -> str:
    """``text`` without what differs each time; all actors are as wide, so that columns are."""
    for actor in actors:
        text = text.replace(actor, "ACTOR")
    text = re.sub(r"--(database|remote) \S+", "PLACE", text)
    for pattern in _VARIES:
        text = pattern.sub("~", text)
    return re.sub("─+", "─", re.sub(" +", " ", text))  # columns are as wide as what varies
