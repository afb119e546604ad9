"""Where a command cannot write, or cannot write every character; and what it cannot read."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from callsheet.domain.access.key import KeyStatus
from callsheet.domain.model import Lifecycle
from tests import starter
from tests.installation import Installation, make_model
from tests.program import COMMAND, DEADLINE, call
from tests.tiers import first

FULL = Path("/dev/full")

pytestmark = pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full; run the tests on Linux")


@pytest.fixture(autouse=True)
def _found_by_the_environment(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSHEET_DATABASE_URL", installation.url)


def run_into(path: Path, *arguments: str, env: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Exit code and stderr with ``path`` as stdout."""
    with path.open("wb") as stdout, TemporaryFile() as stderr:
        code = starter.start([*COMMAND, *arguments], None, {**os.environ, **(env or {})}, stdout, stderr).wait(
            DEADLINE
        )
        stderr.seek(0)
        return code, stderr.read().decode()


#: How Python, rather than the command, is set up to write, which only a fresh start shows.
UNBUFFERED = {"PYTHONUNBUFFERED": "1"}


@pytest.mark.parametrize(
    "start",
    first(
        [
            ("--version", {}),
            ("--help", {}),
            ("catalog list", {}),
            ("catalog add m --json", {}),
            ("settings", {}),
            ("catalog list --json", {}),
            ("--help", UNBUFFERED),
            ("catalog list", UNBUFFERED),
        ],
        4,
    ),
    ids=str,
)
def test_what_cannot_be_written_is_told_in_one_line(start: tuple[str, dict[str, str]]) -> None:
    command, environment = start
    code, complaint = run_into(FULL, *command.split(), env=environment)
    assert (code, complaint) == (1, "callsheet: Cannot write: No space left on device.\n")


def test_a_stderr_that_is_full_changes_no_exit_code() -> None:
    def code(*arguments: str) -> int:
        with FULL.open("wb") as full, TemporaryFile() as stdout:
            return starter.start([*COMMAND, *arguments], None, os.environ, stdout, full).wait(DEADLINE)

    assert [code("settings", "--json"), code("catalog", "show", "nope"), code("nope")] == [0, 1, 2]


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
@pytest.mark.parametrize("verb", ["create", "rotate"])
def test_a_key_whose_secret_cannot_be_shown_is_archived(
    installation: Installation, verb: str, form: tuple[str, ...]
) -> None:
    if verb == "rotate":
        installation.key(name="k")
    named = ("--name", "k") if verb == "create" else ("k",)
    code, complaint = run_into(FULL, "keys", verb, *named, *form)
    assert (code, complaint) == (1, "callsheet: Cannot write: No space left on device.\n")
    keys = installation.access.list_keys()
    assert [(key.name, key.status) for key in keys] == [("k", KeyStatus.ARCHIVED)] * (1 if verb == "create" else 2)


def test_so_is_one_with_stdout_closed(installation: Installation) -> None:
    closing = ["sh", "-c", 'exec "$@" >&-', "sh", *COMMAND, "keys", "create", "--name", "k"]
    done = subprocess.run(closing, capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert (done.returncode, done.stderr) == (1, "callsheet: Cannot write: standard output is closed.\n")
    assert [key.status for key in installation.access.list_keys()] == [KeyStatus.ARCHIVED]


def test_a_key_whose_secret_was_shown_stays_though_stderr_is_full(installation: Installation) -> None:
    with FULL.open("wb") as full:
        command = [*COMMAND, "keys", "create", "--name", "k"]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=full, timeout=DEADLINE, check=False)
    assert done.stdout.startswith(b"sk-cs-")
    assert [key.status for key in installation.access.list_keys()] == [KeyStatus.ACTIVE]


@pytest.mark.parametrize(
    "arguments",
    first(
        [
            (b"\xff",),
            (b"--\xff",),
            (b"catalog", b"show", b"\xff"),
            (b"serve", b"--host", b"\xff"),
            (b"catalog", b"add", b"m", b"--display-name", b"a\xff"),
            (b"workspaces", b"create", b"\xff"),
            (b"keys", b"create", b"--name", b"\xff"),
            (b"settings", b"--database", b"sqlite:///\xff.db"),
        ],
        4,
    ),
)
def test_an_argument_that_is_no_text_is_a_wrong_call(arguments: tuple[bytes, ...]) -> None:
    done = subprocess.run(
        [*COMMAND, *arguments],
        env={**os.environ, "PYTHONUTF8": "1"},
        capture_output=True,
        timeout=DEADLINE,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr == b"callsheet: An argument is not valid UTF-8.\n"


@pytest.mark.parametrize(
    "command",
    first(["catalog history", "serve --help", "catalog list --json"], 2),
)
def test_an_output_that_knows_ascii_only_stops_no_command(installation: Installation, command: str) -> None:
    installation.add(make_model("m", display_name="Größe 日本"))
    installation.catalog.change("m", {"lifecycle": Lifecycle.ACTIVE, "display_name": "Größer 日本"})
    environment = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    done = call(*command.split(), env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Gr" in done.stdout or command == "serve --help"
