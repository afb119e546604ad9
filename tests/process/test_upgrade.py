"""A database of the first release opens, is brought up to date, and serves what it held."""

import json
from pathlib import Path

import pytest

from callsheet.service.maintenance.check import check_database
from callsheet.storage.store import Store
from tests.first_release import ADA, ORGANIZATION, REVISION, TEAM, as_released, first_release
from tests.program import Server, call
from tests.rows import rows


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """The database of the first release."""
    path = tmp_path / "callsheet.db"
    as_released(path)
    return path


def test_it_is_brought_up_to_date_and_holds_what_it_held(database: Path) -> None:
    store = as_released(database.with_name("untouched.db"))
    changes, keys = rows(store, "changes"), rows(store, "api_keys")
    for _ in range(2):
        assert call("migrate", "--database", f"sqlite:///{database}").returncode == 0
    migrated = Store(f"sqlite:///{database}")
    assert [row[: len(changes[0])] for row in rows(migrated, "changes")[: len(changes)]] == changes
    assert [row[:8] for row in rows(migrated, "api_keys")] == [row[:8] for row in keys]
    assert check_database(migrated).problems == []


def test_it_serves_what_it_held_to_whom_it_knew(database: Path) -> None:
    url = f"sqlite:///{database}"
    assert call("migrate", "--database", url).returncode == 0
    with Server(database) as server:
        assert server.get("/readyz")[1]["revision"] >= REVISION
        listed = [model["id"] for model in server.get("/v1/models?limit=1000", ADA)[1]["data"]]
        assert {"acme/raeuber", "acme/old", "claude-opus-5"} <= set(listed)
        assert "claude-opus-4-20250514" not in listed
        status, model = server.get("/v1/models/acme/latest", ADA)
        assert (status, model["id"], model["display_name"]) == (200, "acme/raeuber", "Räuber \u2013 «1»")
        assert model["created_at"] == "2026-06-01T10:20:30.5Z"
        assert list(model["capabilities"]) == ["zeta", "alpha"]
        assert server.get("/v1/models/acme/old", ADA)[1]["lifecycle"] == "deprecated"
        assert server.get("/v1/models/acme/gone", ADA)[0] == 404
        after = server.get("/v1/models?after_id=acme/gone&limit=1", ADA)  # what was removed keeps its place
        assert after[0] == 200
        team = [model["id"] for model in server.get("/v1/models?limit=1000", TEAM)[1]["data"]]
        assert team
        assert not [name for name in team if name.startswith("claude-fable-")]
        assert set(server.get("/v1/models/acme/old", TEAM)[1]) == {"type", "id", "display_name", "created_at"}
        assert server.get("/v1/models", ORGANIZATION)[0] == 200
        for stopped in ("off", "done"):
            assert server.get("/v1/models", f"sk-of-the-first-release-{stopped}")[0] == 401
        assert call("catalog", "add", "new", "--database", url).returncode == 0
        assert server.stop() == 0
    history = json.loads(call("catalog", "history", "--json", "--database", url).stdout)
    assert history[0]["subject"] == "new"
    assert history[-1]["revision"] == 1


def test_serve_brings_the_built_in_models_up_to_date_once_and_says_so_in_a_line(database: Path) -> None:
    done = r"Brought 34 built-in models up to date \(facts of 2026-11-29\)"
    line = rf"\n{done}; callsheet catalog history lists the changes\.\n"
    first_release(database)  # with today's schema, as otherwise `migrate` would bring it up to date
    with Server(database) as server:
        server.printed(line)
        assert server.get("/readyz")[1]["revision"] == REVISION + 1
        model = server.get("/v1/models/claude-haiku-5-5", ADA)[1]
        assert model["capabilities"]["thinking"]["types"]["between_tools"] == {"supported": False}
        stopped = server.get("/v1/models/claude-opus-4-5", ADA)[1]  # Ada retired it; that stays
        assert (stopped["lifecycle"], stopped["retires_at"][:10]) == ("retired", "2026-11-20")
        assert server.stop() == 0
    with Server(database) as server:
        assert server.get("/readyz")[1]["revision"] == REVISION + 1
        assert "Brought" not in server.stdout
        assert server.stop() == 0


def test_migrate_does_too(database: Path) -> None:
    url = f"sqlite:///{database}"
    first, second = (call("migrate", "--database", url) for _ in range(2))
    assert "Brought 34 built-in models up to date" in first.stderr
    assert second.stderr == "The schema is already 0003.\n"
