"""Sessions of the console by program: who is signed in, and ending that."""

from datetime import datetime, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.access.session import MAX_IDLE, MAX_SESSION
from callsheet.service.admin.admin_keys import AdminKeyService
from callsheet.service.admin.sessions import SessionService
from tests.http.admin.asking import Admin
from tests.installation import Installation, now, on_both
from tests.tiers import examples


@pytest.fixture
def service(admin: Admin) -> SessionService:
    """The sessions of the installation."""
    return SessionService(admin.installation.store, now)


@on_both
def test_sessions_are_listed_newest_first_in_pages_without_what_signs_in(admin: Admin) -> None:
    later = [now()]
    service = SessionService(admin.installation.store, lambda: later[0])
    for name in ("ada", "grace", "zoë"):
        later[0] += timedelta(seconds=1)
        service.of_user(name, (Scope.READ,))
    later[0] += timedelta(seconds=1)
    token = service.follow_link(service.make_link("ada", (Scope.ALL,))).token
    page = admin.get("/sessions?limit=2")
    assert [each["name"] for each in page.json["data"]] == ["ada (link)", "zoë"]
    behind = admin.get(f"/sessions?limit=2&after_id={page.json['last_id']}").json
    assert [each["name"] for each in behind["data"]] == ["grace", "ada"]
    assert (page.json["has_more"], behind["has_more"]) == (True, False)
    assert token not in page.content.decode()
    assert "fingerprint" not in page.content.decode()


@on_both
def test_a_session_is_ended_once_and_the_next_request_of_its_browser_is_refused(
    admin: Admin, service: SessionService
) -> None:
    new, other = (service.follow_link(service.make_link(name, (Scope.ALL,))) for name in ("ada", "grace"))
    ended = admin.post(f"/sessions/{new.session.id}/end")
    assert (ended.status, ended.json["id"]) == (200, new.session.id)
    assert SessionService(admin.installation.store, now).find(new.token) is None
    assert service.find(other.token) is not None
    again = admin.post(f"/sessions/{new.session.id}/end")
    assert (again.status, again.code) == (404, "does_not_exist")


def test_all_are_ended_with_the_links_that_were_not_followed(admin: Admin, service: SessionService) -> None:
    tokens = [service.follow_link(service.make_link(name, (Scope.ALL,))).token for name in ("ada", "grace")]
    link = service.make_link("eve", (Scope.ALL,))
    assert len(admin.post("/sessions/end").json["data"]) == 2
    assert admin.get("/sessions").json["data"] == []
    assert [service.find(token) for token in tokens] == [None, None]
    with pytest.raises(Exception, match="already been used"):
        service.follow_link(link)


@pytest.mark.parametrize("scope", [Scope.READ, Scope.CATALOG, Scope.KEYS])
def test_sessions_need_the_scope_all(scope: Scope, admin: Admin, service: SessionService) -> None:
    session = service.of_user("ada", (Scope.READ,))
    key = admin.make_key("lesser", scope)
    refused = [
        admin.get("/sessions", x_api_key=key),
        admin.post("/sessions/end", x_api_key=key),
        admin.post(f"/sessions/{session.id}/end", x_api_key=key),
    ]
    assert [each.code for each in refused] == ["scope_missing"] * 3
    assert [each.id for each in service.list()] == [session.id]


def _ago(minutes: int) -> datetime:
    return now() - timedelta(minutes=minutes)


@given(ages=st.lists(st.tuples(st.integers(0, 13 * 60), st.booleans()), max_size=6))
@examples(0.5)
def test_what_is_listed_is_what_lets_in(admin: Admin, ages: list[tuple[int, bool]]) -> None:
    """However old sessions are, and whether or not their admin key still works."""
    keys = AdminKeyService(admin.installation.store, "test", now)
    SessionService(admin.installation.store, now).end_all()
    tokens = []
    for minutes, is_archived in sorted(ages, reverse=True):
        key = keys.create(f"key {len(keys.list())}", [Scope.READ])
        begun = SessionService(admin.installation.store, partial(_ago, minutes))
        tokens.append(begun.sign_in(key.secret).token)
        if is_archived:
            keys.archive(key.key.id)
    service = SessionService(admin.installation.store, now)
    found = {session.id for token in tokens if (session := service.find(token)) is not None}
    assert {each["id"] for each in admin.get("/sessions").json["data"]} == found
    limit = min(MAX_IDLE, MAX_SESSION) / timedelta(minutes=1)
    assert len(found) == sum(minutes < limit and not archived for minutes, archived in ages)


def test_when_a_session_ends_is_as_it_says(installation: Installation) -> None:
    later = [now().replace(microsecond=0)]
    service = SessionService(installation.store, lambda: later[0])
    token = service.follow_link(service.make_link("ada", (Scope.ALL,))).token
    for _ in range(20):
        session = service.find(token)
        assert session is not None
        later[0] = session.ends_at - timedelta(seconds=1)
        if session.ends_at == session.created_at + MAX_SESSION:
            break
    assert service.find(token) is not None
    later[0] += timedelta(seconds=1)
    assert service.find(token) is None
