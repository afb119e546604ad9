"""Takes the pictures of the console that the documents show; ``scripts/pictures [FOLDER]`` runs it."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from playwright.sync_api import Browser, Page, ViewportSize

from tests.console.browser.chromium import chromium
from tests.console.browser.conftest import ConsoleServer, sign_in
from tests.console.browser.showcase import fill
from tests.installation import Installation
from tests.program import Server

_PICTURES: Final = Path(__file__).parents[3] / "docs" / "pictures"
_MODEL: Final = "claude-opus-4-5-20251101"
_WINDOW: Final[ViewportSize] = {"width": 1200, "height": 760}


def main(folder: Path) -> None:
    """Take all of them into ``folder``."""
    with TemporaryDirectory() as place, chromium() as browser:
        database = Path(place, "callsheet.db")
        with Server(database, cwd=Path(place)) as server:
            fill(Installation(f"sqlite:///{database}"))
            console = ConsoleServer(f"{server.url}/console", Path(place))
            sign_in(browser, console)
            _take(browser, console, folder)


def _take(browser: Browser, console: ConsoleServer, folder: Path) -> None:
    state = str(console.folder / "state.json")
    context = browser.new_context(storage_state=state, viewport=_WINDOW, color_scheme="light")
    page = context.new_page()
    for name, path in {"models": "/models", "model": f"/models/{_MODEL}", "access": "/access"}.items():
        page.goto(console.url + path)
        _save(page, folder, name)
    page.goto(f"{console.url}/models/{_MODEL}")
    page.get_by_role("button", name="Retire…").click()
    page.get_by_role("button", name="Apply").wait_for()
    _save(page, folder, "plan")
    context.close()


def _save(page: Page, folder: Path, name: str) -> None:
    path = folder / f"console-{name}.png"
    page.screenshot(path=path)
    print(path)  # what a person runs it for


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else _PICTURES)
