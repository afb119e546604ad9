"""A browser at the console."""

import pytest

from callsheet.http.console.preparing import Preparation
from tests.console.browsing import Browser
from tests.installation import Installation
from tests.tiers import repeated


@pytest.fixture(autouse=True)
def _unprepared(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the first tier, each page makes what it needs; with ``--all``, that is made beside the first pages."""
    if repeated(True, False):
        monkeypatch.setattr(Preparation, "begin", lambda _: None)


@pytest.fixture
def browser(installation: Installation) -> Browser:
    """A browser that is not signed in."""
    return Browser(installation)


@pytest.fixture
def signed_in(browser: Browser) -> Browser:
    """A browser signed in with an admin key that may do everything."""
    return browser.sign_in()
