"""What an operator may not do to workspaces and keys: told in one sentence, and nothing is changed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from callsheet.domain.access.key import APIKey
from callsheet.domain.access.secret import fingerprint
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.changes.keys import KeyChange
from callsheet.domain.changes.workspaces import WorkspaceChange
from callsheet.domain.errors import ConflictError, DoesNotExistError, InvalidError, RefusedError
from callsheet.service.access import AccessService
from tests.installation import Installation
from tests.put import put_key
from tests.service.content import refused

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SECRET = "sk-ant-api03-brought-along"

Act = Callable[[AccessService], Any]


@pytest.fixture
def access(installation: Installation) -> AccessService:
    """The service at a fixed time: workspaces research and gone (archived), keys ci, off, and two named twin."""
    service = AccessService(installation.store, "test", lambda: NOW)
    service.create_workspace("research", "wrkspc_1")
    service.create_workspace("gone", "wrkspc_2")
    service.archive_workspace("gone")
    service.create_key("ci", secret=SECRET)
    service.create_key("off")
    service.disable_key("off")
    add_twins(installation)
    return service


def add_twins(installation: Installation) -> None:
    """Two keys with one name, as releases made them that did not look."""
    with installation.store.write("test", NOW) as writing:
        for number in (1, 2):
            secret = f"sk-cs-of-the-twin-{number}"
            key = APIKey(
                id=f"apikey_{number}",
                name="twin",
                workspace_id="wrkspc_1",
                fingerprint=fingerprint(secret),
                hint=secret[-4:],
                created_at=NOW,
            )
            put_key(writing, key)
            writing.record("create", "key", key.id, None, key.record())


REFUSALS: list[tuple[str, Act, type[RefusedError], str]] = [
    (
        "a workspace name taken",
        lambda it: it.create_workspace("research", "wrkspc_3"),
        ConflictError,
        "There is a workspace named 'research' already: wrkspc_1.",
    ),
    (
        "a workspace id taken",
        lambda it: it.create_workspace("other", "wrkspc_1"),
        ConflictError,
        "There is a workspace wrkspc_1 already.",
    ),
    (
        "the id of an archived workspace",
        lambda it: it.create_workspace("other", "wrkspc_2"),
        ConflictError,
        "There is a workspace wrkspc_2 already.",
    ),
    (
        "a workspace id that is none",
        lambda it: it.create_workspace("other", "other"),
        InvalidError,
        "A workspace id must be wrkspc_ followed by 1 to 64 letters and digits, not 'other'.",
    ),
    (
        "a workspace name that is none",
        lambda it: it.create_workspace(" "),
        InvalidError,
        "A workspace name must be 1 to 128 printable characters, not ' '.",
    ),
    (
        "a pattern that is none",
        lambda it: it.create_workspace("other", None, Visibility((" a",))),
        InvalidError,
        "A pattern must be 1 to 256 printable characters such as claude-*, without blanks at either end, not ' a'.",
    ),
    (
        "renaming to a name taken",
        lambda it: it.change_workspace("research", WorkspaceChange(name="default")),
        ConflictError,
        "There is a workspace named 'default' already: {default}.",
    ),
    (
        "renaming to a name that is none",
        lambda it: it.change_workspace("research", WorkspaceChange(name="")),
        InvalidError,
        "A workspace name must be 1 to 128 printable characters, not ''.",
    ),
    (
        "changing an archived workspace",
        lambda it: it.change_workspace("wrkspc_2", WorkspaceChange(name="back")),
        ConflictError,
        "wrkspc_2 is archived.",
    ),
    (
        "archiving twice",
        lambda it: it.archive_workspace("wrkspc_2"),
        ConflictError,
        "wrkspc_2 is archived.",
    ),
    (
        "archiving the default workspace",
        lambda it: it.archive_workspace("default"),
        ConflictError,
        "default is the default workspace, which cannot be archived.",
    ),
    (
        "an unknown workspace",
        lambda it: it.archive_workspace("nothing"),
        DoesNotExistError,
        "There is no workspace 'nothing'.",
    ),
    (
        "an archived workspace by its name",
        lambda it: it.show_workspace("gone"),
        DoesNotExistError,
        "There is no workspace 'gone'.",
    ),
    (
        "a key of an unknown workspace",
        lambda it: it.create_key("k", "nothing"),
        DoesNotExistError,
        "There is no workspace 'nothing'.",
    ),
    (
        "a key of an archived workspace",
        lambda it: it.create_key("k", "wrkspc_2"),
        ConflictError,
        "wrkspc_2 is archived.",
    ),
    (
        "a key name that is none",
        lambda it: it.create_key("a\nb"),
        InvalidError,
        "A key name must be 1 to 128 printable characters, not 'a\\nb'.",
    ),
    (
        "a key that has expired",
        lambda it: it.create_key("k", expires_at=NOW),
        InvalidError,
        "expires_at must lie in the future.",
    ),
    (
        "a secret taken",
        lambda it: it.create_key("k", secret=SECRET),
        ConflictError,
        "There is a key with this secret already; a secret can belong to one key only.",
    ),
    (
        "a secret too short",
        lambda it: it.create_key("k", secret="short"),
        InvalidError,
        "A secret must have 16 to 512 characters.",
    ),
    (
        "a secret that no header carries",
        lambda it: it.create_key("k", secret="with spaces in between"),
        InvalidError,
        "A secret must be visible ASCII characters without spaces, as headers carry it.",
    ),
    ("an unknown key", lambda it: it.disable_key("nothing"), DoesNotExistError, "There is no key 'nothing'."),
    (
        "a name of two keys",
        lambda it: it.archive_key("twin"),
        ConflictError,
        "2 keys are named 'twin'; name one by its id: apikey_1, apikey_2.",
    ),
    (
        "a key name taken",
        lambda it: it.create_key("ci"),
        ConflictError,
        "There is a key named 'ci' already: {ci}; choose another name, or rotate or change that key.",
    ),
    (
        "the name of a disabled key",
        lambda it: it.create_key("off"),
        ConflictError,
        "There is a key named 'off' already: {off}; choose another name, or rotate or change that key.",
    ),
    (
        "renaming a key to a name taken",
        lambda it: it.change_key("off", KeyChange(name="ci")),
        ConflictError,
        "There is a key named 'ci' already: {ci}; choose another name, or rotate or change that key.",
    ),
    (
        "moving a key to an archived workspace",
        lambda it: it.change_key("ci", KeyChange(workspace="wrkspc_2")),
        ConflictError,
        "wrkspc_2 is archived.",
    ),
    (
        "an expiry in the past",
        lambda it: it.change_key("ci", KeyChange(expires_at=NOW)),
        InvalidError,
        "expires_at must lie in the future.",
    ),
    (
        "a name that holds the secret",
        lambda it: it.create_key("my sk-ant-of-somebody", secret="sk-ant-of-somebody"),
        InvalidError,
        "The name of a key must not contain its secret.",
    ),
    (
        "a key name that is nearly right",
        lambda it: it.show_key("twim"),
        DoesNotExistError,
        "There is no key 'twim'; did you mean 'twin'?",
    ),
    (
        "a workspace name that is nearly right",
        lambda it: it.show_workspace("reserch"),
        DoesNotExistError,
        "There is no workspace 'reserch'; did you mean 'research'?",
    ),
    (
        "rotating a disabled key",
        lambda it: it.rotate_key("off"),
        ConflictError,
        "{off} is disabled; only an active key can be rotated.",
    ),
    (
        "rotating with a negative overlap",
        lambda it: it.rotate_key("ci", timedelta(seconds=-1)),
        InvalidError,
        "The overlap must not be negative.",
    ),
]


@pytest.mark.parametrize(("what", "act", "kind", "sentence"), REFUSALS, ids=[row[0] for row in REFUSALS])
def test_what_may_not_be_done_is_refused_and_changes_nothing(
    installation: Installation,
    access: AccessService,
    what: str,
    act: Act,
    kind: type[RefusedError],
    sentence: str,
) -> None:
    ids = {key.name: key.id for key in access.list_keys()} | {
        workspace.name: workspace.id for workspace in access.list_workspaces()
    }
    with refused(installation, kind, sentence.format(**ids) if "{" in sentence else sentence):
        act(access)


def test_keys_that_share_a_name_can_be_worked_on_by_their_ids(installation: Installation) -> None:
    access = installation.access
    access.create_workspace("research", "wrkspc_1")
    add_twins(installation)
    assert access.change_key("apikey_1", KeyChange(expires_at=NOW + timedelta(days=9000))).name == "twin"
    assert access.rotate_key("apikey_1").key.name == "twin"
    assert access.change_key("apikey_2", KeyChange(name="other")).name == "other"
    assert access.show_key("twin").key.id not in ("apikey_1", "apikey_2")


@pytest.mark.parametrize("act", ["disable_key", "enable_key", "archive_key"])
def test_an_archived_key_is_archived_for_ever(installation: Installation, access: AccessService, act: str) -> None:
    key_id = access.archive_key("ci").id
    with refused(installation, ConflictError, f"{key_id} is archived; create a new key instead."):
        getattr(access, act)(key_id)
    with refused(installation, DoesNotExistError, "There is no key 'ci'."):
        getattr(access, act)("ci")


def test_the_secret_of_an_archived_key_cannot_come_back(installation: Installation, access: AccessService) -> None:
    access.archive_key("ci")
    sentence = "There is a key with this secret already; a secret can belong to one key only."
    with refused(installation, ConflictError, sentence):
        access.create_key("again", secret=SECRET)
