"""What ``callsheet export --for`` writes is read by the clients themselves as meant; nothing leaves the machine."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest

from callsheet.domain.model import Model
from callsheet.service.clients.export import ConfiguredClient, config_files
from tests.clients.claude_code import RELEASES, program
from tests.clients.installed import CLIENTS, can_run_claude_code, installed
from tests.clients.programs import be_without
from tests.installation import make_model
from tests.tiers import exhaustive

pytestmark = exhaustive

SECRET: Final = "sk-test-0123456789abcdef"
_SECONDS: Final = 120.0  # many times what a run takes
_NOWHERE: Final = "http://127.0.0.1:9"  # a port that refuses

#: Ids and names in which the formats of the three would end a string, or see a reference.
MODELS: Final = (
    make_model("kimi-k3", display_name='Kimi "K3" \\ {env:HOME}', max_input_tokens=262_144, max_tokens=16_384),
    make_model("claude-opus-4-8", display_name="Opus {file:/etc/hostname}", line="opus"),
    make_model("team/{env:HOME}", display_name="模型 🤖", description='Ours. Don\'t "quote" it.'),
    make_model("claude-sonnet-5[1m]", display_name="Sonnet", line="sonnet"),
)
IDS: Final = [model.id for model in MODELS]
NAMES: Final = {model.id: model.display_name for model in MODELS}


def agent(path: str) -> str:
    """Return the path of Codex or opencode; a machine that cannot run it is without the test."""
    found = CLIENTS / "agents" / "node_modules" / path
    if not can_run_claude_code():
        be_without("The locked packages are for Linux on x86-64 with glibc.")
    if installed("agents") is None or not found.is_file():
        be_without("Codex and opencode are missing; run: python -m tests.clients.install --all")
    return str(found)


def codex() -> str:
    return agent("codex/vendor/x86_64-unknown-linux-musl/bin/codex")


def opencode() -> str:
    return agent("opencode-linux-x64/bin/opencode")


def write(client: ConfiguredClient, folder: Path, url: str = _NOWHERE, models: Sequence[Model] = MODELS) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in config_files(client, models, url):
        (folder / name).write_text(text, encoding="utf-8")
        assert SECRET not in text


def run(command: Sequence[str], home: Path, environment: Mapping[str, str], sent: str = "") -> Any:
    return subprocess.run(
        command,
        cwd=home,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "DISABLE_AUTOUPDATER": "1",
            "DISABLE_TELEMETRY": "1",
            "DISABLE_ERROR_REPORTING": "1",
            "OPENCODE_DISABLE_MODELS_FETCH": "1",
            "OPENCODE_DISABLE_AUTOUPDATE": "1",
            "HTTPS_PROXY": _NOWHERE,
            "HTTP_PROXY": _NOWHERE,
            "NO_PROXY": "127.0.0.1",
            **environment,
        },
        input=sent,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=_SECONDS,
        check=False,
    )


def test_codex_reads_the_models_that_were_exported(tmp_path: Path) -> None:
    write(ConfiguredClient.CODEX, tmp_path / ".codex")
    done = run([codex(), "debug", "models"], tmp_path, {"CODEX_HOME": str(tmp_path / ".codex")})
    models = json.loads(done.stdout)["models"]
    assert {each["slug"]: each["display_name"] for each in models} == NAMES
    assert [each["slug"] for each in models] == IDS
    assert models[0]["context_window"] == 262_144


def test_opencode_reads_the_models_that_were_exported_and_no_others(tmp_path: Path) -> None:
    write(ConfiguredClient.OPENCODE, tmp_path)
    environment = {"OPENCODE_CONFIG": str(tmp_path / "opencode.json"), "CALLSHEET_API_KEY": SECRET}
    done = run([opencode(), "models"], tmp_path, environment)
    assert sorted(done.stdout.splitlines()) == sorted(f"callsheet/{each}" for each in IDS)
    verbose = run([opencode(), "models", "callsheet", "--verbose"], tmp_path, environment).stdout
    records = list(_objects(verbose))
    assert {each["id"]: each["name"] for each in records} == NAMES
    (kimi,) = [each for each in records if each["id"] == "kimi-k3"]
    assert (kimi["limit"]["context"], kimi["limit"]["output"]) == (262_144, 16_384)


def _objects(text: str) -> Iterator[Any]:
    """The JSON objects in a text that has other lines between them."""
    decoder, place = json.JSONDecoder(), text.find("\n{")
    while place >= 0:
        value, end = decoder.raw_decode(text, place + 1)
        yield value
        place = text.find("\n{", end)


@pytest.mark.parametrize("release", RELEASES[:2])
def test_claude_code_offers_the_models_that_were_exported_and_no_others(release: str, tmp_path: Path) -> None:
    write(ConfiguredClient.CLAUDE_CODE, tmp_path / ".claude")
    asked = {"type": "control_request", "request_id": "1", "request": {"subtype": "initialize"}}
    arguments = ["-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose"]
    command = [program(release), *arguments]
    done = run(command, tmp_path, {"ANTHROPIC_API_KEY": SECRET}, f"{json.dumps(asked)}\n")
    (answer,) = [each for each in map(json.loads, done.stdout.splitlines()) if each["type"] == "control_response"]
    default, *rows = answer["response"]["response"]["models"]
    assert {row["value"]: row["displayName"] for row in rows} == NAMES
    assert [row["value"] for row in rows] == IDS
    assert default["resolvedModel"].removesuffix("[1m]") in IDS  # which it adds by itself


@pytest.mark.parametrize("client", list(ConfiguredClient))
def test_a_message_goes_to_the_gateway_with_the_key_of_the_variable(
    client: ConfiguredClient, tmp_path: Path
) -> None:
    models = [make_model("claude-team-1", line="opus")]
    with _gateway() as (url, received):
        match client:
            case ConfiguredClient.CLAUDE_CODE:
                write(client, tmp_path / ".claude", url, models)
                run([program(RELEASES[0]), "-p", "hello"], tmp_path, {"ANTHROPIC_API_KEY": SECRET})
                path, header, value = "/v1/messages", "x-api-key", SECRET
            case ConfiguredClient.OPENCODE:
                write(client, tmp_path, url, models)
                environment = {"OPENCODE_CONFIG": str(tmp_path / "opencode.json"), "CALLSHEET_API_KEY": SECRET}
                run([opencode(), "run", "hello"], tmp_path, environment)
                path, header, value = "/v1/messages", "x-api-key", SECRET
            case ConfiguredClient.CODEX:
                write(client, tmp_path / ".codex", url, models)
                environment = {"CODEX_HOME": str(tmp_path / ".codex"), "CALLSHEET_API_KEY": SECRET}
                run([codex(), "exec", "--skip-git-repo-check", "hello"], tmp_path, environment)
                path, header, value = "/v1/responses", "authorization", f"Bearer {SECRET}"
    messages = [each for each in received if each[0].partition("?")[0] == path]
    assert messages, received
    assert {(sent.get(header), body["model"]) for _, sent, body in messages} == {(value, "claude-team-1")}


@contextmanager
def _gateway() -> Iterator[tuple[str, list[tuple[str, dict[str, str], Any]]]]:
    """A gateway that refuses every message, and what it received: path, headers and body."""
    received: list[tuple[str, dict[str, str], Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            received.append((self.path, headers, json.loads(body or b"null")))
            answer = b'{"type":"error","error":{"type":"invalid_request_error","message":"no"}}'
            self.send_response(400)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
