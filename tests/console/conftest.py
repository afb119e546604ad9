"""A browser at the console."""

import pytest

from tests.console.browsing import Browser
from tests.installation import Installation


@pytest.fixture
def browser(installation: Installation) -> Browser:
    """A browser that is not signed in."""
    return Browser(installation)


@pytest.fixture
def signed_in(browser: Browser) -> Browser:
    """A browser signed in with an admin key that may do everything."""
    return browser.sign_in()
