"""What ``serve --gateway`` says before it serves: who is itself, and what clients show."""

from contextlib import closing
from socket import create_server

import pytest

from callsheet.api.state import Options
from callsheet.cli.gateway import check_not_itself
from callsheet.cli.played_clients import client_lines, play_clients
from callsheet.domain.errors import SettingsError
from callsheet.sources.upstream import SourceKind
from tests.installation import Installation, make_model, now


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("http://127.0.0.1:8484", "127.0.0.1", 8484),
        ("http://localhost:8484/x", "127.0.0.1", 8484),
        ("http://127.0.0.1:8484", "0.0.0.0", 8484),
        ("http://[::1]:8484", "::1", 8484),
        ("http://127.0.0.1", "127.0.0.1", 80),
        ("https://127.0.0.1", "127.0.0.1", 443),
    ],
)
def test_a_gateway_that_is_the_server_itself_is_refused(url: str, host: str, port: int) -> None:
    with pytest.raises(SettingsError, match=r"is this server itself; give the URL of the gateway"):
        check_not_itself(url, host, port)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://127.0.0.1:4000", "127.0.0.1"),
        ("http://127.0.0.2:8484", "127.0.0.1"),
        ("http://192.0.2.1:8484", "0.0.0.0"),
        ("http://no-such-host.invalid:8484", "0.0.0.0"),
    ],
)
def test_another_server_is_not_taken_for_this_one(url: str, host: str) -> None:
    check_not_itself(url, host, 8484)


def test_a_listening_socket_is_named_as_it_is_bound() -> None:
    with closing(create_server(("127.0.0.1", 0))) as listener:
        address = listener.getsockname()
        with pytest.raises(SettingsError):
            check_not_itself(f"http://localhost:{address[1]}", address[0], address[1])


def lines(
    installation: Installation, *, names_by_client: bool = False, kind: SourceKind = SourceKind.OPENAI
) -> list[str]:
    known, clients = play_clients(installation.store, Options(), now())
    return list(client_lines(known, clients, names_by_client=names_by_client, kind=kind))


def test_a_client_that_leaves_models_out_is_named_with_the_reason(empty: Installation) -> None:
    empty.add(*map(make_model, ("claude-x", "gpt-a", "gpt-b", "gpt-c", "gpt-d")))
    code, hint, command, undo, *_, others = lines(empty)
    assert code.startswith(
        "Claude Code shows 1 of 5. Claude Code keeps only ids that contain `claude` or `anthropic`. "
    )
    assert code.endswith("Left out: gpt-a, gpt-b, gpt-c and 1 more.")
    assert hint == "If the gateway takes other names for them, such as anthropic/ID, list those as well:"
    assert command == "  callsheet sources change gateway --picker-prefix anthropic/"
    assert undo == "To undo that: callsheet sources change gateway --clear picker-prefix"
    assert others.startswith("These show all 5: ")
    assert "Claude Code" not in others


def test_no_other_names_are_proposed_for_a_gateway_that_names_models_for_claude_code_itself(
    empty: Installation,
) -> None:
    empty.add(*map(make_model, ("claude-x", "gpt-a")))
    code, hint, *others = lines(empty, names_by_client=True)
    assert code.startswith("Claude Code shows 1 of 2.")
    assert hint == "For a key of the gateway, Claude Code shows these under names that the gateway gives them."
    assert not any("--picker-prefix" in line for line in others)


def test_a_model_of_ollama_gets_its_second_name_from_ollama(empty: Installation) -> None:
    empty.add(*map(make_model, ("claude-x", "gemma3:4b")))
    _, hint, command, *others = lines(empty, kind=SourceKind.OLLAMA)
    assert hint == "Claude Code shows a model of Ollama that has a second name with claude in it. To give it one:"
    assert command == "  ollama cp gemma3:4b claude-gemma3:4b"
    assert not any("--picker-prefix" in line for line in others)


def test_a_list_that_every_client_shows_whole_is_one_line(empty: Installation) -> None:
    empty.add(make_model("claude-x"))
    (line,) = lines(empty)
    assert line.startswith("These show the only model: ")
    assert "Claude Code" in line


def test_hidden_models_do_not_count(empty: Installation) -> None:
    empty.add(make_model("claude-x"), make_model("claude-y", hidden=True))
    (line,) = lines(empty)
    assert line.startswith("These show the only model: ")
