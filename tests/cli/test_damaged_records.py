"""Change records that are not what they should be: a sentence by every door, and the others are shown."""

import json
import re
from datetime import timedelta

import pytest

from callsheet.storage import tables
from tests.cli.conftest import CLI, call, cli
from tests.http.admin.asking import Admin
from tests.installation import Installation, make_model, now

__all__ = ["call", "cli"]

DAMAGED = "is damaged, so what it did is not known; run: callsheet check\n"


@pytest.fixture(params=["[1]", '"x"', "1"])
def damaged(request: pytest.FixtureRequest, installation: Installation) -> Installation:
    """With a model of which a change record holds something else than fields."""
    installation.add(make_model("acme"))
    value = json.loads(request.param)
    with installation.store.write("test", now()) as writing:
        writing.record("change", "model", "acme", {"line": "a"}, {"line": "b"})
    with installation.store.write("test", now()) as writing:
        writing.record("change", "model", "acme", value, value)
    return installation


def test_blame_says_so_in_a_sentence(damaged: Installation, cli: CLI) -> None:
    refused = cli("catalog", "blame", "acme")
    assert (refused.code, refused.out) == (1, "")
    assert re.fullmatch(rf"callsheet: Change \d+ of the model acme {DAMAGED}", refused.err)
    admin = Admin(damaged)
    reply = admin.get("/catalog/models/acme/blame")
    assert reply.status in (500, 529)
    assert reply.json["error"]["details"]["error_code"] in ("storage", "database_unavailable")


def test_history_shows_the_others_and_says_which_is_damaged(damaged: Installation, cli: CLI) -> None:
    shown = cli("catalog", "history", "acme")
    assert shown.code == 0
    assert "change model acme; the record is damaged" in shown.out
    assert "line: a → b" in shown.out
    assert cli("catalog", "history", "--json").code == 0


def test_a_rename_that_is_damaged_is_no_traceback(installation: Installation, cli: CLI) -> None:
    installation.access.create_key("a")
    rotated = installation.access.rotate_key("a", timedelta(hours=1))
    with installation.store.write("test", now()) as writing:
        row = {**writing._recorded("change", "key", rotated.key.id, None, None), "before": [1], "after": [1]}
        writing._connection.execute(tables.changes.insert(), [row])
        old = rotated.replaced.id if rotated.replaced else ""
        writing._connection.execute(tables.changes.insert(), [{**row, "subject": old}])
    refused = cli("keys", "show", "a")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.endswith(DAMAGED)
