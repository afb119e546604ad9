"""Section 4, credential: who is asking."""

from datetime import UTC, datetime, timedelta

from callsheet.service.access import AccessService
from tests.doors import Door, Headers, reading
from tests.installation import Installation

VERSION = ("anthropic-version", "2023-06-01")
REQUIRED = (401, "authentication_error", "x-api-key header is required")
WRONG_KEY = (401, "authentication_error", "invalid x-api-key")
WRONG_BEARER = (401, "authentication_error", "Invalid bearer token")
DEACTIVATED = (401, "authentication_error", "API key has been deactivated.")
EXPIRED = (401, "authentication_error", "API key has expired.")


def bearer(secret: str) -> tuple[str, str]:
    return ("authorization", f"Bearer {secret}")


def key(secret: str) -> tuple[str, str]:
    return ("x-api-key", secret)


def ask_both_ways(door: Door, secret: str) -> list[tuple[int, str, str]]:
    return [door.ask("GET", "/v1/models", [each(secret), VERSION]).error for each in (key, bearer)]


@reading
def test_a_secret_is_taken_from_either_header(door: Door) -> None:
    replies = [door.ask("GET", "/v1/models", [each(door.secret), VERSION]) for each in (key, bearer)]
    assert [reply.status for reply in replies] == [200, 200]
    assert replies[0].body == replies[1].body


@reading
def test_the_scheme_bearer_is_read_in_any_case(door: Door) -> None:
    for scheme in ("bearer", "BEARER", "bEaReR", "Bearer  "):
        reply = door.ask("GET", "/v1/models", [("authorization", f"{scheme} {door.secret}"), VERSION])
        assert reply.status == 200, scheme


@reading
def test_nothing_else_authenticates(door: Door) -> None:
    sent: list[tuple[str, Headers]] = [
        ("", []),
        ("", [("x-api-key", "")]),
        ("", [("authorization", "")]),
        ("", [("authorization", "Bearer")]),
        ("", [("authorization", f"Basic {door.secret}")]),
        ("", [("authorization", door.secret)]),
        ("", [("cookie", f"x-api-key={door.secret}")]),
        ("", [("api-key", door.secret)]),
        (f"?x-api-key={door.secret}&api_key={door.secret}&key={door.secret}", []),
    ]
    for query, headers in sent:
        assert door.ask("GET", f"/v1/models{query}", [*headers, VERSION]).error == REQUIRED, headers


@reading
def test_a_wrong_secret_is_refused_by_the_name_of_its_header(door: Door) -> None:
    for secret in ("sk-wrong", door.secret[:-1], f"{door.secret}x", door.secret.swapcase(), "é" * 40):
        assert ask_both_ways(door, secret) == [WRONG_KEY, WRONG_BEARER], secret


@reading
def test_a_secret_given_twice_is_not_valid(door: Door) -> None:
    assert door.ask("GET", "/v1/models", [key(door.secret), key(door.secret), VERSION]).error == WRONG_KEY


@reading
def test_of_two_credentials_the_valid_one_counts(door: Door) -> None:
    for headers in ([key("sk-wrong"), bearer(door.secret)], [key(door.secret), bearer("sk-wrong")]):
        assert door.ask("GET", "/v1/models", [*headers, VERSION]).status == 200


def test_of_two_valid_credentials_x_api_key_counts(door: Door, installation: Installation) -> None:
    other = installation.workspace("Other")
    theirs = installation.key(workspace=other)
    for headers in ([key(theirs), bearer(door.secret)], [bearer(door.secret), key(theirs)]):
        reply = door.ask("GET", "/v1/models", [*headers, VERSION])
        assert reply.headers["anthropic-workspace-id"] == other


def test_of_two_wrong_credentials_the_error_is_about_x_api_key(door: Door, installation: Installation) -> None:
    disabled = installation.key(name="off")
    installation.access.disable_key("off")
    for given, error in (("sk-wrong", WRONG_KEY), (disabled, DEACTIVATED)):
        assert door.ask("GET", "/v1/models", [key(given), bearer("sk-other"), VERSION]).error == error
    assert door.ask("GET", "/v1/models", [key("sk-wrong"), bearer(disabled), VERSION]).error == WRONG_KEY
    assert door.ask("GET", "/v1/models", [key(disabled), bearer(door.secret), VERSION]).status == 200


