"""Section 4, anthropic-beta."""

import ast
import re

from tests.clients.installed import installed
from tests.clients.programs import be_without
from tests.doors import Door, reading

KNOWN = "files-api-2025-04-14"
ALSO_KNOWN = "context-1m-2025-08-07"


def ask(door: Door, *lines: str) -> int:
    return door.get("/v1/models", [("anthropic-beta", line) for line in lines]).status


def refused(*values: str) -> tuple[int, str, str]:
    shown = ", ".join(f"`{value}`" for value in values)
    message = (
        f"Unexpected value(s) {shown} for the `anthropic-beta` header. Please consult our documentation at "
        "platform.claude.com/docs or try again without the header."
    )
    return 400, "invalid_request_error", message


@reading
def test_any_beta_in_any_spelling_is_accepted(door: Door) -> None:
    for lines in (["a"], ["a,b"], ["a, b"], ["a", "b"], ["a, b", "c,d"], [""], ["a,,b,"], ["next-week's (beta)"]):
        assert ask(door, *lines) == 200, lines


@reading
def test_betas_change_nothing(door: Door) -> None:
    assert door.get("/v1/models", {"anthropic-beta": KNOWN}).body == door.get("/v1/models").body


@reading
def test_a_hundred_betas_are_accepted_and_one_more_is_not(door: Door) -> None:
    many = [f"b{number}" for number in range(101)]
    assert ask(door, ",".join(many[:100])) == 200
    assert ask(door, *many[:50], ", ".join(many[50:100])) == 200
    for lines in ([",".join(many)], many, [*many[:50], ",".join(many[50:])]):
        reply = door.get("/v1/models", [("anthropic-beta", line) for line in lines])
        assert reply.error[:2] == (400, "invalid_request_error")


def test_when_strict_known_betas_are_accepted_in_any_spelling(door: Door) -> None:
    door.set_up(strict_betas=True)
    for lines in ([KNOWN], [f"{KNOWN},{ALSO_KNOWN}"], [f"{KNOWN}, {ALSO_KNOWN}"], [KNOWN, ALSO_KNOWN], [""]):
        assert ask(door, *lines) == 200, lines


def test_when_strict_every_beta_that_the_newest_sdk_names_is_known(door: Door) -> None:
    """The installed SDK's own type says which there are, so that none can be missing unnoticed."""
    client = installed("anthropic-2")
    if client is None:
        be_without("The Python client anthropic-2 is missing; run: python -m tests.clients.install")
    (source,) = client.glob("lib/python*/site-packages/anthropic/types/anthropic_beta_param.py")
    values = [
        node.value
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.search(r"-20\d\d-", node.value)
    ]
    assert len(values) > 50
    door.set_up(strict_betas=True)
    assert ask(door, ",".join(values)) == 200


def test_when_strict_betas_that_only_documents_name_are_known(door: Door) -> None:
    door.set_up(strict_betas=True)
    documented = "oauth-2025-04-20", "code-execution-2025-08-25"
    newest = "efs-2026-10-01", "google-managed-data-controls-2026-09-01"
    assert ask(door, *documented, *newest) == 200


def test_when_strict_unknown_betas_are_refused_by_name(door: Door) -> None:
    door.set_up(strict_betas=True)
    for lines, unknown in (
        (["x"], ["x"]),
        ([f"{KNOWN},x"], ["x"]),
        ([f"x, {KNOWN}", "y"], ["x", "y"]),
        ([KNOWN.upper()], [KNOWN.upper()]),
    ):
        reply = door.get("/v1/models", [("anthropic-beta", line) for line in lines])
        assert reply.error == refused(*unknown), lines


def test_when_strict_at_most_200_characters_are_quoted(door: Door) -> None:
    door.set_up(strict_betas=True)
    message = door.get("/v1/models", {"anthropic-beta": "x" * 1000}).error[2]
    assert 190 < message.count("x") <= 202  # two are in the sentence


def test_when_strict_betas_of_the_setting_extra_betas_are_known_as_well(door: Door) -> None:
    door.set_up(strict_betas=True, extra_betas=["ours-2027-01-01"])
    assert ask(door, f"ours-2027-01-01,{KNOWN}") == 200
    assert ask(door, "theirs-2027-01-01") == 400
