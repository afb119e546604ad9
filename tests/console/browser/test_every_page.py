"""Every page, in a browser: nothing forbidden, nothing inaccessible, nothing that does not fit."""

from typing import Final

import pytest
from playwright.sync_api import Browser

from tests.console.browser.chromium import watched
from tests.console.browser.conftest import ConsoleServer
from tests.console.browser.sample import PAGES
from tests.tiers import exhaustive

pytestmark = exhaustive

#: Buttons that only scripts give a meaning, and one that they make needless.
_OF_SCRIPTS: Final = ('- button "Copy"', '- button "Show its list"')


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_is_accessible_and_breaks_no_policy(
    path: str, scheme: str, browser: Browser, console: ConsoleServer
) -> None:
    with watched(browser, console.folder, color_scheme=scheme) as seen:
        seen.open(console.url + path)
        assert seen.page.locator("h1").count() == 1
        assert seen.violations() == []
        seen.check()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_into_320_pixels(path: str, browser: Browser, console: ConsoleServer) -> None:
    """Which is also what a window of 1280 pixels shows at 400 %."""
    with watched(browser, console.folder, viewport={"width": 320, "height": 640}) as seen:
        seen.open(console.url + path)
        assert seen.overflow() <= 0
        assert seen.violations() == []
        seen.check()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_says_the_same_without_scripts(path: str, browser: Browser, console: ConsoleServer) -> None:
    said = []
    for scripts in (True, False):
        with watched(browser, console.folder, java_script_enabled=scripts) as seen:
            seen.open(console.url + path)
            lines = seen.page.locator("main").aria_snapshot().splitlines()
            said.append([line for line in lines if line.strip() not in _OF_SCRIPTS])
    assert said[0] == said[1]
