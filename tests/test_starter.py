"""What the forks of `tests.starter` hide: an import that a command lacks, and what is read before a fork."""

import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

import callsheet
from callsheet.cli.app import command_tree
from callsheet.testing import ModelsAPI
from tests import starter
from tests.installation import Installation, make_model
from tests.program import DEADLINE, call
from tests.tiers import exhaustive, first

#: Arguments with which a command reaches what it imports late, and its exit code. ``{port}`` is taken.
COMMANDS: Final[dict[str, tuple[str, int]]] = {
    "serve": ("--port {port}", 1),
    "settings": ("", 0),
    "migrate": ("", 0),
    "copy": ("--from {database} --to sqlite:///copy.db", 0),
    "backup": ("backup.db", 0),
    "restore": ("missing.db", 1),
    "check": ("", 0),
    "fake": ("--port {port}", 1),
    "doctor": ("http://127.0.0.1:{port} --api-key {key} --client librechat --fail-on never", 0),
    "route": ("nginx --gateway http://127.0.0.1:4000", 0),
    "validate": ("--schema", 0),
    "explain": ("m --workspace team --client claude-code", 3),
    "who-sees": ("m", 0),
    "what-sees": ("bot", 0),
    "diff-keys": ("bot team", 0),
    "clients": ("--key bot", 0),
    "plan": ("{catalogue}", 2),
    "apply": ("{catalogue}", 0),
    "adopt": ("{catalogue}", 0),
    "drift": ("{catalogue}", 2),
    "export": ("", 0),
    "catalog list": ("", 0),
    "catalog show": ("m", 0),
    "catalog add": ("new", 0),
    "catalog change": ("m --display-name M", 0),
    "catalog deprecate": ("m", 0),
    "catalog retire": ("m", 0),
    "catalog remove": ("m", 0),
    "catalog hide": ("m", 0),
    "catalog unhide": ("m", 0),
    "catalog alias": ("other m", 0),
    "catalog unalias": ("short", 0),
    "catalog release": ("m", 1),
    "catalog history": ("", 0),
    "catalog diff": ("1 1", 0),
    "catalog blame": ("m", 0),
    "catalog revert": ("--to 1 --dry-run", 0),
    "catalog import": ("missing.json", 1),
    "sources try": ("http://127.0.0.1:{port}", 1),
    "sources add": ("gateway --url http://127.0.0.1:{port} --kind openai --no-sync", 0),
    "sources list": ("", 0),
    "sources show": ("gateway", 1),
    "sources change": ("gateway --every 1h", 1),
    "sources remove": ("gateway --dry-run", 1),
    "sources forget": ("gateway --dry-run", 1),
    "sources pause": ("gateway", 1),
    "sources resume": ("gateway", 1),
    "sources builtin": ("inform", 0),
    "sources sync": ("", 0),
    "sources plan": ("gateway", 1),
    "sources accept": ("gateway --dry-run", 1),
    "sources reject": ("gateway", 1),
    "sources record": ("http://127.0.0.1:{port} record.json", 0),
    "retirements": ("--within 1d", 0),
    "console": ("", 0),
    "calendars create": ("dates", 0),
    "calendars list": ("", 0),
    "calendars revoke": ("none", 1),
    "webhooks create": ("--name chat --url https://hooks.example.com", 0),
    "webhooks list": ("", 0),
    "webhooks show": ("none", 1),
    "webhooks change": ("none --name other", 1),
    "webhooks deliveries": ("", 0),
    "webhooks retry": ("none", 1),
    "webhooks rotate": ("none", 1),
    "webhooks disable": ("none", 1),
    "webhooks enable": ("none", 1),
    "webhooks test": ("none", 1),
    "webhooks archive": ("none", 1),
    "admin-keys create": ("--name root --scope all", 0),
    "admin-keys list": ("", 0),
    "admin-keys show": ("none", 1),
    "admin-keys disable": ("none", 1),
    "admin-keys enable": ("none", 1),
    "admin-keys archive": ("none", 1),
    "admin-keys rotate": ("none", 1),
    "sessions list": ("", 0),
    "sessions end": ("--all", 0),
    "workspaces create": ("another", 0),
    "workspaces list": ("", 0),
    "workspaces show": ("team", 0),
    "workspaces change": ("team --name other", 0),
    "workspaces archive": ("team", 0),
    "workspaces revert": ("--to 1 default", 0),
    "keys create": ("--name other", 0),
    "keys list": ("", 0),
    "keys show": ("bot --models", 0),
    "keys change": ("bot --name other", 0),
    "keys import": ("missing.json", 1),
    "keys disable": ("bot", 0),
    "keys enable": ("bot", 0),
    "keys archive": ("bot", 0),
    "keys rotate": ("bot", 0),
    "models list": ("--base-url http://127.0.0.1:{port} --api-key {key}", 0),
    "models retrieve": ("missing --base-url http://127.0.0.1:{port} --api-key {key}", 1),
}  # fmt: skip


#: Those that import most of what no other does: a server, files of a catalogue, maintenance, a source, a client.
UNLIKE: Final = {"serve", "plan", "copy", "doctor", "sources add", "models list"}


def commands(command: Any, *names: str) -> Iterator[str]:
    """The names of all commands, with those of their groups."""
    inner = getattr(command, "commands", {})
    if not inner:
        yield " ".join(names)
    for name, each in inner.items():
        yield from commands(each, *names, name)


@pytest.fixture(scope="module")
def api() -> Iterator[ModelsAPI]:
    with ModelsAPI() as serving:
        yield serving


