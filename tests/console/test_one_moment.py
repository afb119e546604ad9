"""All calls of one page are of one moment."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import text

from callsheet.domain.edits import ModelChange
from callsheet.http.admin.doing import Worker
from callsheet.storage.store import Store
from callsheet.storage.transactions.read import ReadTransaction
from tests.console.browsing import Browser
from tests.installation import again_on_postgresql, make_model

MODEL = "/console/models/claude-one"


@pytest.fixture
def filled(signed_in: Browser) -> Browser:
    """A browser signed in where there is something of everything that pages read by several calls."""
    signed_in.installation.catalog.add(make_model("claude-one"))
    signed_in.installation.workspace("team")
    signed_in.installation.key(name="bot", workspace="team")
    signed_in.served.live.refresh()
    return signed_in


@pytest.mark.parametrize(
    "path",
    [
        *(MODEL, "/console/models", "/console/keys", "/console/workspaces", "/console/workspaces/default"),
        *("/console/access", "/console/sources", "/console/changes", "/console/retirements", "/console/welcome"),
        *("/console/admin-keys", "/console/admin-keys/sessions", "/console/keys/bot", "/console/keys/new"),
        "/console/access/explain?model=claude-one&key=bot",
    ],
)
def test_a_page_opens_one_transaction(path: str, filled: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    read = Store.read

    @contextmanager
    def counted(store: Store, watch: Any = None) -> Iterator[ReadTransaction]:
        opened.append(threading.current_thread().name)
        with read(store, watch) as reading:
            yield reading

    filled.catch_up()
    monkeypatch.setattr(Store, "read", counted)
    assert filled.ask("GET", path).status == 200
    of_pages = [name for name in opened if not name.startswith("callsheet-")]  # those run in the background
    assert len(of_pages) <= 2  # the first says who it is


def after_each_call(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Have something happen after each call that reads."""
    read = Worker.read

    def then(worker: Worker, wanted: Any, **within: Any) -> Any:
        done = read(worker, wanted, **within)
        act()
        return done

    monkeypatch.setattr(Worker, "read", then)


@again_on_postgresql
def test_a_change_between_two_calls_of_a_page_is_in_neither(
    filled: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = iter(range(100))
    change = filled.installation.catalog.change
    after_each_call(
        monkeypatch, lambda: change("claude-one", ModelChange(display_name=f"One, changed {next(names)} times"))
    )
    data = filled.open(f"{MODEL}.json").json
    assert next(names) > 1  # there were several
    assert "changed" not in str(data)
    assert "changed" in filled.open(f"{MODEL}.json").text


def test_a_database_that_fails_in_the_middle_of_a_page_is_said_on_the_page(
    filled: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(reading: ReadTransaction, *_: Any) -> Any:
        reading._connection.execute(text("SELECT nothing FROM nowhere"))

    monkeypatch.setattr(ReadTransaction, "model", broken)
    shown = filled.open(MODEL)
    assert shown.status >= 500
    assert "Signed in as" in shown.text
    assert "error" in filled.open(f"{MODEL}.json").json
