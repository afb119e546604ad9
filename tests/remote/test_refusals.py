"""What stands between a command and a server, each in one sentence with a remedy."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.errors import InvalidError
from callsheet.remote import connection
from callsheet.remote.address import check_address
from callsheet.remote.failures import RemoteError
from callsheet.service.admin.admin_keys import AdminKeyService
from tests.cli.conftest import CLI
from tests.installation import Installation, now
from tests.remote.served import Pair

UNENCRYPTED = (
    "http://x would get the admin key unencrypted; use https, or add --remote-http if the network between is yours."
)

_NOWHERE = "https://127.0.0.1:9"


@contextmanager
def answering(status: int, content_type: str, body: bytes) -> Iterator[str]:
    """A server that is not Callsheet."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("content-type", content_type)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("ftp://x", "'ftp://x' is not the URL of a server; give one such as https://models.example.com."),
        ("https://u:p@x", "The URL of the server must hold no user, query or fragment; give its address alone."),
        ("http://x/v1", UNENCRYPTED),
    ],
)  # fmt: skip
def test_an_address_to_which_no_key_may_be_sent(call: CLI, url: str, sentence: str) -> None:
    assert call("catalog", "list", "--remote", url).refusal == sentence


def test_http_is_allowed_here_and_where_a_flag_says_so() -> None:
    for url in ("http://localhost:8000", "http://127.0.0.1/v1/", "http://[::1]:80"):
        assert check_address(url, may_be_http=False) == url.removesuffix("/v1/")
    assert check_address("http://models.internal/v1", may_be_http=True) == "http://models.internal"
    with pytest.raises(InvalidError):
        check_address("http://models.internal", may_be_http=False)


@given(st.text(max_size=30) | st.from_regex(r"https?://[^/]{0,12}(/.{0,8})?", fullmatch=True))
def test_whatever_is_given_as_an_address_is_one_or_refused(url: str) -> None:
    try:
        root = check_address(url, may_be_http=False)
    except InvalidError:
        pass
    else:
        assert root.startswith(("https://", "http://"))
        assert not root.endswith("/")


def test_a_database_and_a_server_cannot_both_be_named(call: CLI) -> None:
    command = ("catalog", "list", "--remote", _NOWHERE, "--database", "sqlite:///x.db")
    assert call(*command).refusal == "--database and --remote are both given; say one."


