"""Servers for the doctor, correct and broken, and what it finds on them."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from callsheet.doctor.clients.rules import load_clients
from callsheet.doctor.examine import examine
from callsheet.doctor.probe.target import parse_target
from callsheet.doctor.report import Report, Result
from tests.broken.asking import Bug
from tests.broken.memory import remember_broken
from tests.broken.serving import serve_broken
from tests.installation import Installation, builtin_counts, make_model
from tests.tiers import repeated

#: An alias of the built-in catalogue.
ALIAS = "claude-opus-4-5"

#: Holds a slash, and is kept by every client that is known to filter.
SLASH = "anthropic/claude-opus-local"


#: How many models the stocked installation lists, however many of the built-in ones have retired.
LISTED = 16


class Stocked(NamedTuple):
    """An installation with models of every kind, and a key for it."""

    installation: Installation
    key: str


@pytest.fixture(scope="session")
def _stocked_template(_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A database to be copied, and a key for it."""
    path = tmp_path_factory.mktemp("stocked") / "callsheet.db"
    shutil.copy(_template, path)
    missing = LISTED - 1 - builtin_counts()[0]
    others = (make_model(f"claude-opus-local-{number}", "2025-01-01") for number in range(missing))
    with closing(Installation(f"sqlite:///{path}")) as opened:
        opened.add(make_model(SLASH, "2026-10-02"), *others)
        return path, opened.key()


@pytest.fixture
def stocked(_stocked_template: tuple[Path, str], tmp_path: Path) -> Iterator[Stocked]:
    """The built-in catalogue, an id with a slash, and as many models as make `LISTED` listed ones."""
    template, key = _stocked_template
    shutil.copy(template, tmp_path / "callsheet.db")
    with closing(Installation(f"sqlite:///{tmp_path}/callsheet.db")) as opened:
        yield Stocked(opened, key)


Diagnose = Callable[..., Report]


@pytest.fixture
def diagnose(stocked: Stocked) -> Diagnose:
    """What the doctor finds on the stocked server with these bugs, by default with pages that hold all models.

    The first tier asks without a network, where nothing that is found depends on it.
    """
    serve = repeated(remember_broken, serve_broken)

    def diagnose(
        *bugs: Bug,
        clients: tuple[str, ...] = (),
        alias: str | None = ALIAS,
        key: str = stocked.key,
        **settings: Any,
    ) -> Report:
        with serve(stocked.installation, *bugs, **{"default_limit": 1000, **settings}) as url:
            return examine(parse_target(url), key, load_clients(clients), timeout=10, alias=alias)

    return diagnose


def client_findings(report: Report) -> set[str]:
    """Every finding about a client, as `client:code`."""
    return {f"{client.name}:{finding.code}" for client in report.clients for finding in client.findings}


def broken_rules(report: Report) -> set[str]:
    """The codes of all rules that failed."""
    return codes(report, Result.FAILED)


def codes(report: Report, result: Result) -> set[str]:
    """The codes of all rules with this result."""
    return {check.code for section in report.sections for check in section.checks if check.result is result}
