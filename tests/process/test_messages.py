"""Messages of a running server in the format that its operator chose."""

import json
from pathlib import Path

import pytest

from tests.installation import Installation
from tests.program import COMMAND, Server, wait_for

FEW_FILES = ("sh", "-c", 'ulimit -n 200; exec "$@"', "sh", *COMMAND)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_messages_are_lines_for_programs_if_that_is_set(installation: Installation, workers: str) -> None:
    installation.key()
    database = Path(installation.url.removeprefix("sqlite:///"))
    with Server(database, "--log-format", "json", "--workers", workers, command=FEW_FILES) as server:
        wait_for(lambda: server.stderr.count("\n") == int(workers), "a complaint about the limit on open files")
        assert server.stop() == 0
        told = [json.loads(line) for line in server.stderr.splitlines()]
    for line in told:
        assert list(line) == ["time", "level", "message"]
        assert line["level"] == "warning"
        assert line["message"].startswith("At most 72 connections at a time")
