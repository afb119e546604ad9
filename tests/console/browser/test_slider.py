"""The slider over the catalogue of a day, in a browser."""

from typing import TYPE_CHECKING, Final

from tests.console.browser.chromium import watched
from tests.console.browser.conftest import ConsoleServer
from tests.tiers import exhaustive

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = exhaustive

#: What says which day is shown.
DAY: Final = "#results h2"

TIMEOUT_MILLISECONDS: Final = 20_000

#: Keeps how many requests of scripts were under way at most.
_COUNT: Final = """
window.__most = 0;
let underWay = 0;
const send = window.fetch;
window.fetch = async (...asked) => {
  underWay += 1;
  window.__most = Math.max(window.__most, underWay);
  try { return await send(...asked); } finally { underWay -= 1; }
};
"""


def test_sliding_shows_the_day_with_at_most_one_request_under_way(
    browser: "Browser", console: ConsoleServer
) -> None:
    from playwright.sync_api import expect  # which takes a tenth of a second, and runs with --all alone

    with watched(browser, console.folder) as seen:
        page = seen.page
        page.add_init_script(_COUNT)
        seen.open(f"{console.url}/changes/at")
        slider = page.get_by_role("slider")
        for _ in range(30):
            slider.press("ArrowRight")
        expect(page.locator(DAY)).to_contain_text("in 29 days", timeout=TIMEOUT_MILLISECONDS)
        expect(page).to_have_url(f"{console.url}/changes/at?days=30")
        assert page.evaluate("window.__most") == 1
        assert page.get_by_label("Date, time ago or revision").input_value() > "2026"
        seen.check()


def test_without_scripts_the_slider_has_a_button(browser: "Browser", console: ConsoleServer) -> None:
    from playwright.sync_api import expect  # which takes a tenth of a second, and runs with --all alone

    with watched(browser, console.folder, java_script_enabled=False) as seen:
        seen.open(f"{console.url}/changes/at")
        seen.page.get_by_role("slider").press("End")
        seen.page.get_by_role("button", name="Show day").click()
        expect(seen.page.locator(DAY)).to_contain_text("in ")
        assert "days=365" in seen.page.url
