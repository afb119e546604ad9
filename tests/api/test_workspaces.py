"""Section 4, anthropic-workspace-id: in which workspace a request is."""

from tests.doors import Door
from tests.installation import Installation

REFUSED = (403, "permission_error", "anthropic-workspace-id: not available to this API key")
UNKNOWN = ("wrkspc_nobody", "nonsense", "default", "é", "*")


def headers(secret: str, *workspaces: str) -> list[tuple[str, str]]:
    named = [("anthropic-workspace-id", workspace) for workspace in workspaces]
    return [("x-api-key", secret), ("anthropic-version", "2023-06-01"), *named]


def asked(door: Door, secret: str, *workspaces: str) -> str:
    """The workspace that the answer says it is for."""
    reply = door.ask("GET", "/v1/models", headers(secret, *workspaces))
    assert reply.status == 200, reply.body
    return reply.headers["anthropic-workspace-id"]


def test_a_key_of_a_workspace_may_name_it_or_not(door: Door, installation: Installation) -> None:
    workspace = installation.workspace("Mine")
    secret = installation.key(workspace=workspace)
    assert asked(door, secret) == workspace
    assert asked(door, secret, workspace) == workspace
    assert asked(door, secret, "") == workspace


def test_a_key_of_a_workspace_may_name_no_other(door: Door, installation: Installation) -> None:
    secret = installation.key(workspace=installation.workspace("Mine"))
    other = installation.workspace("Other")
    default = asked(door, door.secret)
    for workspace in (other, default, *UNKNOWN):
        assert door.ask("GET", "/v1/models", headers(secret, workspace)).error == REFUSED, workspace


def test_a_key_of_the_organization_looks_into_the_default_workspace(door: Door, installation: Installation) -> None:
    secret = installation.key(organization=True)
    assert asked(door, secret) == asked(door, door.secret)


def test_a_key_of_the_organization_chooses_any_workspace(door: Door, installation: Installation) -> None:
    secret = installation.key(organization=True)
    few = installation.workspace("Few", allow=("claude-opus-5",))
    assert asked(door, secret, few) == few
    assert door.ask("GET", "/v1/models", headers(secret, few)).ids == ["claude-opus-5"]


def test_a_key_of_the_organization_can_choose_no_unknown_or_archived_workspace(
    door: Door, installation: Installation
) -> None:
    secret = installation.key(organization=True)
    archived = installation.workspace("Gone")
    installation.access.archive_workspace(archived)
    for workspace in (archived, *UNKNOWN):
        assert door.ask("GET", "/v1/models", headers(secret, workspace)).error == REFUSED, workspace


def test_a_workspace_named_twice_is_none(door: Door, installation: Installation) -> None:
    workspace = installation.workspace("Mine")
    secret = installation.key(workspace=workspace)
    assert door.ask("GET", "/v1/models", headers(secret, workspace, workspace)).error == REFUSED


def test_openai_clients_choose_a_workspace_as_well(door: Door, installation: Installation) -> None:
    few = installation.workspace("Few", allow=("claude-opus-5",))
    bearer = ("authorization", f"Bearer {installation.key(organization=True)}")
    reply = door.ask("GET", "/v1/models", [bearer, ("anthropic-workspace-id", few)])
    assert reply.ids == ["claude-opus-5"]
    assert door.ask("GET", "/v1/models", [bearer, ("anthropic-workspace-id", "nonsense")]).status == 403


def test_with_any_key_strangers_are_in_the_default_workspace_and_may_choose(
    door: Door, installation: Installation
) -> None:
    door.set_up(any_key=True)
    other = installation.workspace("Other")
    assert asked(door, "whatever") == asked(door, door.secret)
    assert asked(door, "whatever", other) == other
