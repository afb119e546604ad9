"""The command line, called as a person calls it, on an installation of its own."""

import io
import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from callsheet.cli.app import run
from tests.installation import Installation


class Result(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Stdout of a command that worked, parsed: JSON and nothing else."""
        assert self.code == 0, self
        return json.loads(self.out)

    @property
    def refusal(self) -> str:
        """The sentence of a refused command, which printed nothing else."""
        assert self.code == 1, self
        assert self.out == ""
        assert self.err.startswith("callsheet: ")
        assert self.err.count("\n") == 1
        assert self.err.endswith((".\n", "?\n"))
        return self.err.removeprefix("callsheet: ").strip()


CLI = Callable[..., Result]


@pytest.fixture(autouse=True)
def _quick(quick_tables: None) -> None:
    """Most commands and services begin with a database; tests/storage is about how one is made."""


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CLI:
    """Run ``callsheet`` with these arguments, in this process, with the environment as it is."""

    def call(*arguments: str, stdin: str = "") -> Result:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        capsys.readouterr()
        code = run(list(arguments))
        return Result(code, *capsys.readouterr())

    return call


@pytest.fixture
def cli(call: CLI, installation: Installation, monkeypatch: pytest.MonkeyPatch) -> CLI:
    """The same on `installation`, found by the environment."""
    monkeypatch.setenv("CALLSHEET_DATABASE_URL", installation.url)
    return call
