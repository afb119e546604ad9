"""Standard streams that the caller closed, that are full, or whose reader left: a sentence and an exit code."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from callsheet.domain.access.key import KeyStatus
from tests.docs.forked_command import forked_command
from tests.installation import Installation
from tests.program import COMMAND, DEADLINE, Program, Server, wait_for
from tests.tiers import first, repeated

CLOSED = "callsheet: Cannot write: standard output is closed.\n"
FULL = "callsheet: Cannot write: No space left on device.\n"

#: One of each kind, and then all others.
RESULTS = first(
    [
        "catalog list",
        "keys create --name k",
        "--help",
        "fake --port 0",
        "catalog hide claude-opus-5 --json",
        "--version",
        "catalog list --json",
        "catalog show claude-opus-5",
        "catalog history",
        "keys list",
        "workspaces show default --models",
        "settings",
        "settings --json",
        "check --json",
        "--version --help",
        "keys create --help",
        "--show-completion bash",
    ],
    4,
)

#: Commands that print no result, only a message.
SILENT = first(["catalog hide claude-opus-5", "workspaces create team", "check", "migrate"])


Shell = Callable[..., tuple[int, str]]


@pytest.fixture(autouse=True)
def _found_by_the_environment(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSHEET_DATABASE_URL", installation.url)


@pytest.fixture(scope="module")
def forked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """The command, forked where that is possible."""
    if sys.platform != "linux":
        yield [*COMMAND]
    else:
        folder = tmp_path_factory.mktemp("commands")
        with forked_command(folder):
            yield [str(folder / "callsheet")]


@pytest.fixture
def shell(request: pytest.FixtureRequest, forked: list[str]) -> Shell:
    """Exit code and all that is said of a command with a redirection, as a shell runs it.

    With ``--all``, each test starts one command afresh, in each of its redirections; all others are forked.
    """
    command = getattr(request.node, "callspec", None) and request.node.callspec.params.get("command")
    is_fresh = command in (None, "catalog list", "catalog hide claude-opus-5", "catalog show nope")
    return partial(run_in_shell, repeated(forked, [*COMMAND] if is_fresh else forked))


def run_in_shell(callsheet: list[str], command: str, redirection: str, stdin: str = "") -> tuple[int, str]:
    line = f'"$@" {command} {redirection}'
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line, "bash", *callsheet],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("command", RESULTS)
def test_a_result_that_has_nowhere_to_go_is_a_sentence_and_an_error(shell: Shell, command: str) -> None:
    assert shell(command, ">&-") == (1, CLOSED)
    assert shell(command, ">&- 2>&-") == (1, "")
    assert shell(command, "<&- >&-") == (1, CLOSED)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full; run the tests on Linux")
@pytest.mark.parametrize("command", RESULTS)
def test_so_is_one_on_a_disk_that_is_full(shell: Shell, command: str) -> None:
    assert shell(command, ">/dev/full") == (1, FULL)


@pytest.mark.parametrize("redirection", [">&-", "2>&-", "<&- >&- 2>&-", "2>/dev/full"])
@pytest.mark.parametrize("command", SILENT)
def test_a_message_that_has_nowhere_to_go_changes_no_outcome(shell: Shell, command: str, redirection: str) -> None:
    code, said = shell(command, redirection)
    assert code == 0
    assert "Traceback" not in said
    assert "Cannot write" not in said


@pytest.mark.parametrize("command", first(["catalog show nope", "catalog nonsense", "keys"]))
def test_a_refusal_that_has_nowhere_to_go_keeps_its_exit_code(shell: Shell, command: str) -> None:
    code, _ = shell(command, "")
    assert shell(command, "2>&-") == (code, "")
    assert shell(command, "2>/dev/full") == (code, "")


def test_a_closed_standard_input_is_an_empty_one(shell: Shell, installation: Installation) -> None:
    code, said = shell("keys create --name k --secret -", "<&-")
    assert (code, said) == (1, "callsheet: Standard input is empty; write the secret to it, on one line.\n")
    code, said = shell("keys import -", "<&-")
    assert (code, said) == (
        1,
        "callsheet: There is no key to import: the file is empty, or has a header only.\n",
    )
    assert installation.access.list_keys() == []


def test_standard_input_that_is_not_text_is_refused(shell: Shell) -> None:
    for command in ("keys create --name k --secret -", "keys import -"):
        code, said = shell(command, r"< <(printf '\377\376')")
        assert (code, said.count("\n"), "Traceback" in said) == (1, 1, False)


@pytest.mark.parametrize("command", first(["catalog list", "--help", "catalog list --json", "catalog history"], 2))
def test_a_reader_that_leaves_early_hears_nothing_of_it(shell: Shell, command: str) -> None:
    assert shell(command, "| true")[1] == ""


def test_no_file_that_is_opened_takes_the_place_of_a_closed_stream(
    shell: Shell, installation: Installation
) -> None:
    before = installation.catalog.list()
    assert shell("catalog history --json", "<&- >&- 2>&-") == (1, "")
    assert shell("check", "<&- >&- 2>&-") == (0, "")
    assert installation.catalog.list() == before


def test_a_server_whose_output_is_closed_serves_and_says_that_no_key_was_shown(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/callsheet.db"
    line = ["bash", "-c", 'exec "$@" >&-', "bash", *COMMAND]
    with Program("serve", "--port", "0", "--database", database, command=line) as server:
        said = wait_for(lambda: server.stderr.endswith("\n") and server.stderr, "what it says")
        assert said == (
            "Standard output is closed, so no key is shown; create one with: callsheet keys create --name NAME\n"
        )
        assert server.stop() == 0
    keys = Installation(database).access.list_keys()
    assert [key.status for key in keys] == [KeyStatus.ARCHIVED]


def test_a_server_whose_messages_are_closed_shows_its_key_and_serves(tmp_path: Path) -> None:
    line = ["bash", "-c", 'exec "$@" 2>&- <&-', "bash", *COMMAND]
    with Server(tmp_path / "callsheet.db", command=line) as server:
        assert server.get("/v1/models", server.key)[0] == 200
        assert server.stop() == 0