def test_each_command_is_started() -> None:
    assert set(COMMANDS) == set(commands(command_tree()))


#: Those that do more than to open the database which they are given, or open none: each starts afresh.
_APART: Final = UNLIKE | {
    "settings", "migrate", "backup", "restore", "check", "fake", "route", "validate", "console",
    "sources try", "sources record", "models retrieve",
}  # fmt: skip

#: What each of the others imports to do so.
_OPENING: Final = ("callsheet.cli.app", "callsheet.storage.store", "sqlalchemy.dialects.sqlite.pysqlite")

#: Imports no more than that, once, and forks a command for each line that it reads.
_FORK_AT_OPENING: Final = """
import gc, importlib, json, os, sys
from tests import starter

for module in sys.argv[1:]:
    importlib.import_module(module)
gc.freeze()
for line in sys.stdin:
    request = json.loads(line)
    child = os.fork()
    if child == 0:
        output = os.open(request["output"], os.O_WRONLY | os.O_CREAT)
        starter._become(request, [os.open(os.devnull, os.O_RDONLY), output, os.dup(output)])
        starter._run(None)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Opening:
    """Starts commands as far as all of those alike are: where the database is opened."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", _FORK_AT_OPENING, *_OPENING],
            cwd=Path(__file__).parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def call(self, arguments: list[str], env: dict[str, str], cwd: Path) -> tuple[int, str]:
        """Run a command to its end; return its exit code and what it printed."""
        output = cwd / "output"
        request = {"arguments": arguments, "environment": {**os.environ, **env}, "folder": str(cwd), "closed": []}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps({**request, "output": str(output)}), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline()), output.read_text()

    def close(self) -> None:
        """End it."""
        self._process.communicate(timeout=DEADLINE)


@pytest.fixture(scope="module")
def opening() -> Iterator[Opening]:
    """As the first test begins that wants it."""
    with closing(Opening()) as made:
        yield made


@pytest.mark.parametrize("command", first(sorted(COMMANDS, key=lambda name: name not in UNLIKE), len(UNLIKE)))
def test_a_command_imports_what_it_uses(
    command: str, request: pytest.FixtureRequest, installation: Installation, api: ModelsAPI, tmp_path: Path
) -> None:
    installation.add(make_model("m"))
    installation.catalog.alias("short", "m")
    installation.workspace("team")
    installation.key(name="bot")
    arguments, code = COMMANDS[command]
    port = api.url.rpartition(":")[2]
    catalogue = tmp_path / "callsheet.catalog.yaml"
    catalogue.write_text("manager: team-a\nmodels: [{id: new}]\n")
    places = {"database": installation.url, "catalogue": catalogue}
    given = arguments.format(port=port, key=api.api_key, **places).split()
    env = {"CALLSHEET_DATABASE_URL": installation.url}
    words = [*command.split(), *given]
    if command in _APART:
        done = call(*words, env=env, cwd=tmp_path, fresh=True)
        ended, printed = done.returncode, done.stderr
    else:
        opening: Opening = request.getfixturevalue("opening")
        ended, printed = opening.call(words, env, tmp_path)
    assert ended == code, printed
    assert "Traceback" not in printed
    assert " is missing; " not in printed


def rooms() -> list[list[str]]:
    """The modules of each package, the outermost first."""
    found: dict[str, list[str]] = {"callsheet": ["callsheet"]}
    for module in pkgutil.walk_packages(callsheet.__path__, "callsheet."):
        if ".migrations." not in module.name:
            found.setdefault(module.name.rpartition(".")[0], []).append(module.name)
    return [found[name] for name in sorted(found, key=lambda name: (name.count("."), name))]


#: Imports the modules of each room where none of another has been imported; prints the rooms that fail.
IMPORT_ALONE: Final = """
import importlib, json, os, sys, traceback

rooms = json.loads(sys.argv[1])
for module in sum(rooms, []):  # so that what is not ours need not be imported again for each
    importlib.import_module(module)
for name in [name for name in sys.modules if name.partition('.')[0] == 'callsheet']:
    del sys.modules[name]
for room in rooms:
    child = os.fork()
    if child == 0:
        try:
            for module in room:
                importlib.import_module(module)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        print(room)
"""


@exhaustive
def test_every_room_can_be_the_first_that_is_imported() -> None:
    """So can each of its modules: tests/test_imports.py proves that no import leads back to where it began."""
    command = [sys.executable, "-W", "error", "-c", IMPORT_ALONE, json.dumps(rooms())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10 * DEADLINE, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


#: Prints the names of the environment that are read, through `os`, while everything is imported.
WATCH: Final = """
import json, os
from tests import starter

read = set()

class Watched(type(os.environ)):
    def __getitem__(self, name):
        read.add(name)
        return super().__getitem__(name)

os.environ.__class__ = Watched
starter._import_everything()
print(json.dumps(sorted(read)))
"""

#: Read at import, too, but for nothing that Callsheet uses: where packages of the user would be, other systems, and
#: the tests of Typer.
UNUSED: Final = {
    "ANDROID_DATA", "HOME", "_PYTHON_PROJECT_BASE", "_PYTHON_SYSCONFIGDATA_NAME",
    "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION",
}  # fmt: skip


def test_a_start_that_differs_in_what_is_read_before_the_fork_is_fresh() -> None:
    command = [sys.executable, "-W", "error", "-c", WATCH]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[1], capture_output=True, text=True, timeout=DEADLINE, check=True
    )
    read = set(json.loads(done.stdout)) - UNUSED
    assert "TYPER_USE_RICH" in read
    assert {name for name in read if not name.startswith(starter._READ_AT_START)} == set()
