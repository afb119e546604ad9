"""Section 4, anthropic-version."""

from tests.doors import Door, reading

REQUIRED = (400, "invalid_request_error", "anthropic-version: header is required")


def ask(door: Door, *versions: str) -> tuple[int, str, str]:
    headers = [("x-api-key", door.secret), *(("anthropic-version", version) for version in versions)]
    return door.ask("GET", "/v1/models", headers).error


def bad(version: str) -> tuple[int, str, str]:
    return 400, "invalid_request_error", f'anthropic-version: "{version}" is not a valid version'


@reading
def test_all_versions_answer_alike(door: Door) -> None:
    replies = [
        door.ask("GET", "/v1/models", {"x-api-key": door.secret, "anthropic-version": version})
        for version in ("2023-01-01", "2023-06-01", "2026-10-21")
    ]
    assert {reply.status for reply in replies} == {200}
    assert len({(reply.body, reply.headers["etag"]) for reply in replies}) == 1


@reading
def test_a_request_without_a_version_is_refused(door: Door) -> None:
    assert ask(door) == REQUIRED
    assert ask(door, "") == REQUIRED


@reading
def test_an_unknown_version_is_refused_and_quoted(door: Door) -> None:
    for version in ("2023-10-01", "2023-6-1", "20230601", "v1", "2023-06-01T00:00:00Z", "*", 'say "no"', "1,2"):
        assert ask(door, version) == bad(version)


@reading
def test_repeated_versions_are_joined_and_so_refused(door: Door) -> None:
    assert ask(door, "2023-06-01", "2023-06-01") == bad("2023-06-01, 2023-06-01")
    assert ask(door, "2023-06-01", "2026-10-21") == bad("2023-06-01, 2026-10-21")


@reading
def test_at_most_200_characters_of_a_version_are_quoted(door: Door) -> None:
    assert ask(door, "x" * 200) == bad("x" * 200)
    assert ask(door, "x" * 201) == bad("x" * 200)


def test_versions_of_the_setting_extra_versions_are_accepted_as_well(door: Door) -> None:
    door.set_up(extra_versions=["2027-02-03"])
    for version in ("2027-02-03", "2023-06-01"):
        reply = door.ask("GET", "/v1/models", {"x-api-key": door.secret, "anthropic-version": version})
        assert reply.status == 200
    assert ask(door, "2027-02-04") == bad("2027-02-04")
