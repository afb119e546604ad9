"""Every block of code in the documents does what it says. The markers are explained in pages.py."""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import sysconfig
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Final, NamedTuple

import pytest

from callsheet.service.access import AccessService
from callsheet.settings import load
from callsheet.storage.store import Store
from tests import starter
from tests.clients.installed import CLIENTS, installed
from tests.clients.programs import be_without
from tests.clients.programs import start as start_client
from tests.docs.forked_command import forked_command
from tests.docs.gateway import KEY, page_gateway
from tests.docs.pages import PAGES, ROOT, Block, blocks, name
from tests.installation import now
from tests.postgres import Server as Postgres
from tests.postgres import execute
from tests.program import wait_for
from tests.tiers import repeated

_SHOWN_URL: Final = "http://127.0.0.1:8484"  # as the pages write it; the real server takes a free port
_SHOWN_GATEWAY: Final = "http://127.0.0.1:4000"  # the real one, too
_SHOWN_POSTGRES: Final = "db.example.com"  # the real one, too
_CLIENT: Final = CLIENTS / "anthropic-2" / "bin" / "python"
#: Where a person begins: with --all, ``callsheet`` is here the script that is installed, and elsewhere a fork.
_AS_INSTALLED: Final = ("README.md", "docs/install.md", "docs/quickstart.md")
_RUNNING: Final = [page for page in PAGES if any(block.marker.startswith("runs") for block in blocks(page))]

#: What stands over a block that the page's server must be up for.
_WITH_SERVER: Final = ("runs", "runs: client", "runs: app", "runs: postgresql", "prints: serve")

#: Asks an app that a page made, as a client of the application around it would.
_ASK: Final = """
import asyncio, os, httpx2
async def _ask():
    headers = {"x-api-key": os.environ["ANTHROPIC_API_KEY"], "anthropic-version": "2023-06-01"}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://host") as client:
        reply = await client.get("/anthropic/v1/models", params={"limit": 1}, headers=headers)
        assert reply.status_code == 200, reply.text
        print(reply.text)
asyncio.run(_ask())
"""

#: Runs pytest where the official SDK is, with our packages behind its own and no plugin but ours.
_TEST: Final = f"""
import os, site, sys
site.addsitedir({sysconfig.get_path("purelib")!r})
os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
import pytest
sys.exit(pytest.main(["-p", "callsheet.testing.plugin", "-W", "error", "--strict-markers"]))
"""


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_block_says_whether_it_runs(page: Path) -> None:
    assert [block for block in blocks(page) if not block.is_marked] == []


@pytest.mark.parametrize("page", _RUNNING, ids=name)
def test_the_blocks_of_a_page_run_one_after_the_other(page: Path, newcomer: "Newcomer") -> None:
    for block in blocks(page):
        newcomer.follow(block)
    newcomer.run_tests()


class FirstStart(NamedTuple):
    """The database that the first start of a server makes, and the key that it prints."""

    database: Path
    key: str


