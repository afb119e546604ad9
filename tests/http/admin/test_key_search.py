"""Keys found among others: by text, status and workspace, on both databases, and at a moment alike."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.access.key import APIKey, KeyFilter
from tests.http.admin.asking import Admin
from tests.installation import Installation, now, on_both
from tests.tiers import examples

NAMES = ("ci runner", "CI Runner 2", "Zoë's phone", "ZOË", "100%_of\\it", "10", "机器人", "anna@team1.example")

pieces = (
    st.sampled_from(NAMES)
    .flatmap(lambda name: st.tuples(st.just(name), st.integers(0, len(name) - 1), st.integers(1, len(name))))
    .map(lambda drawn: drawn[0][drawn[1] : drawn[1] + drawn[2]])
)
texts = st.one_of(pieces, pieces.map(str.upper), pieces.map(str.lower), st.text(min_size=1, max_size=6))


def found(admin: Admin, **query: str) -> list[str]:
    """The names of the keys that are found, the newest first."""
    reply = admin.get(f"/access/keys?{urlencode({'limit': 1000, **query})}")
    assert reply.status == 200, reply.content
    return [each["name"] for each in reply.json["data"]]


@pytest.fixture
def named(admin: Admin) -> Admin:
    """A caller of an installation with keys of many names."""
    for name in NAMES:
        admin.installation.access.create_key(name)
    return admin


@on_both
def test_a_text_is_found_in_any_case_and_means_only_itself(named: Admin) -> None:
    assert found(named, text="ci run") == ["CI Runner 2", "ci runner"]
    assert found(named, text="ZOË") == ["ZOË", "Zoë's phone"]
    assert found(named, text="%_") == ["100%_of\\it"]
    assert found(named, text="of\\it") == ["100%_of\\it"]
    assert found(named, text="器") == ["机器人"]
    assert found(named, text="\x00") == found(named, text="...") == []
    key = named.installation.access.show_key("10").key
    assert found(named, text=key.id) == ["10"]
    assert "10" in found(named, text=f"...{key.hint}")
    assert "10" in found(named, text=key.hint.upper())


@on_both
@given(texts)
@examples(2)
def test_what_is_found_has_the_text(named: Admin, text: str) -> None:
    has = [key.name for key in named.installation.access.list_keys(KeyFilter(text=text))]
    assert set(found(named, text=text)) <= set(has)
    if text.isascii() and text.isprintable():
        assert sorted(found(named, text=text)) == sorted(has)


@on_both
def test_filters_narrow_each_other(admin: Admin) -> None:
    access = admin.installation.access
    crew = access.create_workspace("crew").id
    access.create_key("one", crew)
    access.disable_key(access.create_key("two", crew).key.id)
    access.archive_key(access.create_key("two else").key.id)
    late = now() + timedelta(hours=1)
    access.create_key("three two", crew, expires_at=late)
    assert found(admin, workspace="crew") == ["three two", "two", "one"]
    assert found(admin, workspace=crew, status="active") == ["three two", "one"]
    assert found(admin, text="two", status="archived") == ["two else"]
    assert found(admin, text="two", workspace="crew", status="disabled") == ["two"]
    assert found(admin, status="expired") == []
    later = (late + timedelta(minutes=1)).isoformat().replace("+00:00", "Z")
    assert found(admin, status="expired", as_of=later) == ["three two"]
    assert found(admin, text="TWO", workspace="crew", status="active", as_of=later) == []


def test_a_workspace_that_is_not_there_is_named(admin: Admin) -> None:
    refused = admin.get("/access/keys?workspace=nowhere")
    assert (refused.status, "nowhere" in refused.message) == (404, True)
    assert admin.get("/access/keys?status=inactive").code == "invalid_request"
    assert admin.get("/access/keys?text=").code == "invalid_request"
    assert admin.get(f"/access/keys?text={'x' * 129}").code == "invalid_request"


def test_a_listed_key_says_who_made_it_and_when_it_was_used(installation: Installation) -> None:
    admin = Admin(installation)
    admin.post("/access/keys", {"name": "a"})
    listed = admin.get("/access/keys").json["data"][0]
    assert listed["created_by"].startswith("admin:")
    assert listed["last_used_at"] is None


def test_a_key_shows_as_many_of_its_models_as_are_wanted(admin: Admin) -> None:
    admin.post("/access/keys", {"name": "a"})
    whole = admin.get("/access/keys/a?models=true").json
    some = admin.get("/access/keys/a?models=true&limit=3").json
    assert some["models"] == whole["models"][:3]
    assert some["models_visible"] == whole["models_visible"] == len(whole["models"])


def test_a_key_without_a_hint_is_found_by_no_empty_one() -> None:
    key = APIKey(id="a", name="b", workspace_id=None, fingerprint=b"", hint="", created_at=now())
    assert not key.is_found_by("...")
    assert not key.is_found_by("c")
    assert key.is_found_by("B")
