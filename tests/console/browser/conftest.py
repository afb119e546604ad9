"""A server over the sample, and a browser that is signed in there."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.console.browser.chromium import chromium
from tests.console.browser.sample import fill
from tests.installation import Installation
from tests.program import Server, call

if TYPE_CHECKING:
    from playwright.sync_api import Browser


class ConsoleServer(NamedTuple):
    """A running server.

    Parameters
    ----------
    url
        Of the console.
    folder
        Holds the database, and ``state.json``, by which a browser is signed in.
    """

    url: str
    folder: Path

    def link(self, scope: str = "all") -> str:
        """A link that signs in once."""
        database = f"sqlite:///{self.folder / 'callsheet.db'}"
        base = self.url.removesuffix("/console")
        made = call("console", "--url", base, "--scope", scope, "--database", database)
        return made.stdout.strip()


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """One browser for the tests of a file; as long as it is there, nothing else can run an event loop."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleServer]:
    """A server over the sample."""
    folder = tmp_path_factory.mktemp("console")
    database = folder / "callsheet.db"
    call("migrate", "--database", f"sqlite:///{database}")
    fill(Installation(f"sqlite:///{database}"))
    with Server(database, cwd=folder) as running:
        yield ConsoleServer(f"{running.url}/console", folder)


@pytest.fixture(scope="module")
def console(browser: "Browser", server: ConsoleServer) -> ConsoleServer:
    """The same, with the browser signed in."""
    sign_in(browser, server)
    return server


def sign_in(browser: "Browser", console: ConsoleServer) -> None:
    """Sign a browser in by a link, and keep what it keeps for it."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(console.link())
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Catalogue").wait_for()
    context.storage_state(path=console.folder / "state.json")
    context.close()
