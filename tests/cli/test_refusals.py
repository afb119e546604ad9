"""A refused command says why in one sentence, ends with 1, and changes nothing."""

import sqlite3

import pytest

from tests.cli.conftest import CLI
from tests.installation import Installation

OPUS = "claude-opus-4-5-20251101"

REFUSED = {
    "catalog add claude-opus-5": "claude-opus-5 is in the catalogue already; use `catalog change` to change it.",
    "catalog add claude-opus-4-5": (
        f"claude-opus-4-5 is an alias of {OPUS}; use `catalog unalias claude-opus-4-5` first."
    ),
    "catalog add ..": "A model id must not be '..', which no HTTP client can ask for.",
    "catalog add m\u200bn": "A model id must hold only printable characters, not U+200B.",
    "catalog alias m\u202en claude-opus-5": "An alias must hold only printable characters, not U+202E.",
    "catalog show m\u202en": "There is no model or alias 'm\\u202en'.",
    f"catalog add {'m' * 257}": (
        f"A model id must be 1 to 256 printable characters without blanks at either end, not '{'m' * 60}'."
    ),
    "catalog add m --created-at yesterday": (
        "--created-at must be a day such as 2026-02-04, or an RFC 3339 time, not 'yesterday'."
    ),
    "catalog add m --line Opus": "line must be 1 to 64 small letters, digits and . _ -, such as opus, not 'Opus'.",
    "catalog add m --max-tokens 0": "max_tokens must be a whole number of tokens, at least 1.",
    "catalog add m --max-input-tokens -1": (
        "--max-input-tokens must be a number of tokens such as 200000, 200,000, 200k or 1M, not '-1'."
    ),
    "catalog add m --max-tokens many": (
        "--max-tokens must be a number of tokens such as 200000, 200,000, 200k or 1M, not 'many'."
    ),
    "catalog add m --created-at 01/10/2026": (
        "--created-at must be a day such as 2026-02-04, or an RFC 3339 time, not '01/10/2026'."
    ),
    "catalog add m --capabilities {": (
        "--capabilities is not valid JSON: "
        "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)."
    ),
    "catalog change claude-opus-5": "Nothing to change; name at least one field, such as --display-name.",
    "catalog change nope --line opus": "There is no model 'nope'.",
    "catalog change claude-opus-4-5 --line opus": f"claude-opus-4-5 is an alias; name the model it means, {OPUS}.",
    "catalog change claude-opus-5 --line opus --clear line": "line is both given and cleared; say one.",
    "catalog change claude-opus-5 --lifecycle deprecated": (
        "claude-opus-5 has no deprecated_at yet; use `catalog deprecate claude-opus-5`."
    ),
    "catalog change claude-opus-5 --lifecycle retired": (
        "claude-opus-5 has no deprecated_at yet; use `catalog retire claude-opus-5`."
    ),
    "catalog show claude-opus-4.5": ("There is no model or alias 'claude-opus-4.5'; did you mean claude-opus-4-5?"),
    "catalog hide claude-opus-4-9": "There is no model 'claude-opus-4-9'; did you mean claude-opus-4-8?",
    "catalog hide claude-opus-5 claude-nope-*": "No model id matches 'claude-nope-*'.",
    "catalog retire claude-opus-5 claude-2.0": "claude-2.0 is retired already.",
    "catalog remove claude-opus-5 claude-fable-*": (
        "A glob may match more than it should; add --yes to remove what it matches."
    ),
    "catalog deprecate claude-opus-5 claude-opus-4-8 --replacement claude-opus-4-8": (
        "claude-opus-4-8 cannot be its own replacement."
    ),
    "catalog change claude-opus-5 --retires-at 2099-01-01": (
        "claude-opus-5 is active, so it can have neither deprecated_at nor retires_at."
    ),
    "catalog deprecate claude-opus-5 --retires-at 2020-01-01": None,
    "catalog deprecate claude-opus-5 --replacement nope": "There is no model 'nope' to be the replacement.",
    "catalog deprecate claude-opus-5 --replacement claude-opus-5": "claude-opus-5 cannot be its own replacement.",
    "catalog deprecate claude-2.0": "claude-2.0 is retired; a retired model cannot be deprecated.",
    "catalog retire claude-2.0": "claude-2.0 is retired already.",
    "catalog remove nope": "There is no model 'nope'.",
    "catalog hide nope": "There is no model 'nope'.",
    "catalog alias claude-opus-4-5 claude-opus-5": (
        f"claude-opus-4-5 is an alias of {OPUS}; use `catalog unalias claude-opus-4-5` first."
    ),
    "catalog alias claude-opus-5 claude-opus-4-8": (
        "claude-opus-5 is a model; an alias cannot have the name of a model."
    ),
    "catalog alias best claude-opus-4-5": f"claude-opus-4-5 is an alias; name the model it means, {OPUS}.",
    "catalog alias best nope": "There is no model 'nope'.",
    "catalog alias . claude-opus-5": "An alias must not be '.', which no HTTP client can ask for.",
    "catalog unalias nope": "There is no alias 'nope'.",
    "workspaces create default": None,
    "workspaces create team --id team": (
        "A workspace id must be wrkspc_ followed by 1 to 64 letters and digits, not 'team'."
    ),
    "workspaces create team --allow \u200b*": (
        "A pattern must be 1 to 256 printable characters such as claude-*, without blanks at either end, "
        "not '\\u200b*'."
    ),
    "workspaces show nope": "There is no workspace 'nope'.",
    "workspaces change default": "Nothing to change; name at least one field, such as --allow.",
    "workspaces change nope --name x": "There is no workspace 'nope'.",
    "workspaces change default --shape classic --clear-shape": "The shape is both given and cleared; say one.",
    "workspaces archive default": "default is the default workspace, which cannot be archived.",
    "workspaces archive nope": "There is no workspace 'nope'.",
    "keys create --name k --workspace nope": "There is no workspace 'nope'.",
    "keys create --name k --workspace default --organization": (
        "A key belongs to a workspace or to the organization; say one."
    ),
    "keys create --name k --expires-at 2020-01-01": "expires_at must lie in the future.",
    "keys create --name k --expires-at soon": (
        "--expires-at must be a day such as 2026-02-04, or an RFC 3339 time, not 'soon'."
    ),
    "keys create --name k --secret short": "A secret must have 16 to 512 characters.",
    "keys create --name k --secret sécret-that-is-long": (
        "A secret must be visible ASCII characters without spaces, as headers carry it."
    ),
    "keys disable nope": "There is no key 'nope'.",
    "keys enable nope": "There is no key 'nope'.",
    "keys archive nope": "There is no key 'nope'.",
    "keys rotate nope": "There is no key 'nope'.",
}