def test_a_database_that_is_named_goes_before_the_server_of_the_environment(
    cli: CLI, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLSHEET_REMOTE", _NOWHERE)
    assert cli("workspaces", "list", "--database", installation.url).code == 0
    assert "CALLSHEET_ADMIN_KEY" in cli("workspaces", "list").refusal
    assert cli("settings").code == 0


@pytest.mark.parametrize(
    "command",
    ["migrate", "check", "backup FILE", "restore FILE", "copy --from A --to B", "serve", "settings",
     "admin-keys list", "sources add x --url http://x", "catalog import FILE", "sources try http://x"],
)  # fmt: skip
def test_what_needs_the_database_says_so(call: CLI, command: str) -> None:
    refusal = call(*command.split(), "--remote", _NOWHERE).refusal
    words = " ".join(word for word in command.split()[:2] if word.islower() and word.isascii() and word[0] != "-")
    assert refusal.startswith("callsheet ")
    assert "needs the database itself; run it where that is, without --remote." in refusal, words


def test_it_says_which_variable_names_the_server(call: CLI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSHEET_REMOTE", _NOWHERE)
    assert call("check").refusal == (
        "callsheet check needs the database itself, and CALLSHEET_REMOTE names a server; unset it, or name the "
        "database with --database."
    )


def test_without_a_key_nothing_is_asked(call: CLI, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CALLSHEET_ADMIN_KEY", raising=False)
    assert call("catalog", "list", "--remote", _NOWHERE).refusal == (
        "A server is administered with an admin key; put it into CALLSHEET_ADMIN_KEY, or into a file that "
        "--admin-key-file names."
    )
    empty, broken = tmp_path / "empty", tmp_path / "broken"
    empty.write_text("\n")
    broken.write_bytes(b"\xff")
    for file, words in ((empty, "is empty"), (broken, "is not text"), (tmp_path / "none", "cannot be read")):
        refusal = call("catalog", "list", "--remote", _NOWHERE, "--admin-key-file", str(file)).refusal
        assert words in refusal
    assert "is empty" in call("catalog", "list", "--remote", _NOWHERE, "--admin-key-file", "-").refusal


def test_the_key_is_read_from_a_file_and_from_stdin(
    call: CLI, pair: Pair, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("CALLSHEET_ADMIN_KEY")
    file = tmp_path / "key"
    file.write_text(f"{pair.admin_key}\n")
    remote = ("workspaces", "list", "--remote", f"{pair.there.url}/v1/")
    assert call(*remote, "--admin-key-file", str(file)).code == 0
    assert call(*remote, "--admin-key-file", "-", stdin=f"{pair.admin_key}\n").code == 0


def test_a_key_that_may_not(call: CLI, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    installation = pair.there.installation
    reading = AdminKeyService(installation.store, "test", now).create("reading", (Scope.READ,)).secret
    ended = AdminKeyService(installation.store, "test", now).create("ended", (Scope.READ,)).secret
    AdminKeyService(installation.store, "test", now).archive("ended")
    listing = installation.key()
    pair.there.live.refresh()
    remote = ("--remote", pair.there.url)
    for key, words in (
        (reading, "use an admin key with that scope"),
        (ended, "check CALLSHEET_ADMIN_KEY"),
        ("sk-cs-nothing", "check CALLSHEET_ADMIN_KEY"),
        (listing, "that key lists models"),
    ):
        monkeypatch.setenv("CALLSHEET_ADMIN_KEY", key)
        refusal = call("workspaces", "create", "x", *remote).refusal
        assert refusal.startswith(f"{pair.there.url} refuses the admin key (")
        assert words in refusal
        assert key not in refusal
    monkeypatch.setenv("CALLSHEET_ADMIN_KEY", reading)
    assert call("workspaces", "list", *remote).code == 0


@pytest.mark.usefixtures("pair")
def test_servers_that_are_none_of_ours(call: CLI) -> None:
    for status, kind, body, words in (
        (200, "text/html", b"<h1>Hello</h1>", "does not answer as a Callsheet server; check the URL."),
        (200, "application/json", b"[1]", "does not answer as a Callsheet server; check the URL."),
        (200, "application/json", b"{}", "does not answer as a Callsheet server; check the URL."),
        (200, "application/json", b'{"data":null}', "does not answer as a Callsheet server; check the URL."),
        (200, "application/json", b'{"data":[{}],"has_more":false}', "does not answer as a Callsheet server"),
        (404, "application/json", b'{"detail":"Not Found"}', "does not answer as a Callsheet server"),
        (302, "text/html", b"", "does not answer as a Callsheet server"),
        (404, "application/json", b'{"type":"error","error":{"type":"not_found_error","message":"Not found"}}',
         "make a key on its host with callsheet admin-keys create"),
    ):  # fmt: skip
        with answering(status, kind, body) as url:
            assert words in call("workspaces", "list", "--remote", url).refusal


def test_a_list_that_does_not_move_on_ends(pair: Pair) -> None:
    with answering(200, "application/json", b'{"data":[{"id":"a"}],"has_more":true,"last_id":"a"}') as url:
        asked = connection.Connection(url, pair.admin_key)
        with pytest.raises(RemoteError, match="does not answer as a Callsheet server"):
            list(asked.pages("catalog", "models"))
        asked.close()


@pytest.mark.usefixtures("pair")
def test_a_server_that_is_away_or_silent(call: CLI, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        monkeypatch.setattr(connection, "TIMEOUT_SECONDS", 0.2)
        assert "did not answer within 0.2 s" in call("workspaces", "list", "--remote", url).refusal
    refusal = call("workspaces", "list", "--remote", url).refusal
    assert refusal == f"{url} cannot be reached (Connection refused); check the URL, and that the server runs."
