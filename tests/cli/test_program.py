"""The command as the shell runs it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from callsheet._version import __version__
from tests.installation import Installation
from tests.program import COMMAND, DEADLINE, call

SCRIPT = str(Path(sys.executable).with_name("callsheet"))


@pytest.fixture(autouse=True)
def _found_by_the_environment(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSHEET_DATABASE_URL", installation.url)


@pytest.mark.parametrize("command", [(SCRIPT,), COMMAND], ids=["script", "module"])
def test_version_is_printed(command: tuple[str, ...]) -> None:
    done = subprocess.run([*command, "--version"], capture_output=True, text=True, timeout=DEADLINE, check=True)
    assert (done.stdout, done.stderr) == (f"callsheet {__version__}\n", "")


def test_version_is_printed_by_the_command_line_too() -> None:
    assert call("--version", "catalog", fresh=True).stdout == f"callsheet {__version__}\n"


def test_a_result_goes_to_stdout_and_a_message_to_stderr() -> None:
    done = call("catalog", "add", "claude-m", "--json", fresh=True)
    assert (done.returncode, done.stderr) == (0, "Added claude-m.\n")
    assert done.stdout.startswith("{\n")


def test_a_refused_command_ends_with_1_and_a_wrong_one_with_2() -> None:
    refused, wrong = call("catalog", "show", "nope", fresh=True), call("catalog", "nope", fresh=True)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "callsheet: There is no model or alias 'nope'.\n"
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "No such command 'nope'" in wrong.stderr


def test_without_arguments_it_shows_what_it_can_do() -> None:
    done = call()
    assert done.returncode == 2
    for command in ("serve", "catalog", "workspaces", "keys", "settings", "migrate"):
        assert f"\n  {command} " in done.stdout + done.stderr


def test_a_reader_that_leaves_early_gets_no_traceback() -> None:
    process = subprocess.Popen(
        [*COMMAND, "catalog", "list", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    complaint = process.stderr.read()
    process.stderr.close()
    process.wait(DEADLINE)
    assert complaint == b""


@pytest.mark.parametrize(
    ("line", "expected"),
    [("callsheet cat", "catalog"), ("callsheet catalog de", "deprecate"), ("callsheet serve --work", "--workers"),
     ("callsheet catalog change m --lifecycle d", "deprecated"), ("callsheet doctor u --client lite", "litellm")],
)  # fmt: skip
def test_bash_completes_commands_flags_and_values(line: str, expected: str) -> None:
    words = line.split()
    asked = {"_CALLSHEET_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    done = call(env=asked)
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, [expected], "")


@pytest.mark.parametrize(
    ("line", "expected"),
    [("callsheet keys show pers", "person-1"), ("callsheet keys change person-1 --workspace te", "team"),
     ("callsheet workspaces show wrkspc_1", "wrkspc_1"),
     ("callsheet catalog history claude-opus-4-8", "claude-opus-4-8"),
     ("callsheet catalog hide claude-opus-4-8 claude-opus-4-7", "claude-opus-4-7"),
     ("callsheet catalog show claude-opus-4-6", "claude-opus-4-6"),
     ("callsheet catalog add claude-opus-4-6", ""), ("callsheet keys rotate go", "")],
)  # fmt: skip
def test_bash_completes_names_and_ids_that_are_in_the_database(
    installation: Installation, line: str, expected: str
) -> None:
    installation.access.create_workspace("team", "wrkspc_1")
    installation.key(name="person-1")
    installation.key(name="gone")
    installation.access.archive_key("gone")
    asked = {"_CALLSHEET_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - 1)}
    done = call(env=asked)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, expected, "")


@pytest.mark.parametrize("database", ["nonsense", "sqlite:////nowhere/callsheet.db", "sqlite:///{folder}/new.db"])
def test_completion_without_a_database_offers_nothing_and_makes_none(tmp_path: Path, database: str) -> None:
    asked = {"_CALLSHEET_COMPLETE": "complete_bash", "COMP_WORDS": "callsheet keys show a", "COMP_CWORD": "3"}
    done = call(env={**asked, "CALLSHEET_DATABASE_URL": database.format(folder=tmp_path)})
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")
    assert not (tmp_path / "new.db").exists()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_the_shell_is_shown(shell: str) -> None:
    done = call("--show-completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    assert "_CALLSHEET_COMPLETE" in done.stdout


def test_without_the_server_extra_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "for name in ('alembic', 'platformdirs', 'rich', 'sqlalchemy', 'starlette', 'typer', 'uvicorn'):\n"
        "    sys.modules[name] = None\n"
    )
    done = call("catalog", "list", env={"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "callsheet: typer is missing; run: pip install 'callsheet[server]'\n"
    done = call("--version", env={"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])})
    assert (done.returncode, done.stdout) == (0, f"callsheet {__version__}\n")


def test_importing_the_command_line_does_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    program = "import callsheet.cli.app as cli, callsheet.__main__; dict(cli.command_tree().commands)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=folder,
        env={**os.environ, "CALLSHEET_NONSENSE": "1", "XDG_DATA_HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("names", [("models", "doctor", "validate", "fake"), ("catalog", "keys")], ids=" ".join)
def test_only_commands_on_a_database_import_what_opens_one(names: tuple[str, ...]) -> None:
    program = f"""
import sys
from callsheet.cli.app import command_tree

for name in {names}:
    command_tree().commands[name]
print("sqlalchemy" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == f"{'catalog' in names}\n"
