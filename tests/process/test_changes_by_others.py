"""What another process changes is visible in the server, without a restart."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.program import Server, call, wait_for


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
