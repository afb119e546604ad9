"""Chromium as the tests use it: what each page does that it must not is kept, and asked for afterwards."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.clients.installed import installed
from tests.clients.programs import be_without

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")

#: Collects what the browser reports while a page loads and is used.
_WATCH: Final = """
window.__seen = {violations: [], shifts: 0};
document.addEventListener("securitypolicyviolation", event =>
  window.__seen.violations.push(event.violatedDirective + " " + event.blockedURI + " " + event.sourceFile));
new PerformanceObserver(list => { for (const each of list.getEntries()) if (!each.hadRecentInput) window.__seen.shifts += each.value; })
  .observe({type: "layout-shift", buffered: true});
"""  # noqa: E501  # a line of JavaScript


def chromium_path() -> str:
    """Where Chromium is; the test is skipped where there is none, and fails in CI."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        be_without("There is no Chromium on this machine; install it (Debian: apt-get install chromium).")
    return found


@contextmanager
def chromium() -> Iterator["Browser"]:
    """Yield a browser without a window."""
    from playwright.sync_api import sync_playwright  # which takes a tenth of a second, and runs with --all alone

    path = chromium_path()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


class Watched:
    """A tab whose faults are kept. It may go from page to page, which is much quicker than a new one for each.

    Parameters
    ----------
    context
        Of the browser.
    """

    def __init__(self, context: "BrowserContext") -> None:
        context.set_default_timeout(20_000)
        self.page: Page = context.new_page()
        self.faults: list[str] = []
        self.page.on("console", lambda message: self._said(message.type, message.text))
        self.page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        self.page.on(
            "requestfailed", lambda request: self.faults.append(f"failed: {request.url} {request.failure}")
        )
        self.page.on("request", lambda request: self._asked(request.url))
        self._hosts: set[str] = set()

    def open(self, url: str) -> None:
        """Go to a page, and wait until all of it is there; what went wrong on the one before is forgotten."""
        self.faults.clear()
        self._hosts.clear()
        self.page.goto(url, wait_until="load")

    def check(self) -> None:
        """Fail if anything was forbidden by the policy, failed, or came from another server."""
        seen = self.page.evaluate("window.__seen || {violations: [], shifts: 0}")
        assert seen["violations"] == []
        assert self.faults == []
        assert len(self._hosts) == 1, self._hosts
        assert seen["shifts"] < 0.01, f"the layout shifted by {seen['shifts']}"

    def violations(self, *rules: str) -> list[str]:
        """What axe finds wrong for those who cannot see or point, by these of its rules or by all."""
        folder = installed("node")
        if folder is None:
            be_without("axe-core is missing; run: python -m tests.clients.install")
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate((folder / "node_modules" / "axe-core" / "axe.min.js").read_text())
        only = {"runOnly": {"type": "rule", "values": rules}} if rules else {}
        options = {"resultTypes": ["violations"], **only}
        found = self.page.evaluate("options => axe.run(document, options)", options)
        return [
            f"{each['id']}: {each['help']} — {node['html'][:200]}"
            for each in found["violations"]
            for node in each["nodes"]
        ]

    def overflow(self) -> int:
        """How many pixels the page is wider than its window."""
        return int(
            self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        )

    def _said(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.faults.append(f"{kind}: {text}")

    def _asked(self, url: str) -> None:
        self._hosts.add(url.split("/")[2])


@contextmanager
def watched(browser: "Browser", folder: Path | None = None, **options: Any) -> Iterator[Watched]:
    """Yield a page in a context with these options, signed in by the state in ``folder`` if there is one."""
    state = None if folder is None else str(folder / "state.json")
    context = browser.new_context(storage_state=state, **options)
    context.add_init_script(_WATCH)
    try:
        yield Watched(context)
    finally:
        context.close()
