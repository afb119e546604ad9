"""Every page, in a browser: nothing forbidden, nothing inaccessible, nothing that does not fit.

A page is loaded in a wide window, in a narrow one and without scripts, each time into a tab that is there already.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, Literal

import pytest

from tests.console.browser.chromium import Watched, watched
from tests.console.browser.conftest import ConsoleServer
from tests.console.browser.sample import PAGES
from tests.tiers import exhaustive

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ViewportSize

pytestmark = exhaustive

_WIDE: Final["ViewportSize"] = {"width": 1280, "height": 720}
_NARROW: Final["ViewportSize"] = {"width": 320, "height": 640}

#: The rules of axe that a color can break; the style sheet changes nothing else where it is dark.
_OF_COLORS: Final = ("color-contrast", "link-in-text-block")

#: Buttons that only scripts give a meaning, and one that they make needless.
_OF_SCRIPTS: Final = ('- button "Copy"', '- button "Show its list"')


@pytest.fixture(scope="module")
def with_scripts(browser: "Browser", console: ConsoleServer) -> Iterator[Watched]:
    with watched(browser, console.folder) as seen:
        yield seen


@pytest.fixture(scope="module")
def without_scripts(browser: "Browser", console: ConsoleServer) -> Iterator[Watched]:
    with watched(browser, console.folder, java_script_enabled=False) as seen:
        yield seen


@pytest.fixture(scope="module", params=PAGES)
def path(request: pytest.FixtureRequest) -> str:
    """The address of a page; all tests of one page come before those of the next."""
    return str(request.param)


@pytest.fixture(scope="module")
def shown(with_scripts: Watched, console: ConsoleServer, path: str) -> Watched:
    """The page, in a wide and light window, with scripts."""
    _look(with_scripts, "light", _WIDE)
    with_scripts.open(console.url + path)
    return with_scripts


def _look(seen: Watched, scheme: Literal["light", "dark"], window: "ViewportSize") -> None:
    seen.page.emulate_media(color_scheme=scheme)
    seen.page.set_viewport_size(window)


def test_a_page_is_accessible_and_breaks_no_policy(shown: Watched) -> None:
    _look(shown, "light", _WIDE)
    assert shown.page.locator("h1").count() == 1
    assert shown.violations() == []
    shown.check()


def test_a_dark_page_can_be_read(shown: Watched) -> None:
    _look(shown, "dark", _WIDE)
    assert shown.violations(*_OF_COLORS) == []
    shown.check()


def test_a_page_fits_into_320_pixels(shown: Watched, console: ConsoleServer, path: str) -> None:
    """Which is also what a window of 1280 pixels shows at 400 %."""
    _look(shown, "light", _NARROW)
    assert shown.violations() == []
    shown.open(console.url + path)
    assert shown.overflow() <= 0
    shown.check()


def test_a_page_says_the_same_without_scripts(
    shown: Watched, without_scripts: Watched, console: ConsoleServer, path: str
) -> None:
    _look(shown, "light", _WIDE)
    without_scripts.open(console.url + path)
    assert _said(shown) == _said(without_scripts)


def _said(seen: Watched) -> list[str]:
    lines = seen.page.locator("main").aria_snapshot().splitlines()
    return [line for line in lines if line.strip() not in _OF_SCRIPTS]
