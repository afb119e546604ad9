"""What a person sees who starts the server for the first time, and for the second."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.installation import builtin_counts
from tests.program import COMMAND, DEADLINE, Server, call
from tests.tiers import first


def test_the_first_start_prints_the_key_once_and_the_second_does_not(tmp_path: Path) -> None:
    database = tmp_path / "callsheet.db"
    with Server(database, fresh=True) as server:
        server.printed("Try it:")
        key = server.key
        assert server.get("/v1/models", key)[0] == 200
        assert f"Database: {database}\n" in server.stdout
        assert f"export ANTHROPIC_BASE_URL={server.url}\n" in server.stdout
        assert len(set(re.findall(r"sk-cs-\w+", server.stdout))) == 1
        assert server.stderr == ""
        assert server.stop() == 0
    assert all(key.encode() not in path.read_bytes() for path in tmp_path.iterdir())
    with Server(database) as server:
        assert server.get("/v1/models", key)[0] == 200
        listed, retired = builtin_counts()
        counts = rf"{listed} of 34 models are listed; {retired} are retired\."
        console = f"Console: {server.url}/console; to sign in, run:\n  callsheet console --port {server.port}"
        expected = rf"Callsheet serves {listed} models at {server.url}\n{console}\n{counts}\nDatabase: {database}\n"
        assert re.fullmatch(expected, server.stdout)
        assert server.stop() == 0


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not there; install it (apt-get install curl)")
@pytest.mark.parametrize("host", first(["::1", "127.0.0.1", "0.0.0.0"]))  # as it is printed, brackets and all
def test_the_printed_curl_works_as_it_is(tmp_path: Path, host: str) -> None:
    with Server(tmp_path / "callsheet.db", "--host", host) as server:
        line = server.printed(r"\n  (curl .*)\n")[1]
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=DEADLINE, check=False)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["data"][0]["type"] == "model"


def test_the_number_of_models_is_that_of_the_catalogue(tmp_path: Path) -> None:
    with Server(tmp_path / "callsheet.db") as server:
        listed, total = map(
            int, server.printed(r"\n(\d+) of (\d+) models are listed; \d+ are retired\.\n").groups()
        )
        assert server.get("/readyz")[1]["models"] == total
        assert len(server.get("/v1/models?limit=1000", server.key)[1]["data"]) == listed


def test_a_database_that_the_command_line_made_has_its_first_key_made_by_serve(tmp_path: Path) -> None:
    database = tmp_path / "callsheet.db"
    assert call("migrate", "--database", f"sqlite:///{database}").returncode == 0
    with Server(database) as server:
        assert server.get("/v1/models", server.key)[0] == 200


def test_where_there_is_a_key_none_is_made(tmp_path: Path) -> None:
    database = tmp_path / "callsheet.db"
    assert call("migrate", "--database", f"sqlite:///{database}").returncode == 0
    made = call("keys", "create", "--name", "mine", "--database", f"sqlite:///{database}")
    with Server(database) as server:
        assert "sk-cs-" not in server.stdout
        assert server.get("/v1/models", made.stdout.strip())[0] == 200


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full; run the tests on Linux")
@pytest.mark.parametrize("workers", first([1, 2]))
def test_a_key_that_could_not_be_printed_is_archived_and_the_next_start_prints_another(
    tmp_path: Path, workers: int
) -> None:
    database = tmp_path / "callsheet.db"
    command = [*COMMAND, "serve", "--port", "0", "--workers", str(workers), "--database", f"sqlite:///{database}"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=DEADLINE, check=False
        )
    assert (done.returncode, done.stderr) == (1, "callsheet: Cannot write: No space left on device.\n")
    listed = call("keys", "list", "--json", "--database", f"sqlite:///{database}")
    assert [key["status"] for key in json.loads(listed.stdout)] == ["archived"]
    with Server(database) as server:
        assert server.get("/v1/models", server.key)[0] == 200


def test_the_default_database_is_a_file_in_the_data_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with Server(None, cwd=tmp_path) as server:
        assert f"Database: {tmp_path}/data/callsheet/callsheet.db\n" in server.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
