"""What another process changes is visible in the server, without a restart."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from callsheet.settings import Settings
from tests.installation import Installation, make_model, on_both
from tests.program import Server, call, credentials, wait_for

#: How many polls may end between a change and the first response with it: one that had looked before the change,
#: one that finds it, and one to spare.
MAX_POLLS = 3

#: What README, the quickstart and the guides promise.
PROMISED_SECONDS = 0.5


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Of a database of ours."""
    return f"sqlite:///{tmp_path}/callsheet.db"


def test_a_change_by_the_command_line_is_visible_without_a_restart(tmp_path: Path, url: str) -> None:
    with Server(tmp_path / "callsheet.db") as server:
        key = server.key

        def shown() -> Any:
            return server.get("/v1/models/m", key)[1]

        def listed() -> bool:
            return any(model["id"] == "m" for model in server.get("/v1/models?limit=1000", key)[1]["data"])

        changes: dict[str, Callable[[], object]] = {
            "add m": lambda: shown().get("id") == "m",
            "change m --display-name New": lambda: shown()["display_name"] == "New",
            "hide m": lambda: not listed(),
            "unhide m": listed,
            "alias short m": lambda: server.get("/v1/models/short", key)[0] == 200,
            "unalias short": lambda: server.get("/v1/models/short", key)[0] == 404,
            "deprecate m": lambda: shown()["lifecycle"] == "deprecated",
            "retire m": lambda: shown()["lifecycle"] == "retired",
            "remove m": lambda: server.get("/v1/models/m", key)[0] == 404,
        }
        for command, visible in changes.items():
            assert call("catalog", *command.split(), "--database", url).returncode == 0
            wait_for(visible, command)


def test_keys_and_workspaces_made_and_withdrawn_by_the_command_line_are_heeded(tmp_path: Path, url: str) -> None:
    def done(*arguments: str) -> str:
        result = call(*arguments, "--database", url)
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()

    with Server(tmp_path / "callsheet.db") as server:
        done("workspaces", "create", "team", "--allow", "*haiku*", "--shape", "classic")
        key = done("keys", "create", "--name", "bot", "--workspace", "team")
        wait_for(lambda: server.get("/v1/models", key)[0] == 200)
        page = server.get("/v1/models?limit=1000", key)[1]["data"]
        assert page
        assert all("haiku" in model["id"] and len(model) == 4 for model in page)
        done("keys", "disable", "bot")
        wait_for(lambda: server.get("/v1/models", key)[0] == 401)
        done("keys", "enable", "bot")
        wait_for(lambda: server.get("/v1/models", key)[0] == 200)
        new = done("keys", "rotate", "bot")
        wait_for(lambda: server.get("/v1/models", new)[0] == 200)
        wait_for(lambda: server.get("/v1/models", key)[0] == 401)
        assert server.stderr == ""


@on_both
def test_a_change_is_served_within_so_many_polls_that_it_takes_less_than_half_a_second(
    installation: Installation,
) -> None:
    key = installation.key()
    with Server(None, "--database", installation.url) as server:
        for number in range(20):
            installation.add(make_model(f"m-{number}"))
            before = polls = count_polls(server, key)
            while server.get(f"/v1/models/m-{number}", key)[0] != 200:
                assert polls - before < MAX_POLLS
                polls = count_polls(server, key)
    assert MAX_POLLS * Settings.model_fields["poll_seconds"].default < PROMISED_SECONDS


def count_polls(server: Server, key: str) -> int:
    """How often the server has asked the database whether it has changed."""
    connection = server.connect()
    try:
        connection.request("GET", "/metrics", headers=credentials(key))
        lines = connection.getresponse().read().decode().splitlines()
    finally:
        connection.close()
    (value,) = (line.split()[1] for line in lines if line.startswith("callsheet_polls_total "))
    return int(value)