class Newcomer:
    """Somebody with an empty home who follows a page in a fresh checkout, with the server running.

    With `prepared`, the server finds what its first start made, and prints no key.
    """

    def __init__(self, folder: Path, commands: Path, prepared: FirstStart | None) -> None:
        self.folder = folder / "checkout"
        (self.folder / ".venv").mkdir(parents=True)
        for linked, target in ((".venv/bin", commands), ("scripts", ROOT / "scripts")):
            (self.folder / linked).symlink_to(target)
        home = folder / "home"
        home.mkdir()
        self.database = home / ".local/share/callsheet/callsheet.db"
        path = f"{commands}:{sys.prefix}/bin:{os.environ['PATH']}"
        self.environment = {**starter.environment_at_start(), "PATH": path, "HOME": str(home)}
        self.printed = ""
        self._postgres_server: Postgres | None = None
        self._shell = folder / "exported"
        self._shell.write_text("")
        self._exits = ExitStack()
        self._gateway_url = ""
        self._prepared = prepared
        self.server: subprocess.Popen[str] | None = None

    def _serve_once(self) -> None:
        """Start the server of the page, if nothing has."""
        if self.server is not None:
            return
        if self._prepared is None:
            self._serve("  curl ")
            secret = re.search(r"ANTHROPIC_API_KEY=(\S+)", self.started)
            assert secret is not None
            key = secret.group(1)
        else:
            self.database.parent.mkdir(mode=0o700, parents=True)
            shutil.copy(self._prepared.database, self.database)
            self._serve("Callsheet serves")
            key = self._prepared.key
        self.environment |= {"ANTHROPIC_API_KEY": key}

    def _serve_gateway(self, command: str) -> None:
        """Start the server again as `command` has it, the first time with nothing in its database."""
        self._stop()
        if not self._gateway_url:
            shutil.rmtree(self.database.parent, ignore_errors=True)
            self._gateway_url = self._exits.enter_context(page_gateway())
        variables, _, arguments = command.replace(_SHOWN_GATEWAY, self._gateway_url).partition("scripts/serve")
        self.environment |= dict(each.split("=", 1) for each in variables.split())
        self._serve("_DISCOVERY=1", *arguments.split())
        self.environment |= {"ANTHROPIC_API_KEY": KEY}

    def _serve(self, end: str, *arguments: str) -> None:
        """Start the server; ``end`` is in the last line that it prints."""
        self.server = subprocess.Popen(
            ["env", "callsheet", "serve", "--port", "0", "--poll-seconds", "0.02", *arguments],
            cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.server.stdout is not None
        lines: list[str] = []
        while end not in "".join(lines[-1:]):
            lines.append(self.server.stdout.readline())
            assert lines[-1], "the server ended at once"
        self.url = lines[0].split()[-1]
        self.started = self._shown("".join(lines))
        self.environment |= {"ANTHROPIC_BASE_URL": self.url}

    def follow(self, block: Block) -> None:
        """Do what `block` says; it may rely on the server knowing what the one before changed."""
        where = f"line {block.line}"
        if block.marker in _WITH_SERVER:
            self._serve_once()
        if block.marker.startswith("prints"):
            _compare(block, self.started if block.marker == "prints: serve" else self.printed, where)
        elif block.marker == "runs: serve":
            self._serve_gateway(block.code)
        elif block.marker == "runs: settings":
            file = self.folder / "callsheet.toml"
            file.write_text(block.code)
            load(config=str(file))
            file.unlink()
        elif block.marker == "runs: nginx":
            self._check_nginx(block.code)
        elif block.language == "sql":
            execute(self._postgres().url, *filter(str.strip, block.code.split(";\n")))
        elif block.marker == "runs: pytest":
            (self.folder / f"test_of_line_{block.line}.py").write_text(block.code)
        elif block.marker.startswith("runs"):
            self.printed = self._shown(self._run(self._command(block), where))
            self._await_changes()

    def _postgres(self) -> Postgres:
        """A server of the page's own; everybody it knows may come in, so that a password does no harm."""
        if self._postgres_server is None:
            self._postgres_server = Postgres()
        return self._postgres_server

    def _shown(self, printed: str) -> str:
        """What was printed, with the addresses that the page writes."""
        printed = printed.replace(self.url, _SHOWN_URL)
        if self._gateway_url:
            printed = printed.replace(self._gateway_url, _SHOWN_GATEWAY)
        if self._postgres_server is not None:
            printed = printed.replace(f"127.0.0.1:{self._postgres_server.port}", _SHOWN_POSTGRES)
        return printed

    def _command(self, block: Block) -> list[str | Path]:
        code = block.code.replace(_SHOWN_URL, self.url)
        if self._gateway_url:
            code = code.replace(_SHOWN_GATEWAY, self._gateway_url)
        if block.marker == "runs: postgresql":
            code = code.replace(_SHOWN_POSTGRES, f"127.0.0.1:{self._postgres().port}")
        if block.language == "bash":
            state = f"'{self._shell}'"
            return ["bash", "-euo", "pipefail", "-c", f". {state}\nset -a\n{code}\nexport -p > {state}"]
        if block.marker == "runs: client":
            return [_client(), "-W", "error", "-c", code]
        return [*starter.PROGRAM, code + (_ASK if block.marker == "runs: app" else "")]

    def run_tests(self) -> None:
        """Run all tests that the page has shown; they need nothing of it, and one run is quicker than many."""
        if any(self.folder.glob("test_of_line_*.py")):
            self._run([_client(), "-c", _TEST], "tests")

    def _run(self, command: list[str | Path], where: str) -> str:
        if command[: len(starter.PROGRAM)] == [*starter.PROGRAM] or command[0] == _CLIENT:
            return self._run_python([*map(str, command)], where)
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, text=True, timeout=60, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert done.returncode == 0, f"{where}:\n{done.stdout}"
        return done.stdout

    def _run_python(self, command: list[str], where: str) -> str:
        """Run Python, which is forked where everything is imported already."""
        with TemporaryFile() as nothing, TemporaryFile() as output:
            if command[0] == str(_CLIENT):
                process = start_client(command, self.folder, self.environment, nothing, output, output)
            else:
                process = starter.start(command, self.folder, self.environment, output, output)
            code = process.wait(60)
            output.seek(0)
            printed = output.read().decode()
        assert code == 0, f"{where}:\n{printed}"
        return printed

    def _await_changes(self) -> None:
        with sqlite3.connect(self.database) as connection:
            (revision,) = connection.execute("SELECT revision FROM installation").fetchone()
        connection.close()
        wait_for(lambda: self._served_revision() >= revision, "the server to notice the change")

    def _served_revision(self) -> int:
        with urllib.request.urlopen(f"{self.url}/readyz") as reply:
            return int(json.load(reply)["revision"])

    def _check_nginx(self, code: str) -> None:
        """Valid by nginx's own word; where it is not installed, only CI can say."""
        nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
        if nginx is None:
            assert "CI" not in os.environ, "nginx is missing"
            return
        file = self.folder / "nginx.conf"
        scratch = "".join(
            f"{each}_temp_path {self.folder}/{each};"
            for each in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        file.write_text(f"pid {self.folder}/pid;\nevents {{}}\nhttp {{\naccess_log off;{scratch}\n{code}\n}}\n")
        self._run([nginx, "-t", "-c", file, "-g", "error_log stderr;"], "nginx")

    def close(self) -> None:
        """Stop the servers."""
        if self._postgres_server is not None:
            self._postgres_server.close()
        self._stop()
        self._exits.close()

    def _stop(self) -> None:
        if self.server is not None:
            self.server.terminate()
            self.server.communicate(timeout=30)
            assert self.server.returncode in (0, -signal.SIGTERM)


def _client() -> Path:
    """The interpreter that has the newest official SDK."""
    if installed("anthropic-2") is None:
        be_without("The official SDK is missing; run: .venv/bin/python -m tests.clients.install")
    return _CLIENT


@pytest.fixture(scope="module")
def forking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a ``callsheet`` that is forked."""
    folder = tmp_path_factory.mktemp("commands")
    with forked_command(folder):
        yield folder


@pytest.fixture(scope="module")
def first_start(_template: Path, tmp_path_factory: pytest.TempPathFactory) -> FirstStart:
    path = tmp_path_factory.mktemp("first-start") / "callsheet.db"
    shutil.copy(_template, path)
    key = AccessService(Store(f"sqlite:///{path}"), "callsheet", now).ensure_key("default")
    assert key is not None
    return FirstStart(path, key.secret)


@pytest.fixture
def newcomer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Newcomer]:
    page = request.node.callspec.params["page"]
    installed = repeated(0, 1) and name(page) in _AS_INSTALLED
    commands = Path(sys.prefix, "bin") if installed else request.getfixturevalue("forking")
    from_nothing = repeated(0, 1) or any(block.marker == "prints: serve" for block in blocks(page))
    someone = Newcomer(tmp_path, commands, None if from_nothing else request.getfixturevalue("first_start"))
    yield someone
    someone.close()


def _compare(block: Block, printed: str, where: str) -> None:
    if block.language == "json":
        assert _agree(json.loads(block.code), json.loads(printed)), f"{where}: it printed\n{printed}"
        return
    rest = iter([" ".join(line.split()) for line in printed.splitlines()])
    for expected in filter(None, (" ".join(line.split()) for line in block.code.splitlines())):
        pattern = re.compile(re.escape(expected).replace("…", ".*"))
        assert any(pattern.fullmatch(line) for line in rest), f"{where}: not in order: {expected}\n{printed}"


def _agree(expected: Any, found: Any) -> bool:
    if expected == "…":
        return True
    if isinstance(expected, dict) and isinstance(found, dict):
        return list(expected) == list(found) and all(_agree(expected[key], found[key]) for key in expected)
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(_agree, expected, found))
    return bool(expected == found)
