"""Messages of a running server in the format that its operator chose."""

import json
from pathlib import Path

from tests.installation import Installation
from tests.program import COMMAND, Server, wait_for

FEW_FILES = ("sh", "-c", 'ulimit -n 200; exec "$@"', "sh", *COMMAND)


def test_messages_of_all_processes_are_lines_for_programs_if_that_is_set(installation: Installation) -> None:
    installation.key()
    database = Path(installation.url.removeprefix("sqlite:///"))
    with Server(database, "--log-format", "json", "--workers", "2", command=FEW_FILES) as server:
        wait_for(lambda: server.stderr.count("\n") == 2, "a complaint about the limit on open files")
        assert server.stop() == 0
        told = [json.loads(line) for line in server.stderr.splitlines()]
    for line in told:
        assert list(line) == ["time", "level", "message"]
        assert line["level"] == "warning"
        assert line["message"].startswith("At most 72 connections at a time")
