"""``callsheet serve --catalog``: files that change, break and come back while the list is served."""

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.program import Server, wait_for


class ConfigMap:
    """A folder as Kubernetes mounts it: files are links through ``..data``, which is swapped at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._number = 0
        folder.mkdir()
        self.put("manager: team-a\nmodels: [{id: claude-first}]\n")
        (folder / "catalog.yaml").symlink_to("..data/catalog.yaml")

    def put(self, text: str) -> None:
        """Replace the content as the kubelet does."""
        self._number += 1
        copy = self.folder / f"..{self._number}"
        copy.mkdir()
        (copy / "catalog.yaml").write_text(text)
        link = self.folder / "..data_tmp"
        link.symlink_to(copy.name)
        link.replace(self.folder / "..data")
        shutil.rmtree(self.folder / f"..{self._number - 1}", ignore_errors=True)


@pytest.fixture
def mounted(tmp_path: Path) -> ConfigMap:
    return ConfigMap(tmp_path / "mounted")


def ready(server: Server) -> Any:
    status, content = server.get("/readyz")
    assert status == 200
    return content["catalog"]


def listed(server: Server) -> set[str]:
    return {model["id"] for model in server.get("/v1/models?limit=1000", server.key)[1]["data"]}


def metrics(server: Server) -> dict[str, float]:
    connection = server.connect()
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    connection.close()
    return {line.split()[0]: float(line.split()[1]) for line in lines if line.startswith("callsheet_catalog")}


def test_a_mounted_folder_is_followed_and_a_broken_file_changes_nothing(mounted: ConfigMap, tmp_path: Path) -> None:
    with Server(tmp_path / "callsheet.db", "--catalog", str(mounted.folder)) as server:
        wait_for(lambda: "claude-first" in listed(server), "the first file")
        wait_for(lambda: ready(server)["status"] == "ok", "its status")
        mounted.put("manager: team-a\nmodels: [{id: claude-second}]\n")
        wait_for(lambda: "claude-second" in listed(server), "the second file")
        assert "claude-first" not in listed(server)
        before = listed(server)

        mounted.put("manager: team-a\nmodels: [{id: claude-third, max_token: 5}, {id: 5, hidden: no}]\n")
        wait_for(lambda: ready(server)["status"] == "failing", "the broken file")
        assert ready(server)["faults"] == 2
        assert listed(server) == before
        assert metrics(server)["callsheet_catalog_file_up"] == 0
        assert "did you mean max_tokens?" in server.stderr
        assert "max_token" not in json.dumps(ready(server))

        mounted.put("manager: team-a\nmodels: [{id: claude-third, max_tokens: 5}]\n")
        wait_for(lambda: "claude-third" in listed(server), "the repaired file")
        wait_for(lambda: metrics(server)["callsheet_catalog_file_up"] == 1, "its metric")
        assert server.stderr.count("did you mean max_tokens?") == 1


@pytest.fixture
def fleet(mounted: ConfigMap, tmp_path: Path) -> Iterator[list[Server]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(Server(tmp_path / "callsheet.db", "--catalog", str(mounted.folder)))
            for _ in range(2)
        ]


def test_servers_that_follow_the_same_files_write_them_once(mounted: ConfigMap, fleet: list[Server]) -> None:
    first = fleet[0]
    for name in ("claude-first", "claude-one", "claude-two", "claude-three"):
        mounted.put(f"manager: team-a\nmodels: [{{id: {name}}}]\n")  # the first time, what is there already
        for server in fleet:
            wait_for(lambda server=server, name=name: name in _ids(server, first.key), name)  # type: ignore[misc]
            wait_for(lambda server=server: ready(server)["status"] == "ok", "its status")  # type: ignore[misc]
    # The first is added, then three times one goes and one is added; they are served before they are counted.
    wait_for(lambda: _changes(fleet) >= 7, "the changes to be counted")
    assert _changes(fleet) == 7


def _changes(fleet: list[Server]) -> float:
    return sum(metrics(server)["callsheet_catalog_file_changes_total"] for server in fleet)


def _ids(server: Server, key: str) -> set[str]:
    return {model["id"] for model in server.get("/v1/models?limit=1000", key)[1]["data"]}
