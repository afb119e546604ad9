"""What pages need is made while a person signs in."""

import pytest

from callsheet.domain.access.visibility import SEES_ALL
from callsheet.domain.query import Reach, reach_of
from callsheet.http.console.preparing import Preparation
from callsheet.http.console.rendering import templates
from callsheet.service import key_counts, sight_counts
from callsheet.service.clock import SYSTEM_CLOCK
from callsheet.service.key_counts import count_working_keys
from callsheet.service.retirements import find
from callsheet.service.searching.texts import TEXTS
from callsheet.service.sight_counts import count_listed
from tests.console.browsing import Browser
from tests.installation import Installation, make_model


@pytest.fixture(autouse=True)
def _unprepared() -> None:
    """Here, preparing is what is tested."""


def test_a_page_finds_made_what_was_prepared_before_it(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        installation.catalog.add(make_model(f"model-{number}"))
    live, pauses = installation.live(), list[float]()
    preparation = Preparation(live, SYSTEM_CLOCK, pauses.append)
    thread = preparation.begin()
    assert preparation.begin() is thread
    thread.join()
    catalog = live.current.catalog
    TEXTS.warm(catalog).join()
    assert len(pauses) > len(templates())
    assert all(map(TEXTS.has, catalog.blocks))
    for module, name in ((sight_counts, "_tally"), (key_counts, "_recount"), (find, "standing_of")):
        monkeypatch.delattr(module, name)
    assert count_listed(catalog, SEES_ALL) == sum(reach_of(model) is Reach.LISTED for model in catalog)
    count_working_keys(live.current, 0)
    find.find_retirements(live.current, SYSTEM_CLOCK.now())


def test_it_begins_with_the_first_request(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Preparation] = []
    monkeypatch.setattr(Preparation, "begin", lambda each: begun.append(each))
    browser = Browser(installation)
    assert not begun
    browser.open("/console/sign-in")
    assert begun


def test_a_failure_is_logged_and_pages_are_shown_all_the_same(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("callsheet.http.console.preparing.templates", lambda: ["none.html"])
    Preparation(installation.live(), SYSTEM_CLOCK).begin().join()
    assert "could not be prepared" in caplog.text
    assert Browser(installation).sign_in().open("/console/models").status == 200
