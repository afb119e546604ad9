from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.access.key import APIKey, KeyStatus
from callsheet.domain.access.keyring import KeyRecord, Keyring
from callsheet.domain.access.visibility import Visibility, check_patterns
from callsheet.domain.access.workspace import Shape, Workspace
from callsheet.domain.errors import InvalidError

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def make_workspace(**values: Any) -> Workspace:
    return Workspace(**{"id": "wrkspc_1", "name": "research", "created_at": NOW, **values})


def make_key(secret: str = "a", **values: Any) -> APIKey:
    given_ = {
        "id": f"apikey_{secret}",
        "name": "ci",
        "workspace_id": "wrkspc_1",
        "fingerprint": sha256(secret.encode()).digest(),
        "hint": "last",
        "created_at": NOW,
    }
    return APIKey(**{**given_, **values})


@pytest.mark.parametrize("workspace_id", ["wrkspc_1", "wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ", f"wrkspc_{'x' * 64}"])
def test_a_workspace_id_is_a_prefix_with_letters_and_digits(workspace_id: str) -> None:
    assert make_workspace(id=workspace_id).id == workspace_id


@pytest.mark.parametrize(
    "workspace_id", ["", "wrkspc_", "wrkspc_a-b", "WRKSPC_1", "1", "wrkspc_é", f"wrkspc_{'x' * 65}"]
)
def test_any_other_workspace_id_is_refused(workspace_id: str) -> None:
    with pytest.raises(
        InvalidError, match=r"^A workspace id must be wrkspc_ followed by 1 to 64 letters and digits"
    ):
        make_workspace(id=workspace_id)


@pytest.mark.parametrize("name", ["", " ", " a", "a ", "a\nb", "x" * 129, "\ud800", "a\u200b"])
def test_a_name_nobody_can_read_is_refused(name: str) -> None:
    with pytest.raises(InvalidError, match=r"^A workspace name must be 1 to 128 printable characters, not "):
        make_workspace(name=name)
    with pytest.raises(InvalidError, match=r"^A key name must be 1 to 128 printable characters, not "):
        make_key(name=name)


@pytest.mark.parametrize("name", ["a", "Größe 🎬", "x" * 128])
def test_a_name_is_1_to_128_printable_characters(name: str) -> None:
    assert make_workspace(name=name).name == name
    assert make_key(name=name).name == name


def rules(rule: str, pattern: str) -> Visibility:
    patterns = ("claude-*", pattern)
    return Visibility(allow=patterns) if rule == "allow" else Visibility(deny=patterns)


@pytest.mark.parametrize("pattern", ["", " a", "a ", "x" * 257, "a\n", "a\x1bb", "a\u202eb"])
@pytest.mark.parametrize("rule", ["allow", "deny"])
def test_a_pattern_that_could_match_no_id_is_refused(rule: str, pattern: str) -> None:
    with pytest.raises(InvalidError, match=r"^A pattern must be 1 to 256 printable characters such as claude-\*, "):
        make_workspace(visibility=rules(rule, pattern))


@pytest.mark.parametrize("pattern", ["*", "Gemini 3 *", "我的*", "claude-opus-4-8[1m]", "../models/*", "x" * 256])
@pytest.mark.parametrize("rule", ["allow", "deny"])
def test_a_pattern_may_hold_what_ids_hold(rule: str, pattern: str) -> None:
    visibility = rules(rule, pattern)
    assert make_workspace(visibility=visibility).visibility == visibility


def test_records_show_everything_but_the_fingerprint() -> None:
    workspace = make_workspace(visibility=Visibility(("a",), ("b",)), shape=Shape.CLASSIC, archived_at=NOW)
    assert workspace.record() == {
        "id": "wrkspc_1",
        "name": "research",
        "allow": ["a"],
        "deny": ["b"],
        "shape": "classic",
        "created_at": "2026-11-20T00:00:00Z",
        "archived_at": "2026-11-20T00:00:00Z",
    }
    assert make_key(expires_at=NOW).record() == {
        "id": "apikey_a",
        "name": "ci",
        "workspace_id": "wrkspc_1",
        "partial_key_hint": "...last",
        "status": "active",
        "expires_at": "2026-11-20T00:00:00Z",
        "created_at": "2026-11-20T00:00:00Z",
    }


def test_a_keyring_finds_a_key_by_its_secret() -> None:
    keyring = Keyring([make_key("a"), make_key("b", workspace_id=None, expires_at=NOW)])
    assert len(keyring) == 2
    assert keyring.find(b"a") == KeyRecord("apikey_a", "wrkspc_1", usable=True, expires=float("inf"))
    assert keyring.find(b"b") == KeyRecord("apikey_b", None, usable=True, expires=NOW.timestamp())
    assert keyring.find(b"c") is None
    assert keyring.find(b"") is None
    assert keyring.find(b"\xff\x00") is None


@pytest.mark.parametrize("status", KeyStatus)
def test_only_an_active_key_is_usable(status: KeyStatus) -> None:
    found = Keyring([make_key(status=status)]).find(b"a")
    assert found is not None
    assert found.usable is (status is KeyStatus.ACTIVE)


secrets = st.sampled_from("abcdef")
keys = st.builds(make_key, secrets, status=st.sampled_from(KeyStatus), workspace_id=st.none() | st.just("wrkspc_2"))


@given(st.lists(st.lists(keys, max_size=4), min_size=1, max_size=5))
def test_a_changed_keyring_is_one_made_anew_and_the_old_one_stays(rounds: list[list[APIKey]]) -> None:
    latest: dict[str, APIKey] = {}
    keyring = Keyring()
    for changed in rounds:
        old, before = keyring, {secret: keyring.find(secret.encode()) for secret in "abcdef"}
        latest |= {key.id: key for key in changed}
        keyring = keyring.changed(changed)
        anew = Keyring(latest.values())
        assert len(keyring) == len(anew)
        for secret in "abcdef":
            assert keyring.find(secret.encode()) == anew.find(secret.encode())
            assert old.find(secret.encode()) == before[secret]


def test_a_key_cannot_be_written_to_but_replaced() -> None:
    key = make_key()
    with pytest.raises(AttributeError):
        key.name = "other"  # type: ignore[misc]
    assert replace(key, name="other").name == "other"


def test_patterns_of_a_workspace_have_an_upper_limit_of_characters_together() -> None:
    glob = "*" + "x" * 255
    check_patterns(Visibility((glob,) * 32, (glob,) * 32))
    with pytest.raises(
        InvalidError, match=r"^The patterns of a workspace may have 16,384 characters together, not 2"
    ):
        check_patterns(Visibility(allow=(glob,) * 1000))
    with pytest.raises(InvalidError, match=r"not 16,385; use fewer or shorter ones such as claude-\*"):
        check_patterns(Visibility((glob,) * 32, (*(glob,) * 32, "?")))


def test_ids_without_wildcards_do_not_count_as_patterns() -> None:
    check_patterns(Visibility(allow=tuple(f"{'x' * 250}{number:04}" for number in range(5000))))


@pytest.mark.parametrize("status", KeyStatus)
@pytest.mark.parametrize("expires_at", [None, NOW - timedelta(seconds=1), NOW, NOW + timedelta(seconds=1)])
def test_a_key_and_its_record_agree_on_when_it_is_expired(status: KeyStatus, expires_at: datetime | None) -> None:
    key = make_key("a", status=status, expires_at=expires_at)
    record = Keyring([key]).find(b"a")
    assert record is not None
    assert record.is_expired(NOW.timestamp()) == key.is_expired(NOW)
    assert record.usable == (status is KeyStatus.ACTIVE)
