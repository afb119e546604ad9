"""Tables in a terminal of 80 columns, where most people read them."""

import os
import pty
import re
import termios
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from rich.cells import cell_len

from callsheet.cli.commands.retirements import FOUND
from callsheet.service.retirements.calendars import CalendarService
from callsheet.service.webhooks.service import WebhooksService
from callsheet.settings import Settings
from tests import starter
from tests.installation import Installation, make_model, now
from tests.program import COMMAND, DEADLINE, call

COLUMNS = 80


def read(installation: Installation, *arguments: str, columns: int = COLUMNS, code: int = 0) -> list[str]:
    """The lines that a command prints into a terminal."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (50, columns))
    environment = {
        name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")
    }
    environment |= {"TERM": "xterm", "CALLSHEET_DATABASE_URL": installation.url}
    with os.fdopen(theirs, "wb", 0) as terminal:
        process = starter.start([*COMMAND, *arguments], None, environment, terminal, terminal, stdin=terminal)
    output = b""
    try:
        while chunk := os.read(ours, 65536):
            output += chunk
    except OSError:  # how Linux says that nobody writes any more
        pass
    finally:
        os.close(ours)
        assert process.wait(DEADLINE) == code, output
    return re.sub(r"\x1b\[[0-9;]*m", "", output.decode()).splitlines()


@pytest.mark.parametrize(
    "command",
    [
        "catalog list",
        "catalog history",
        "keys list",
        "workspaces list",
        "settings",
        "catalog show m",
        "explain m --workspace default",
        "clients --client claude-code",
    ],
)
def test_no_line_is_wider_than_the_terminal(installation: Installation, command: str) -> None:
    installation.add(make_model("m", description="word " * 100, display_name="日本語" * 20))
    installation.key(name="-".join(["a key with quite a long name"] * 3))
    installation.workspace("team with a long name", allow=("claude-*",) * 9)
    lines = read(installation, *command.split())
    assert len(lines) > 2
    assert max(map(cell_len, lines)) <= COLUMNS


def test_the_ids_of_the_built_in_models_are_whole_and_the_rest_is_legible(installation: Installation) -> None:
    lines = read(installation, "catalog", "list")
    assert lines[0].split() == ["ID", "Name", "Released", "Lifecycle", "Context", "Output"]
    row = next(line for line in lines if line.startswith("claude-opus-4-1-20250805 "))
    assert " 2025-08-05  retired " in row
    assert lines[-1] == "Too narrow for Line, Aliases; a wider terminal or --json shows all."


@pytest.mark.parametrize("columns", [80, 160])
def test_what_to_move_to_is_shown_of_long_chains_and_days_are_not_folded(
    installation: Installation, columns: int
) -> None:
    ids = [f"hf.co/meta-llama/Llama-3.3-70B-Instruct-GGUF:Q4_K_M-{number}" for number in range(5)]
    installation.add(*map(make_model, ids))
    for model, replacement in pairwise(ids):
        installation.catalog.deprecate(model, retires_at=datetime(2099, 1, 1, tzinfo=UTC), replacement=replacement)
    lines = read(installation, "retirements", columns=columns, code=FOUND)
    assert lines[0].split()[:5] == ["ID", "Retires", "Move", "to", "State"]
    assert max(map(cell_len, lines)) <= columns
    first = next(number for number, line in enumerate(lines) if line.startswith("hf.co"))
    assert re.search(r" 2099-01-01 .* in [\d,]+ days", lines[first])
    move_to = slice(lines[0].index("Move to"), lines[0].index("State"))
    second = next(number for number, line in enumerate(lines) if line.startswith("hf.co") and number > first)
    assert "".join(line[move_to].strip() for line in lines[first:second]).replace(" ", "") == f"{ids[1]}>…>{ids[4]}"


def test_a_wider_terminal_shows_every_column(installation: Installation) -> None:
    lines = read(installation, "catalog", "list", columns=170)
    assert lines[0].split()[-2:] == ["Line", "Aliases"]
    assert "Too narrow" not in lines[-1]


def test_an_id_that_is_too_long_folds_and_loses_nothing(installation: Installation) -> None:
    long_id = "hf.co/meta-llama/Llama-3.3-70B-Instruct-GGUF:Q4_K_M"
    installation.add(make_model(long_id, "2030-01-01"))
    first, second = read(installation, "catalog", "list")[2:4]
    assert first.split()[0] + second.split()[0] == long_id


@pytest.mark.parametrize("noun", ["keys", "workspaces"])
def test_the_ids_of_keys_and_workspaces_are_whole(installation: Installation, noun: str) -> None:
    installation.key()
    line = read(installation, noun, "list")[2]
    assert len(line.split()[0]) == len("apikey_" if noun == "keys" else "wrkspc_") + 24


def test_the_help_of_serve_cuts_off_no_flag(installation: Installation) -> None:
    text = "\n".join(read(installation, "serve", "--help"))
    assert "…" not in text
    assert "--openai-dialect / --no-openai-dialect" in text


def test_the_help_of_serve_has_its_flags_in_groups_with_their_defaults(installation: Installation) -> None:
    lines = read(installation, "serve", "--help")
    groups = [line for line in lines if line.endswith(":") and not line.startswith(" ")]
    assert groups[0] == "Where it listens:"
    assert groups[-1] == "Other options:"
    assert {"Database:", "Limits:", "Stopping:"} <= set(groups)
    text = " ".join(" ".join(lines).split())
    for default in ("127.0.0.1", "8484", "20", "current", "yes", "no", "32768", "memory://", "127.0.0.1,::1"):
        assert f"[default: {default}]" in text
    flags = {f"--{name.replace('_', '-')}" for name in Settings.model_fields}
    assert {flag for flag in flags if text.count(f" {flag} ") == 0} == set()


@pytest.mark.parametrize("columns", [80, 160])
def test_what_is_needed_of_calendars_webhooks_and_blame_is_whole(installation: Installation, columns: int) -> None:
    calendar = CalendarService(installation.store, "test", now).create("everything").calendar.id
    hook = WebhooksService(installation.store, "test", now).create("hook", "https://hooks.example.com/x", ["*"])
    installation.catalog.deprecate("claude-opus-4-8", retires_at=datetime(2099, 1, 1, tzinfo=UTC))
    calendars, webhooks, blamed = (
        read(installation, *command.split(), columns=columns)
        for command in ("calendars list", "webhooks list", "catalog blame claude-opus-4-8")
    )
    shown = [line for line in (*calendars, *webhooks, *blamed) if not line.startswith("Too narrow for ")]
    assert max(map(cell_len, shown)) <= columns
    assert calendars[0].split()[:5] == ["ID", "Name", "Of", "Token", "Revoked"]
    assert calendars[2].split()[0] == calendar
    assert webhooks[0].split()[:4] == ["ID", "Name", "Status", "URL"]
    assert webhooks[2].split()[0] == hook.webhook.id
    assert "https://" in webhooks[2]
    assert blamed[0].split()[:6] == ["Field", "Value", "Said", "by", "Revision", "Since"]
    assert "Changed by" in blamed[0]
    assert any("2099-01-01T00:00:00Z" in line for line in blamed)


def test_ids_and_patterns_that_must_fold_are_broken_behind_a_hyphen_or_slash(installation: Installation) -> None:
    installation.workspace("research", allow=("claude-opus-5-5", "claude-opus-4-8"), deny=("claude-fable-*",))
    installation.add(make_model("hf.co/meta-llama/Llama-3.3-70B-Instruct-GGUF:Q4_K_M", "2030-01-01"))
    rows = read(installation, "workspaces", "list")[3:-1]
    patterns = [part for line in rows for part in line[43:].split() if part != "-"]
    assert patterns == ["claude-", "claude-", "opus-5-5,", "fable-*", "claude-", "opus-4-8"]
    assert read(installation, "catalog", "list")[2].split()[0] == "hf.co/meta-llama/Llama-3.3-70B-"


def test_a_column_whose_words_fit_is_not_cut_for_one_whose_words_do_not(installation: Installation) -> None:
    installation.add(make_model("hf.co/meta-llama/Llama-3.3-70B-Instruct-GGUF:Q4_K_M", "2030-01-01"))
    lines = read(installation, "catalog", "list", "--lifecycle", "retired", "--lifecycle", "active", columns=160)
    assert next(line for line in lines if line.startswith("claude-opus-4-1-")).rstrip().endswith(" claude-opus-4-1")


@pytest.mark.parametrize(
    "command", ["catalog list", "catalog history", "workspaces list", "catalog show claude-2.0"]
)
def test_a_pipe_gets_no_trailing_blanks(installation: Installation, command: str) -> None:
    done = call(*command.split(), env={"CALLSHEET_DATABASE_URL": installation.url})
    assert done.returncode == 0
    assert not [line for line in done.stdout.splitlines() if line != line.rstrip()]
