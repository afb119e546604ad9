"""A browser at the console."""

from collections.abc import Callable
from pathlib import Path

import pytest

from callsheet.http.console.preparing import Preparation
from tests.console.browsing import Browser
from tests.installation import Installation
from tests.tiers import repeated

#: Fills an installation.
Fill = Callable[[Installation], None]


@pytest.fixture(autouse=True)
def _unprepared(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the first tier, each page makes what it needs; with ``--all``, that is made beside the first pages."""
    if repeated(True, False):
        monkeypatch.setattr(Preparation, "begin", lambda _: None)


@pytest.fixture(scope="session")
def _stocks() -> dict[Fill, bytes]:
    """The databases that `stock` has filled, by what filled them."""
    return {}


@pytest.fixture
def stock(installation: Installation, _stocks: dict[Fill, bytes]) -> Callable[[Fill], None]:
    """What fills `installation`, which nothing has opened yet; what was filled in the same way before is copied."""

    def stock(fill: Fill) -> None:
        path = Path(installation.store.display_name)
        if fill in _stocks:
            path.write_bytes(_stocks[fill])
            return
        fill(installation)
        _stocks[fill] = path.read_bytes()

    return stock


@pytest.fixture
def browser(installation: Installation) -> Browser:
    """A browser that is not signed in."""
    return Browser(installation)


@pytest.fixture
def signed_in(browser: Browser) -> Browser:
    """A browser signed in with an admin key that may do everything."""
    return browser.sign_in()
