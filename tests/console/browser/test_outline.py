"""What a screen reader finds on the main pages: landmarks, headings, and what can be done, in their order."""

from textwrap import dedent
from typing import TYPE_CHECKING, Final

import pytest

from tests.console.browser.chromium import watched
from tests.console.browser.conftest import ConsoleServer
from tests.tiers import exhaustive

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = exhaustive

#: By address: what must be there, in this order; there may be more in between.
OUTLINES: Final = {
    "/models": """
        - link "Skip to content"
        - banner:
          - navigation "Console":
            - list:
              - listitem:
                - link "Catalogue"
              - listitem:
                - link "Who sees what"
          - button "Sign out"
        - main:
          - heading "Catalogue" [level=1]
          - link "Add a model"
          - search:
            - searchbox "Id, alias or name"
            - combobox "Lifecycle":
              - option "any" [selected]
            - button "Search"
          - table /models, newest first/
        """,
    "/models/claude-retiring": """
        - main:
          - heading "نموذج" [level=1]
          - heading "Details" [level=2]
          - heading "Aliases" [level=2]
          - textbox "New alias"
          - button "Review"
          - heading "Who set what" [level=2]
          - table "Who set what; the first claim of a field is the one that applies"
          - heading "Who sees it" [level=2]
          - heading "What clients show" [level=2]
          - heading "History" [level=2]
          - heading "Retire or remove" [level=2]
        """,
    "/access": """
        - main:
          - heading "Who sees what" [level=1]
          - search:
            - searchbox "Model"
            - searchbox "Workspace"
            - button "Search"
          - region "Models by workspaces":
            - table "Models by sets of rules"
        """,
    "/keys/new": """
        - main:
          - heading "Create a key" [level=1]
          - textbox "Name"
          - combobox "Belongs to"
          - textbox "Expires"
          - button "Review change"
          - link "Cancel"
          - complementary "Preview of the list":
            - region "Models":
              - list
        """,
    "/changes/at": """
        - main:
          - heading "Catalogue on a day" [level=1]
          - slider /From today to a year from now/
          - button "Show day"
          - textbox "Date, time ago or revision"
          - button "Show moment"
          - heading "Now" [level=2]
          - table /models, by id/
          - navigation "Pages"
        """,
    "/retirements": """
        - main:
          - heading "Retirements" [level=1]
          - combobox "Within"
          - combobox "State"
          - combobox "Workspace"
          - button "Show"
          - navigation "Pages"
        """,
}


@pytest.mark.parametrize("path", OUTLINES)
def test_a_page_has_its_landmarks_headings_and_controls_in_order(
    path: str, browser: "Browser", console: ConsoleServer
) -> None:
    from playwright.sync_api import expect  # which takes a tenth of a second, and runs with --all alone

    with watched(browser, console.folder) as seen:
        seen.open(console.url + path)
        expect(seen.page.locator("body")).to_match_aria_snapshot(dedent(OUTLINES[path]))
