"""Why a key that only a gateway knows sees a model: ``callsheet explain MODEL --secret -``."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from tests.cli.conftest import CLI
from tests.installation import Installation, make_model

KEY = "sk-known-to-the-gateway-only"


@contextmanager
def gateway(answers: dict[str, list[str]]) -> Iterator[str]:
    """A gateway that lists to each key its ids, and refuses others."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sent = self.headers.get("authorization", "").removeprefix("Bearer ") or self.headers.get(
                "x-api-key", ""
            )
            ids = answers.get(sent)
            rows = [{"id": each, "object": "model", "created": 1} for each in ids or ()]
            body = json.dumps({"object": "list", "data": rows}).encode()
            self.send_response(401 if ids is None else 200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def asked(cli: CLI, empty: Installation) -> Iterator[Installation]:
    empty.add(make_model("claude-m"), make_model("kimi"))
    with gateway({KEY: ["claude-m"]}) as url:
        added = cli("sources", "add", "gw", "--url", url, "--kind", "openai", "--asks-keys", "--no-sync")
        assert added.code == 0, added
        yield empty


def explained(cli: CLI, name: str, secret: str, code: int) -> Any:
    result = cli("explain", name, "--secret", "-", "--json", stdin=secret)
    assert result.code == code, result
    assert secret not in result.out + result.err
    return json.loads(result.out)


def reasons(record: Any) -> dict[str, str]:
    return {step["check"]: step["reason"] for step in record["steps"]}


def test_what_the_gateway_lists_to_the_key_is_listed(cli: CLI, asked: Installation) -> None:
    record = explained(cli, "claude-m", KEY, 0)
    assert (record["reach"], record["for"]["gateway"]) == ("listed", "gw")
    assert reasons(record)["key"] == "accepted"
    assert reasons(explained(cli, "kimi", KEY, 4))["grant"] == "not-granted"
    out = cli("explain", "kimi", "--secret", "-", stdin=KEY).out
    assert out.startswith(
        "kimi is neither listed nor retrievable for this key, about which the source gw is asked."
    )
    assert "the source gw does not list it to this key" in out


def test_a_wrong_secret_says_so(cli: CLI, asked: Installation) -> None:
    record = explained(cli, "claude-m", "sk-wrong", 4)
    assert reasons(record) == {"key": "refused"}
    assert "the source gw refuses it" in cli("explain", "claude-m", "--secret", "-", stdin="sk-wrong").out


def test_nothing_of_it_is_stored(cli: CLI, asked: Installation) -> None:
    before = asked.history.list(limit=1)[0].revision
    explained(cli, "claude-m", KEY, 0)
    assert asked.history.list(limit=1)[0].revision == before


def test_the_secret_of_a_key_here_is_explained_as_that_key(cli: CLI, asked: Installation) -> None:
    secret = asked.key(name="own")
    assert explained(cli, "kimi", secret, 0)["for"]["key"]["name"] == "own"


def test_without_a_gateway_an_unknown_secret_says_so(cli: CLI, empty: Installation) -> None:
    empty.add(make_model("claude-m"))
    assert reasons(explained(cli, "claude-m", KEY, 4)) == {"key": "no-gateway"}


def test_a_gateway_that_is_away_says_so(cli: CLI, asked: Installation) -> None:
    cli("sources", "change", "gw", "--url", "http://127.0.0.1:9")
    assert reasons(explained(cli, "claude-m", KEY, 4)) == {"key": "away"}


@pytest.mark.parametrize("more", [("--key", "x"), ("--workspace", "default"), ("--client", "claude-code")])
def test_a_secret_is_read_from_standard_input_alone(cli: CLI, asked: Installation, more: tuple[str, ...]) -> None:
    assert cli("explain", "m", "--secret", "-", *more).refusal.startswith("A secret is read from standard input")
    refused = cli("explain", "m", "--secret", "sk-on-the-command-line")
    assert refused.refusal.startswith("A secret is read from standard input")
    assert "sk-on" not in refused.refusal