def test_a_disabled_key_is_refused_until_it_is_enabled(door: Door, installation: Installation) -> None:
    secret = installation.key(name="mine")
    installation.access.disable_key("mine")
    assert ask_both_ways(door, secret) == [DEACTIVATED, DEACTIVATED]
    installation.access.enable_key("mine")
    assert door.ask("GET", "/v1/models", [key(secret), VERSION]).status == 200


def test_an_archived_key_is_refused(door: Door, installation: Installation) -> None:
    secret = installation.key(name="mine")
    installation.access.archive_key("mine")
    assert ask_both_ways(door, secret) == [DEACTIVATED, DEACTIVATED]


def test_an_expired_key_is_refused(door: Door, installation: Installation) -> None:
    then = datetime(2026, 1, 1, tzinfo=UTC)
    past = AccessService(installation.store, "test", lambda: then)
    secret = past.create_key("brief", expires_at=then + timedelta(days=1)).secret
    assert ask_both_ways(door, secret) == [EXPIRED, EXPIRED]


def test_a_key_that_expires_later_is_accepted(door: Door, installation: Installation) -> None:
    secret = installation.key(expires_at=datetime.now(UTC) + timedelta(hours=1))
    assert door.ask("GET", "/v1/models", [key(secret), VERSION]).status == 200


def test_a_rotated_key_gives_way_to_the_new_one(door: Door, installation: Installation) -> None:
    old = installation.key(name="mine")
    new = installation.access.rotate_key("mine").secret
    assert ask_both_ways(door, old) == [DEACTIVATED, DEACTIVATED]
    assert door.ask("GET", "/v1/models", [key(new), VERSION]).status == 200


def test_a_key_of_an_archived_workspace_is_refused(door: Door, installation: Installation) -> None:
    workspace = installation.workspace("Gone")
    secret = installation.key(workspace=workspace)
    installation.access.archive_workspace(workspace)
    assert ask_both_ways(door, secret) == [DEACTIVATED, DEACTIVATED]


@reading
def test_a_secret_is_never_repeated(door: Door) -> None:
    for headers in ([key("sk-wrong-9999")], [bearer("sk-wrong-9999")]):
        reply = door.ask("GET", "/v1/models", [*headers, VERSION])
        assert "sk-wrong-9999" not in f"{reply.headers} {reply.body!r}"


def test_with_the_setting_any_key_every_secret_is_accepted_but_none_is_not(door: Door) -> None:
    door.set_up(any_key=True)
    for headers in ([key("whatever")], [bearer("whatever")], [key("one"), bearer("other")]):
        assert door.ask("GET", "/v1/models", [*headers, VERSION]).status == 200
    assert door.ask("GET", "/v1/models", [VERSION]).error == REQUIRED


@reading
def test_a_comma_behind_the_scheme_is_refused(door: Door) -> None:
    for text in (f"Bearer, {door.secret}", f"bearer,  {door.secret}", f"Bearer , {door.secret}"):
        reply = door.ask("GET", "/v1/models", [("authorization", text), VERSION])
        assert reply.error == (401, "authentication_error", "Invalid bearer token"), text
    for text in (
        f"Bearer,{door.secret}",
        f"Bearer\t{door.secret}",
        f"Bearerx {door.secret}",
        f"Basic {door.secret}",
    ):
        reply = door.ask("GET", "/v1/models", [("authorization", text), VERSION])
        assert reply.error == (401, "authentication_error", "x-api-key header is required"), text


@reading
def test_repeated_bearer_lines_are_one_wrong_credential_even_if_the_first_is_empty(door: Door) -> None:
    lines = [("authorization", "Bearer "), ("authorization", f"Bearer {door.secret}")]
    reply = door.ask("GET", "/v1/models", [*lines, ("anthropic-version", "2023-06-01")])
    assert reply.error == (401, "authentication_error", "Invalid bearer token")
    assert door.ask("GET", "/v1/models", lines).json["error"]["code"] == "invalid_api_key"
