"""A backup is taken, and put back, while a server serves from the database."""

import json
from pathlib import Path

from tests.program import Server, call, wait_for


def test_a_server_goes_on_with_what_was_put_back(tmp_path: Path) -> None:
    database, backup = tmp_path / "callsheet.db", tmp_path / "backup.db"
    named = ("--database", f"sqlite:///{database}")
    with Server(database, "--poll-seconds", "0.01") as server:
        assert call("backup", str(backup), *named).returncode == 0
        made = call("keys", "create", "--name", "later", "--json", *named)
        later = json.loads(made.stdout)["secret"]
        assert call("catalog", "add", "later", *named).returncode == 0
        wait_for(lambda: server.get("/v1/models/later", later)[0] == 200, "the model that was added")
        restored = call("restore", str(backup), "--force", "--json", *named)
        revision = json.loads(restored.stdout)["revision"]
        wait_for(lambda: server.get("/readyz")[1]["revision"] == revision, "the server to notice")
        assert server.get("/v1/models/later", server.key)[0] == 404
        assert server.get("/v1/models/later", later)[0] == 401
        assert call("catalog", "add", "later", *named).returncode == 0
        wait_for(lambda: server.get("/v1/models/later", server.key)[0] == 200, "the model that was added again")
        assert server.stop() == 0
    assert call("check", *named).returncode == 0
