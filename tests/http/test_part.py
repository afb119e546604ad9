"""Which part of the application a process serves: each path is one part's, and 404 at the other."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.errors import SettingsError
from callsheet.http.app import CallsheetApp, create_app, options_of
from callsheet.http.part import Part
from callsheet.service.admin.admin_keys import AdminKeyService
from callsheet.settings import Settings
from tests.http.admin.asking import Reply, exchange
from tests.installation import Installation, now
from tests.tiers import examples

SECRET = "sk-of-the-tests-of-parts"

#: What is asked of a part.
Ask = Callable[[Part, str], Reply]

PATHS = st.sampled_from(
    [
        *("/v1/models", "/v1/models/claude-opus-4-8", "/healthz", "/readyz", "/metrics", "/openapi.json", "/"),
        *("/v1/organizations/me", "/v1/v1/organizations/me", "/v1/organizations", "/v1/organizations/nothing"),
        *("/v1/organizationsx", "/v1/messages", "/calendars/x.ics", "/organizations/me", "/nothing"),
        *("/console", "/console/models", "/consoles"),
    ]
)


@pytest.fixture
def ask(installation: Installation) -> Ask:
    """Ask a part of the application, as whoever may do everything."""
    installation.key(secret=SECRET)
    key = AdminKeyService(installation.store, "test", now).create("root", [Scope.ALL]).secret
    settings = Settings(database=installation.url)
    live = installation.live(options_of(settings))
    apps = {part: CallsheetApp(live, settings, part=part) for part in Part}
    for app in apps.values():
        app.start = lambda: None  # type: ignore[method-assign]  # no threads
    headers = {
        False: [(b"x-api-key", SECRET.encode()), (b"anthropic-version", b"2023-06-01")],
        True: [(b"x-api-key", key.encode())],
    }

    def ask(part: Part, path: str) -> Reply:
        return asyncio.run(exchange(apps[part], "GET", path, headers["organizations" in path]))

    return ask


@given(PATHS)
@examples(2)
def test_each_path_is_answered_by_one_part_as_by_the_whole(ask: Ask, path: str) -> None:
    whole, models, administration = (ask(part, path) for part in Part)
    roots = ("/v1/organizations", "/v1/v1/organizations", "/console")
    is_administration = any(path == root or path.startswith(f"{root}/") for root in roots)
    answering, other = (administration, models) if is_administration else (models, administration)
    assert answering.status == whole.status
    assert answering.headers["content-type"] == whole.headers["content-type"]
    assert (other.status, other.json["error"]["type"]) == (404, "not_found_error")


def test_without_an_admin_key_the_part_for_it_answers_nothing(installation: Installation) -> None:
    app = CallsheetApp(installation.live(), Settings(database=installation.url), part=Part.ADMINISTRATION)
    app.start = lambda: None  # type: ignore[method-assign]
    assert asyncio.run(exchange(app, "GET", "/v1/organizations/me", [])).status == 404


def test_what_runs_beside_answering_runs_in_one_of_two_processes(installation: Installation) -> None:
    settings = Settings(
        database=installation.url, catalog="nothing.yaml", gateway="http://127.0.0.1:9", forward=True
    )
    live = installation.live(options_of(settings))
    whole, models, administration = (CallsheetApp(live, settings, part=part) for part in Part)
    assert [each.schedule._runs for each in (whole, models, administration)] == [True, False, True]
    assert [each.sender._runs for each in (whole, models, administration)] == [True, False, True]
    assert [each.catalog_follower is not None for each in (whole, models, administration)] == [True, True, False]
    assert [each.forward is not None for each in (whole, models, administration)] == [True, True, False]


def test_another_server_is_refused_a_listener_that_only_serve_has(installation: Installation) -> None:
    with pytest.raises(SettingsError, match=r"admin_host and admin_port work under callsheet serve only"):
        create_app(Settings(database=installation.url, admin_port=8485))
