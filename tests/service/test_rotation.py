"""Rotating a key: a new secret for whoever had the old one, at once or with an overlap."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from callsheet.domain.access.key import KeyStatus
from callsheet.domain.changes.keys import KeyChange
from callsheet.domain.errors import ConflictError
from callsheet.service.access import AccessService
from tests.installation import Installation, again_on_postgresql
from tests.service.content import content, refused

pytestmark = again_on_postgresql

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)


class Clock:
    """A clock that is set by hand."""

    now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def access(installation: Installation, clock: Clock) -> AccessService:
    return AccessService(installation.store, "test", clock)


def test_without_an_overlap_the_old_key_ends_at_once(installation: Installation, access: AccessService) -> None:
    old = access.create_key("ci", organization=True)
    before = content(installation)
    new = access.rotate_key("ci")
    records = content(installation)["changes"][len(before["changes"]) :]
    assert new.secret != old.secret
    assert new.key.id != old.key.id
    assert (new.key.name, new.key.workspace_id, new.key.status) == ("ci", None, KeyStatus.ACTIVE)
    assert {key.id: key for key in access.list_keys()} == {
        old.key.id: replace(old.key, status=KeyStatus.ARCHIVED),
        new.key.id: new.key,
    }
    assert [(row["action"], row["subject"]) for row in records] == [
        ("rotate", old.key.id),
        ("create", new.key.id),
    ]
    assert {row["revision"] for row in records} == {before["installation"][0]["revision"] + 1}


def test_with_an_overlap_the_old_key_expires_at_its_end(access: AccessService) -> None:
    access.create_workspace("research", "wrkspc_1")
    old = access.create_key("ci", "research")
    new = access.rotate_key("ci", DAY)
    assert {key.id: key for key in access.list_keys()} == {
        old.key.id: replace(old.key, expires_at=NOW + DAY),
        new.key.id: new.key,
    }
    assert (new.key.expires_at, new.key.workspace_id) == (None, "wrkspc_1")


def test_an_overlap_never_lengthens_the_life_of_the_old_key(access: AccessService) -> None:
    old = access.create_key("ci", expires_at=NOW + DAY)
    new = access.rotate_key("ci", 7 * DAY)
    by_id = {key.id: key for key in access.list_keys()}
    assert by_id[old.key.id].expires_at == NOW + DAY
    assert new.key.expires_at == NOW + DAY


def test_a_key_that_has_expired_cannot_be_rotated(
    installation: Installation, access: AccessService, clock: Clock
) -> None:
    key = access.create_key("ci", expires_at=NOW + DAY).key
    clock.now = NOW + DAY
    with refused(installation, ConflictError, f"{key.id} has expired; create a new key instead."):
        access.rotate_key("ci")


def test_an_archived_key_cannot_be_rotated(installation: Installation, access: AccessService) -> None:
    key = access.create_key("ci").key
    access.archive_key("ci")
    with refused(installation, ConflictError, f"{key.id} is archived; only an active key can be rotated."):
        access.rotate_key(key.id)


def test_while_keys_overlap_the_name_means_the_newest(access: AccessService) -> None:
    oldest = access.create_key("ci").key
    middle = access.rotate_key("ci", DAY).key
    newest = access.rotate_key("ci", DAY).key
    assert access.replaced_keys() == {oldest.id, middle.id}
    assert access.show_key("ci").key.id == newest.id
    assert access.disable_key("ci").id == newest.id
    assert {key.id: key.status for key in access.list_keys()}[middle.id] is KeyStatus.ACTIVE


def test_an_overlap_that_outlasts_the_key_makes_no_name_ambiguous(access: AccessService) -> None:
    old = access.create_key("ci", expires_at=NOW + DAY).key
    new = access.rotate_key("ci", 7 * DAY).key
    assert access.show_key("ci").key.id == new.id
    assert access.replaced_keys() == {old.id}


def test_once_the_newest_is_archived_the_name_means_the_one_that_still_works(
    access: AccessService, clock: Clock
) -> None:
    old = access.create_key("ci").key
    access.rotate_key("ci", DAY)
    access.archive_key("ci")
    assert access.show_key("ci").key.id == old.id
    clock.now = NOW + DAY
    assert access.show_key("ci").key.id == old.id
    assert access.create_key("ci").key.id == access.show_key("ci").key.id


def test_a_replaced_key_may_end_later_but_not_last_under_the_name_of_its_successor(
    installation: Installation, access: AccessService
) -> None:
    old = access.create_key("ci").key
    new = access.rotate_key("ci", DAY).key
    assert access.change_key(old.id, KeyChange(expires_at=NOW + 2 * DAY)).expires_at == NOW + 2 * DAY
    sentence = f"There is a key named 'ci' already: {new.id}; choose another name, or rotate or change that key."
    with refused(installation, ConflictError, sentence):
        access.change_key(old.id, KeyChange(expires_at=None))
    assert access.change_key(old.id, KeyChange(expires_at=None, name="ci old")).expires_at is None
    assert access.replaced_keys() == set()


def test_an_expired_key_frees_its_name_and_comes_back_only_under_a_free_one(
    installation: Installation, access: AccessService, clock: Clock
) -> None:
    old = access.create_key("ci", expires_at=NOW + DAY).key
    clock.now = NOW + DAY
    new = access.create_key("ci").key
    sentence = f"There is a key named 'ci' already: {new.id}; choose another name, or rotate or change that key."
    with refused(installation, ConflictError, sentence):
        access.change_key(old.id, KeyChange(expires_at=None))
    assert access.change_key(old.id, KeyChange(expires_at=NOW + 2 * DAY, name="ci 2")).name == "ci 2"
    assert access.show_key("ci 2").fault is None
