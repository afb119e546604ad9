"""The command line, on a database and over a server of an equal one."""

from collections.abc import Callable, Iterator
from difflib import unified_diff
from pathlib import Path

import pytest

from tests.cli.conftest import CLI, Result, call, cli
from tests.installation import Installation
from tests.remote.served import Pair, alike, make_pair

__all__ = ["call", "cli"]


@pytest.fixture
def pair(installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    """Two equal installations; commands have the admin key of one of them."""
    made = make_pair(installation, tmp_path)
    monkeypatch.setenv("LOGNAME", "x" * (len(made.actor) - len("cli:")))
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.setenv("CALLSHEET_ADMIN_KEY", made.admin_key)
    yield made
    made.there.close()


def _lines(result: Result) -> list[str]:
    return [str(result.code), *result.out.split("\n"), *result.err.split("\n")]


@pytest.fixture
def twice(pair: Pair, call: CLI) -> Callable[..., Result]:
    """Run a command on the database and over the server, compare what both do, and return it."""
    actors = (pair.actor, "cli:" + "x" * (len(pair.actor) - len("cli:")))

    def run(*arguments: str, stdin: str = "") -> Result:
        here, there = (
            Result(found.code, alike(found.out, *actors), alike(found.err, *actors))
            for found in (
                call(*arguments, "--database", pair.here.url, stdin=stdin),
                call(*arguments, "--remote", pair.there.url, stdin=stdin),
            )
        )
        assert there == here, "\n".join([" ".join(arguments), *unified_diff(_lines(here), _lines(there), n=0)])
        return here

    return run
