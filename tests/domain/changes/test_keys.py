"""What the verbs of workspaces and keys come to: the list of changes, word for word."""

from dataclasses import replace
from itertools import count

import pytest

from callsheet.domain.access.key import APIKey, KeyStatus
from callsheet.domain.access.secret import fingerprint
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.changes.change import Action, Change, Subject, result_of
from callsheet.domain.changes.key_import import Entry, import_keys
from callsheet.domain.changes.keys import (
    Credentials,
    archive_key,
    change_key,
    create_key,
    disable_key,
    enable_key,
    rotate_key,
    workspace_id_for,
)
from callsheet.domain.changes.workspaces import archive_workspace, change_workspace, create_workspace
from callsheet.domain.errors import ConflictError, InvalidError, RefusedError
from callsheet.domain.hints import Hint
from callsheet.testing.memory import Memory
from tests.domain.changes.acts import DAY, DEFAULT, NOW, fresh

LAB = Workspace(id="wrkspc_1", name="lab", visibility=Visibility(("a*",), ("ab",)), created_at=NOW)
NEW = Credentials("apikey_2", "secret-of-the-new-key")


def make_key(number: int = 1, **fields: object) -> APIKey:
    given = {"id": f"apikey_{number}", "name": "ci", "workspace_id": DEFAULT, "created_at": NOW, "hint": "ne-1"}
    given |= {"fingerprint": fingerprint(f"secret-of-number-{number}"), **fields}
    return APIKey(**given)  # type: ignore[arg-type]


@pytest.fixture
def memory() -> Memory:
    """The default workspace, the workspace lab, and a key named ci."""
    memory = fresh()
    memory.apply([Change(Action.CREATE, None, LAB), Change(Action.CREATE, None, make_key())], NOW)
    return memory


def test_a_workspace_keeps_what_a_change_does_not_name(memory: Memory) -> None:
    (change,) = change_workspace(memory, LAB, {"deny": ()})
    assert change.after == replace(LAB, visibility=Visibility(("a*",)))
    assert (change.kind, change.subject) == (Subject.WORKSPACE, "wrkspc_1")
    assert change_workspace(memory, LAB, {"name": "lab", "allow": ("a*",)}) == []
    assert result_of(change_workspace(memory, LAB, {}), LAB) is LAB


def test_the_name_of_an_archived_workspace_is_free(memory: Memory) -> None:
    other = replace(LAB, id="wrkspc_2")
    with pytest.raises(ConflictError, match=r"^There is a workspace named 'lab' already: wrkspc_1\.$"):
        create_workspace(memory, other)
    memory.apply(archive_workspace(memory, LAB, NOW), NOW)
    assert create_workspace(memory, other) == [Change(Action.CREATE, None, other)]


def test_a_new_key_is_known_by_the_hash_of_its_secret_and_its_last_characters(memory: Memory) -> None:
    (change,) = create_key(memory, NEW, "cd", None, NOW + DAY, NOW)
    assert change.value == APIKey(
        id="apikey_2",
        name="cd",
        workspace_id=None,
        fingerprint=fingerprint(NEW.secret),
        hint="-key",
        expires_at=NOW + DAY,
        created_at=NOW,
    )


def test_a_key_moves_between_workspaces_and_the_organization(memory: Memory) -> None:
    key = make_key()
    assert change_key(memory, key, {"workspace": "lab"}, NOW)[0].after == replace(key, workspace_id="wrkspc_1")
    assert change_key(memory, key, {"workspace": None}, NOW)[0].after == replace(key, workspace_id=None)
    assert change_key(memory, key, {}, NOW) == []
    assert workspace_id_for(memory, None) == DEFAULT


def test_an_expiry_is_set_and_taken_away(memory: Memory) -> None:
    (change,) = change_key(memory, make_key(), {"expires_at": NOW + DAY}, NOW)
    assert change_key(memory, change.value, {"expires_at": None}, NOW)[0].after == make_key()
    with pytest.raises(InvalidError, match=r"^expires_at must lie in the future\.$"):
        change_key(memory, make_key(), {"expires_at": NOW}, NOW)


def test_a_status_is_set_once_and_archiving_is_for_ever() -> None:
    key = make_key()
    off = replace(key, status=KeyStatus.DISABLED)
    assert disable_key(key) == [Change(Action.DISABLE, key, off)]
    assert enable_key(off) == [Change(Action.ENABLE, off, key)]
    assert disable_key(off) == enable_key(key) == []
    (change,) = archive_key(off)
    with pytest.raises(ConflictError, match=r"^apikey_1 is archived; create a new key instead\.$"):
        enable_key(change.value)


def test_rotating_ends_the_old_key_and_then_creates_its_successor(memory: Memory) -> None:
    key = make_key()
    ended, created = rotate_key(memory, key, NEW, 0 * DAY, NOW)
    assert ended == Change(Action.ROTATE, key, replace(key, status=KeyStatus.ARCHIVED))
    assert (created.action, created.value.name, created.value.id) == (Action.CREATE, "ci", "apikey_2")


def test_rotating_records_the_end_of_a_key_even_if_it_is_as_it_was(memory: Memory) -> None:
    key = make_key(expires_at=NOW + DAY)
    ended, created = rotate_key(memory, key, NEW, 7 * DAY, NOW)
    assert ended == Change(Action.ROTATE, key, key)
    assert created.value.expires_at == NOW + DAY


def entry(number: int, name: str, workspace: str | None = None) -> Entry:
    return Entry(
        place=f"Line {number}",
        name=name,
        workspace=workspace,
        fingerprint=fingerprint(f"secret-of-number-{number}"),
        hint="",
        expires_at=None,
    )


def test_an_import_creates_what_is_new_and_keeps_what_is_there(memory: Memory) -> None:
    numbers = count(7)
    imported = import_keys(memory, [entry(1, "ci"), entry(2, "cd", "lab")], NOW, lambda: f"apikey_{next(numbers)}")
    assert imported.present == [make_key()]
    assert [(key.id, key.name, key.workspace_id) for key in imported.created] == [("apikey_7", "cd", "wrkspc_1")]
    assert [change.action for change in imported.changes] == [Action.CREATE]


def test_an_import_with_a_fault_creates_nothing_and_names_every_place(memory: Memory) -> None:
    entries = [entry(1, "other"), entry(2, "cd", "nowhere"), entry(3, "ce")]
    with pytest.raises(RefusedError) as refusal:
        import_keys(memory, entries, NOW, lambda: "apikey_9")
    assert refusal.value.problem == (
        "Line 1: its secret belongs to apikey_1, which has another name. Nothing was imported; also wrong: Line 2"
    )
    assert refusal.value.hint is Hint.CHANGE_KEY
