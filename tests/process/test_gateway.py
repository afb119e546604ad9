"""``serve --gateway``: one command in front of a gateway, with the gateway's keys."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.proxies import free_port
from tests.postgres import Server as PostgreSQL
from tests.process.test_away import Replica
from tests.program import Server, call, wait_for
from tests.service.sync.upstream import Headers, Upstream, serve_upstream
from tests.tiers import exhaustive, first

KEY = "sk-sesame-1234"


@pytest.fixture
def gateway() -> Iterator[Upstream]:
    with serve_upstream() as serving:
        serving.lists("claude-x", "gpt-y")
        yield serving


def config(database: Path) -> dict[str, object]:
    done = call("sources", "show", "gateway", "--json", "--database", f"sqlite:///{database}")
    found: dict[str, object] = json.loads(done.stdout)["config"]
    return found


def test_one_command_serves_the_list_of_a_gateway_and_makes_no_key(tmp_path: Path, gateway: Upstream) -> None:
    database = tmp_path / "callsheet.db"
    with Server(database, "--gateway", f"{gateway.url}/v1/") as server:
        server.printed("callsheet route nginx --gateway ")
        assert server.stdout == (
            f"Callsheet serves 2 models at {server.url}\n"
            f"Console: {server.url}/console; to sign in, run:\n  callsheet console --port {server.port}\n"
            f"Database: {database}\n"
            f"Gateway: {gateway.url} answers as openai does (/v1/models answers with a list of OpenAI's).\n"
            "Each key of the gateway sees here what the gateway lists to it. It lists its models to everybody, so "
            "that any credential is accepted here.\n"
            "\n" + "\n".join(shown(server.stdout)) + "\n"
            "\n"
            "For Claude Code, with your gateway's key:\n"
            "\n"
            f"  export ANTHROPIC_BASE_URL={server.url}\n"
            '  export ANTHROPIC_AUTH_TOKEN="your gateway\'s key"\n'
            "  export CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY=1\n"
            "\n"
            "Only lists are answered at this address. To let messages through to the gateway as well, add "
            "--forward, or put a route in front of both:\n"
            f"  callsheet route nginx --gateway {gateway.url}\n"
        )
        assert shown(server.stdout)[0].startswith("Claude Code shows 1 of 2. ")
        assert server.stop() == 0
    assert config(database) == {"kind": "openai", "url": gateway.url, "asks_keys": True}
    with Server(database) as server:
        line = (
            f"The source gateway ({gateway.url}), which --gateway added, stays, and is asked about keys; to remove "
            "it: callsheet sources remove gateway\n"
        )
        assert line in server.stdout
        ids = [model["id"] for model in server.get("/v1/models", server.key)[1]["data"]]
        assert sorted(ids) == ["claude-x", "gpt-y"]


def shown(text: str) -> list[str]:
    """The lines about clients."""
    return text.split("\n\n")[1].split("\n")


def test_a_gateway_that_is_away_at_the_start_is_described_when_it_answers(
    tmp_path: Path, gateway: Upstream
) -> None:
    answering = gateway.body
    gateway.fails(503)
    database = tmp_path / "callsheet.db"
    with Server(database, "--gateway", gateway.url) as server:
        assert f"Callsheet serves the models of {gateway.url} at {server.url}\n" in server.stdout
        server.printed(rf"Gateway: {gateway.url}/v1/models fails with 503; it will be asked again later\. ")
        gateway.status, gateway.body = 200, answering
        server.printed(rf"Gateway: {gateway.url} answers as openai does ")
        server.printed(r"Claude Code shows 1 of 2\. ")
        gateway.fails(503)
        assert server.stop() == 0
    with Server(database, "--gateway", gateway.url) as server:
        assert f"Callsheet serves 2 models at {server.url}\n" in server.stdout


def test_the_key_of_the_gateway_is_used_and_never_shown(
    tmp_path: Path, gateway: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLSHEET_GATEWAY_KEY", KEY)
    database = tmp_path / "callsheet.db"
    with Server(database, "--gateway", gateway.url) as server:
        server.printed("keys that Callsheet itself made see what it lists to CALLSHEET_GATEWAY_KEY")
        assert server.stop() == 0
        assert KEY not in server.stdout + server.stderr
    assert {asked.headers.get("authorization") for asked in gateway.asked} == {f"Bearer {KEY}"}
    assert config(database)["secret"] == "env:CALLSHEET_GATEWAY_KEY"
    assert all(KEY.encode() not in path.read_bytes() for path in tmp_path.iterdir())


def test_any_key_sees_the_list_of_a_gateway_without_keys(tmp_path: Path, gateway: Upstream) -> None:
    with Server(tmp_path / "callsheet.db", "--gateway", gateway.url, "--any-key") as server:
        server.printed(r"Its list is served to everybody \(any_key\)\.")
        ids = [model["id"] for model in server.get("/v1/models", "whatever")[1]["data"]]
        assert sorted(ids) == ["claude-x", "gpt-y"]
        assert server.stop() == 0
    assert "asks_keys" not in config(tmp_path / "callsheet.db")


def test_a_gateway_that_cannot_be_used_is_refused_and_nothing_is_made(tmp_path: Path, gateway: Upstream) -> None:
    gateway.headers, gateway.body = {"content-type": "text/html"}, b"<html>"
    database = f"sqlite:///{tmp_path}/callsheet.db"
    done = call("serve", "--port", "0", "--database", database, "--gateway", gateway.url)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"callsheet: {gateway.url} answers with a web page, not with a list of models; ")
    assert list(tmp_path.iterdir()) == []


def test_a_gateway_that_is_the_server_itself_is_refused_and_nothing_is_made(tmp_path: Path) -> None:
    port = str(free_port())
    database = f"sqlite:///{tmp_path}/callsheet.db"
    done = call("serve", "--port", port, "--database", database, "--gateway", f"http://localhost:{port}")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"callsheet: The gateway http://localhost:{port} is this server itself; ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("workers", first(["1", "2"]))
def test_each_key_of_the_gateway_sees_what_it_may_call_until_it_is_forgotten(
    tmp_path: Path, gateway: Upstream, workers: str
) -> None:
    keys = {"sk-ada-0123456789": ["claude-x", "gpt-y"], "sk-bob-0123456789": ["gpt-y"]}

    def answer(_path: str) -> tuple[int, Headers, bytes]:
        asked = gateway.asked[-1].headers
        key = asked.get("x-api-key") or asked.get("authorization", "").removeprefix("Bearer ")
        rows = [{"id": model_id, "object": "model"} for model_id in keys.get(key, ())]
        body = {"object": "list", "data": rows} if rows else {"error": {"message": "No such key"}}
        return 200 if rows else 401, {"content-type": "application/json"}, json.dumps(body).encode()

    gateway.answer = answer
    database = tmp_path / "callsheet.db"
    with Server(database, "--gateway", gateway.url, "--workers", workers) as server:
        assert "It lists nothing without a key; to have its models in the catalogue as well" in server.stdout

        def seen(key: str) -> object:
            status, page = server.get("/v1/models", key)
            return sorted(model["id"] for model in page["data"]) if status == 200 else status

        for key, ids in keys.items():
            assert seen(key) == ids
        assert seen("sk-eve-0123456789") == 401
        del keys["sk-bob-0123456789"]
        assert call("sources", "forget", "gateway", "--database", f"sqlite:///{database}").returncode == 0
        wait_for(lambda: all(seen("sk-bob-0123456789") == 401 for _ in range(5)), "the revoked key")
        assert seen("sk-ada-0123456789") == ["claude-x", "gpt-y"]
        assert server.stop() == 0
        assert "0123456789" not in server.stdout + server.stderr
    assert all(b"sk-ada-0123456789" not in path.read_bytes() for path in tmp_path.iterdir())


@exhaustive
def test_workers_and_a_catalogue_file_go_together_with_a_gateway(tmp_path: Path, gateway: Upstream) -> None:
    file = tmp_path / "files" / "callsheet.catalog.yaml"
    file.parent.mkdir()
    file.write_text("manager: team-a\nmodels: [{id: claude-x, display_name: Ours}]\n")
    with Server(
        tmp_path / "callsheet.db", "--gateway", gateway.url, "--any-key", "--workers", "2", "--catalog", str(file)
    ) as server:

        def is_named() -> bool:
            return bool(server.get("/v1/models/claude-x", "whatever")[1].get("display_name") == "Ours")

        wait_for(lambda: all(is_named() for _ in range(5)), "the name of the file")
        assert server.stop() == 0


@exhaustive
def test_a_gateway_is_followed_when_the_database_that_was_away_is_there(gateway: Upstream) -> None:
    with PostgreSQL() as database:
        database.stop()
        with Replica(database.url, "--gateway", gateway.url) as server:
            server.printed("it waits for its database, which is away")
            database.start()
            server.printed(rf"Gateway: {gateway.url} answers as openai does ")
            server.printed(r"Claude Code shows 1 of 2\. ")
            wait_for(lambda: server.ready() == (200, "ok", "up"), "the State")
            assert server.stop() == 0
            assert "Traceback" not in server.stderr
        done = call("keys", "list", "--json", "--database", database.url)
        assert json.loads(done.stdout) == []