@pytest.mark.parametrize("command", REFUSED, ids=lambda command: command[:60])
def test_a_refused_command_says_why_and_changes_nothing(cli: CLI, installation: Installation, command: str) -> None:
    before = content(installation)
    sentence = cli(*command.split()).refusal
    if REFUSED[command] is not None:  # else it holds what differs each time
        assert sentence == REFUSED[command]
    assert content(installation) == before


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_json_that_is_nested_too_deeply_is_refused(cli: CLI, installation: Installation, opening: str) -> None:
    before = content(installation)
    sentence = cli("catalog", "add", "m", "--capabilities", opening * 100_000).refusal
    assert sentence.startswith("--capabilities is not valid JSON: ")
    assert content(installation) == before


@pytest.mark.parametrize(
    "command",
    ["nonsense", "catalog nonsense", "catalog list --nonsense", "catalog show", "catalog add", "keys create",
     "catalog list --lifecycle gone", "keys rotate k --overlap -1",
     "keys rotate k --overlap 1e300", "keys rotate k --overlap inf", "keys rotate k --overlap nan",
     "keys rotate k --overlap 1e8", "catalog history --limit 0", "catalog history --limit 99999999999999999999",
     "workspaces create team --shape odd", "catalog change claude-opus-5 --clear id"],
)  # fmt: skip
def test_a_wrong_call_ends_with_2_and_shows_the_usage_on_stderr(
    cli: CLI, installation: Installation, command: str
) -> None:
    before = content(installation)
    result = cli(*command.split())
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("Usage: callsheet ")
    assert "\nError: " in result.err
    assert content(installation) == before


def content(installation: Installation) -> list[str]:
    """Everything the database holds."""
    connection = sqlite3.connect(installation.url.removeprefix("sqlite:///"))
    try:
        return list(connection.iterdump())
    finally:
        connection.close()
