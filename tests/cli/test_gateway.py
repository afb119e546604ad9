"""What ``serve --gateway`` says before it serves: who is itself, and what clients show."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from queue import Queue
from socket import create_server

import pytest

from callsheet.api.state import Options
from callsheet.cli.gateway import check_not_itself, said_if_slow
from callsheet.cli.output.client_lines import client_lines
from callsheet.cli.output.gateway import gateway_lines
from callsheet.cli.welcome import prepare_welcome
from callsheet.domain.claims.builtin_mode import BuiltinMode
from callsheet.domain.errors import SettingsError
from callsheet.service.clients.played import play_clients
from callsheet.service.sync.config import read_config
from callsheet.service.sync.gateway import FollowedGateway
from callsheet.service.sync.sources import Source, SourcesService
from callsheet.settings import Settings
from callsheet.sources.upstream import SourceKind
from callsheet.storage.store import Store
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


def meanwhile(source: Source, *, refuses_key: bool = False) -> str:
    """The end of the line about a gateway that cannot be asked."""
    gateway = FollowedGateway(source, None, "It does not answer.", "", refuses_key)
    (line,) = gateway_lines(gateway, Settings(gateway="http://127.0.0.1:4000"))
    return line.removeprefix("Gateway: It does not answer. ")


def test_what_callers_get_while_the_gateway_cannot_be_asked_is_said(empty: Installation) -> None:
    sources = SourcesService(empty.store, "ada", now)
    source = sources.add("gateway", read_config({"kind": "openai", "url": "http://127.0.0.1:4000"}))
    assert meanwhile(source) == "Until it answers, its keys get 529."
    listed = source._replace(state=replace(source.state, last_good_at=now()))
    assert meanwhile(listed).endswith("its keys get 529; keys that Callsheet itself made see what it listed last.")
    assert meanwhile(source, refuses_key=True).startswith("Each key of the gateway works all the same; ")


def test_a_gateway_that_is_slow_is_said_to_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    said: Queue[str] = Queue()
    monkeypatch.setattr("callsheet.cli.gateway.say", said.put)
    with said_if_slow("http://127.0.0.1:4000", 0):
        assert said.get(timeout=30) == "Asking http://127.0.0.1:4000, which has not answered so far…"
    with said_if_slow("http://127.0.0.1:4000", 1_000):
        pass
    assert said.empty()


def test_a_start_without_its_gateway_says_why_it_lists_no_model(tmp_path: Path) -> None:
    settings = Settings(database=f"sqlite:///{tmp_path}/callsheet.db")
    prepare_welcome(settings)
    SourcesService(Store(settings.database), "ada", now).let_builtin(BuiltinMode.INFORM)
    (line,) = prepare_welcome(settings).more
    assert line.startswith("The built-in models are not listed, as sources are to list models instead.")
