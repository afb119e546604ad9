"""``callsheet models``: what any Models API lists, for people and for programs."""

import json
import os
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.cells import cell_len

from callsheet.domain.model import Lifecycle
from tests.broken.asking import Answered, Ask, Asked, text_response
from tests.broken.replies import Reply, serve_lists
from tests.broken.serving import serve_broken, serve_nothing
from tests.cli.conftest import CLI
from tests.cli.test_terminal import read
from tests.installation import Installation, make_model
from tests.program import call as program
from tests.program import wait_for
from tests.tiers import repeated

NOW = datetime.now(UTC)


class Overruled:
    """Between the server and its callers: answers what a test wants, if it wants anything."""

    answer: Callable[[Asked], Answered] | None = None

    async def __call__(self, asked: Asked, ask: Ask) -> Answered:
        return await ask(asked) if self.answer is None else self.answer(asked)


@pytest.fixture
def server(empty: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[Overruled]:
    """A server of three models, named by the environment."""
    empty.add(
        make_model("claude-c", "2026-03-01", display_name="Claude C", line="opus", max_input_tokens=1_000_000),
        make_model("claude-b", "2026-02-01"),
        make_model("claude-a", "1970-01-01"),
    )
    empty.catalog.alias("latest", "claude-c")
    overruled = Overruled()
    key = empty.key()
    with serve_broken(empty, overruled) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", key)
        yield overruled


@pytest.mark.usefixtures("server")
def test_a_list_is_a_table_of_what_people_choose_by(call: CLI) -> None:
    result = call("models", "list")
    assert (result.code, result.err) == (0, "")
    heading, _, *rows = result.out.splitlines()
    assert heading.split() == ["ID", "Name", "Released", "Line", "Context", "Lifecycle"]
    assert [row.split() for row in rows] == [
        ["claude-c", "Claude", "C", "2026-03-01", "opus", "1M", "active"],
        ["claude-b", "claude-b", "2026-02-01", "-", "-", "active"],
        ["claude-a", "claude-a", "-", "-", "-", "active"],
    ]


@pytest.mark.usefixtures("server")
def test_one_page_is_listed_and_a_message_says_that_more_follow(call: CLI) -> None:
    result = call("models", "list", "--limit", "2")
    assert [row.split()[0] for row in result.out.splitlines()[2:]] == ["claude-c", "claude-b"]
    assert result.err == "More models follow; --all lists them.\n"
    everything = call("models", "list", "--limit", "2", "--all")
    assert [row.split()[0] for row in everything.out.splitlines()[2:]] == ["claude-c", "claude-b", "claude-a"]
    assert everything.err == ""


def test_json_is_exactly_what_the_server_said(call: CLI, server: Overruled) -> None:
    odd = {"id": "m", "created_at": "2026-01-02T03:04:05.60+00:00", "zip": [1, 2.50, None], "lifecycle": "sunset"}
    pages = {
        None: {"data": [odd], "has_more": True, "first_id": "m", "last_id": "m"},
        "m": {"data": [{"id": "n"}], "has_more": False, "first_id": "n", "last_id": "n"},
    }
    server.answer = lambda asked: Answered().saying(pages[asked.value("after_id")])
    assert call("models", "list", "--json").json == pages[None]
    assert call("models", "list", "--json", "--all").json == {
        "data": [odd, {"id": "n"}],
        "has_more": False,
        "first_id": "m",
        "last_id": "n",
    }
    server.answer = lambda asked: Answered().saying(odd)
    assert call("models", "retrieve", "m", "--json").json == odd


def test_json_is_exact_in_any_encoding(server: Overruled) -> None:
    named = {"id": "m", "display_name": "日本語 ü"}
    server.answer = lambda asked: Answered().saying(named)
    done = program("models", "retrieve", "m", "--json", env={"PYTHONIOENCODING": "latin-1"})
    assert json.loads(done.stdout) == named


@pytest.mark.usefixtures("server")
def test_the_lifecycle_filters(call: CLI, empty: Installation) -> None:
    empty.add(make_model("gone", lifecycle=Lifecycle.RETIRED, deprecated_at=NOW, retires_at=NOW))
    empty.add(make_model("going", lifecycle=Lifecycle.DEPRECATED, deprecated_at=NOW))

    def listed() -> bool:
        page = call("models", "list", "--json", "--lifecycle", "retired", "--lifecycle", "deprecated").json
        return sorted(model["id"] for model in page["data"]) == ["going", "gone"]

    wait_for(listed, "the server to list what was added, and nothing that is active")


@pytest.mark.parametrize(
    ("lifecycle", "days", "said"),
    [
        ("deprecated", 20.5, "deprecated, retires SOON: {day}, in 20 days"),
        ("deprecated", 200.5, "deprecated, retires {day}"),
        ("deprecated", -3, "deprecated, OVERDUE since {day}"),
        ("deprecated", None, "  deprecated"),
        ("sunset", 1.5, "sunset, retires SOON: {day}, in 1 day"),
        ("deprecated", 0.5, "deprecated, retires SOON: {day}, within a day"),
        ("retired", -3, "retired {day}"),
    ],
)
def test_a_retirement_that_is_near_is_marked(
    call: CLI, server: Overruled, lifecycle: str, days: float | None, said: str
) -> None:
    when = None if days is None else (NOW + timedelta(days=days)).isoformat()
    model = {"id": "m", "lifecycle": lifecycle, "retires_at": when}
    server.answer = lambda asked: Answered().saying({"data": [model], "has_more": False})
    row = call("models", "list").out.splitlines()[2]
    assert row.rstrip().endswith(said.format(day=str(when)[:10]))


@pytest.mark.usefixtures("server")
def test_one_model_is_shown_by_id_or_alias(call: CLI) -> None:
    result = call("models", "retrieve", "latest")
    assert result.code == 0
    lines = [line.split(maxsplit=1) for line in result.out.splitlines()]
    assert ["id", "claude-c"] in [list(map(str.strip, line)) for line in lines]
    assert "null" not in result.out


@pytest.mark.usefixtures("server")
def test_openais_dialect_is_asked_with_its_own_variables(call: CLI, monkeypatch: pytest.MonkeyPatch) -> None:
    url, key = os.environ["ANTHROPIC_BASE_URL"], os.environ["ANTHROPIC_API_KEY"]
    assert "OPENAI_API_KEY" in call("models", "list", "--dialect", "openai").refusal
    monkeypatch.setenv("OPENAI_BASE_URL", f"{url}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", key)
    result = call("models", "list", "--dialect", "openai", "--all")
    assert [row.split()[0] for row in result.out.splitlines()[2:]] == ["claude-c", "claude-b", "claude-a"]


@pytest.mark.usefixtures("server")
def test_a_key_may_come_from_stdin_so_that_no_list_of_processes_shows_it(
    call: CLI, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = os.environ["ANTHROPIC_API_KEY"]
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    assert call("models", "list", "--api-key", "-", stdin=f"{key}\n").code == 0
    assert call("models", "list", "--api-key", "-", stdin="sk-wrong\n").refusal == (
        "The server answered 401: invalid x-api-key; check --api-key or its environment variable."
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("retrieve", "nope"), "The server answered 404: model: nope."),
        (
            ("list", "--api-key", ""),
            "The server answered 401: x-api-key header is required; check --api-key or its ",
        ),
        (("list", "--base-url", "gateway"), "base_url must be an HTTP URL such as https://api.anthropic.com, not "),
        (("retrieve", ".."), "model_id must be the id or alias of a model, not '..'."),
        (
            ("list", "--limit", "5", "--dialect", "openai", "--api-key", "k"),
            "OpenAI's dialect has no limit; it lists ",
        ),
    ],
)
@pytest.mark.usefixtures("server")
def test_a_refusal_is_one_sentence(call: CLI, arguments: tuple[str, ...], sentence: str) -> None:
    assert call("models", *arguments).refusal.startswith(sentence)


def answers(status: int, error: Any, **headers: str) -> Callable[[Asked], Answered]:
    kept = {"x-should-retry": "false", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return lambda asked: Answered(status, kept).saying({"type": "error", "error": error})


def test_what_the_server_says_is_quoted_with_care(call: CLI, server: Overruled) -> None:
    server.answer = answers(
        429, {"type": "rate_limit_error", "message": "Slow\x1b[2J down."}, retry_after="1234567.5"
    )
    assert call("models", "list").refusal == "The server answered 429: Slow\ufffd[2J down; try again in 1234568 s."
    server.answer = answers(400, {"type": "invalid_request_error", "message": "x" * 9999})
    assert len(call("models", "list").refusal) < 300
    server.answer = lambda asked: text_response("<h1>Hello</h1>", kind="text/html")
    assert call("models", "list").refusal.endswith(
        "answered with what is not JSON (text/html); check that the base URL is that of a Models API."
    )
    server.answer = lambda asked: Answered(401).saying({"statusCode": 401, "message": "Access denied."})
    assert call("models", "list").refusal == (
        "The server answered 401: Access denied; check --api-key or its environment variable."
    )
    server.answer = lambda asked: Answered(404).saying({"detail": "Not Found"})
    assert call("models", "list").refusal == "The server answered 404: Not Found; check the base URL."
    server.answer = lambda asked: Answered().saying({"error": "no quota"})
    assert call("models", "list").refusal == "The server answered 200: no quota."


def test_a_terminal_is_not_commanded_by_what_is_listed(call: CLI, server: Overruled) -> None:
    nasty = {"id": "m\x1b[31m", "display_name": "a\rb", "line": "\x9b", "zip\x1b": "\x07"}
    server.answer = lambda asked: Answered().saying({"data": [nasty]} if asked.is_list else nasty)
    for command in (("list",), ("retrieve", "m")):
        out = call("models", *command).out
        assert out.replace("\n", "").isprintable()
        assert "m\ufffd[31m" in out
    nasty |= {"display_name": "\u202egnp\u2069", "description": "\ufeff\U000e0001"}
    for command in (("list",), ("retrieve", "m")):
        result = call("models", *command, "--json")
        assert result.out.replace("\n", "").isprintable()
        assert result.json == ({"data": [nasty], "has_more": False, "first_id": None, "last_id": None}
                               if command == ("list",) else nasty)  # fmt: skip


def test_a_server_that_cannot_be_reached_is_refused_in_one_sentence(call: CLI) -> None:
    with serve_nothing() as url:
        result = call("models", "list", "--base-url", url, "--api-key", "k", "--timeout", "0.5")
    assert result.refusal == (
        f"{url} cannot be reached (Connection refused); check the base URL, and that the server runs."
    )


def test_without_a_key_it_says_what_to_set(call: CLI) -> None:
    assert call("models", "list").refusal.startswith("There is no API key; set ANTHROPIC_API_KEY or pass a key (an")


def test_a_walk_that_does_not_end_is_refused_and_lists_nothing(call: CLI, server: Overruled) -> None:
    endless = {"data": [{"id": "m"}], "has_more": True, "first_id": "m", "last_id": "m"}
    server.answer = lambda asked: Answered().saying(endless)
    assert call("models", "list", "--all").refusal.startswith("The server ignores the cursor 'm': ")


@pytest.mark.parametrize(
    "arguments",
    [("list", "--limit", "0"), ("list", "--lifecycle", "old"), ("list", "--timeout", "inf"), ("retrieve",)],
)
def test_a_wrong_call_is_2(call: CLI, arguments: tuple[str, ...]) -> None:
    assert call("models", *arguments).code == 2


@pytest.mark.usefixtures("server")
def test_a_pipe_gets_no_progress_even_if_colours_are_forced() -> None:
    done = program("models", "list", "--all", "--limit", "1", env={"FORCE_COLOR": "1"})
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.usefixtures("server")
def test_a_terminal_of_80_columns_has_them_all_whatever_is_in_them(empty: Installation) -> None:
    long = {"display_name": "日本語" * 20, "line": "embedding", "max_input_tokens": 131_072}
    empty.add(make_model("hf.co/meta-llama/Llama-3.3-70B-Instruct-GGUF:Q4_K_M", "2026-04-01", **long))
    wait_for(lambda: "hf.co" in program("models", "list").stdout, "the server to list what was added")
    lines = read(empty, "models", "list")
    assert lines[0].split() == ["ID", "Name", "Released", "Line", "Context", "Lifecycle"]
    assert "Too narrow" not in "\n".join(lines)
    assert max(map(cell_len, lines)) <= 80


@pytest.mark.usefixtures("server")
def test_a_terminal_sees_how_far_a_long_walk_is(empty: Installation) -> None:
    lines = read(empty, "models", "list", "--all", "--limit", "1")
    text = "\n".join(lines)
    assert "models…" in text
    assert "claude-a" in lines[-1]
    assert json.dumps(None) not in text


def test_all_pages_of_a_long_list_are_printed_without_keeping_a_model(call: CLI) -> None:
    count = repeated(10_000, 20_000)
    body = json.dumps({"data": [{"id": f"acme/{number}"} for number in range(count)]}).encode()
    with serve_lists({"long": Reply(body)}) as lists:
        tracemalloc.start()
        try:
            done = call("models", "list", "--all", "--base-url", lists.at("long"), "--api-key", "", "--json")
            times = tracemalloc.get_traced_memory()[1] / len(body)
        finally:
            tracemalloc.stop()
    assert done.out.count("acme/") == count
    assert times < 40, times


def test_headers_are_sent_and_a_wrong_one_is_refused(call: CLI, server: Overruled) -> None:
    asked_with: list[list[str]] = []

    def answer(asked: Asked) -> Answered:
        asked_with.append([asked.headers.get(name, "") for name in ("x-team", "x-gateway")])
        return Answered().saying({"data": [{"id": "m"}]} if asked.is_list else {"id": "m"})

    server.answer = answer
    headers = ("--header", "X-Team: blue", "--header", "x-gateway:0123456789")
    assert call("models", "list", *headers).code == 0
    assert call("models", "retrieve", "m", *headers).code == 0
    assert asked_with == [["blue", "0123456789"]] * 2
    refusal = call("models", "list", "--header", "0123456789").refusal
    assert refusal == "A header must be written 'Name: value'; this one has no colon."


@pytest.mark.parametrize("arguments", [(), ("--json",), ("--all",)])
def test_what_is_left_out_of_a_list_is_named_on_stderr(
    call: CLI, server: Overruled, arguments: tuple[str, ...]
) -> None:
    rows = [{"id": "good"}, {"id": ""}, {"id": "x\x1b" * 999}, *[7] * 9, {"id": "fine"}]
    server.answer = lambda asked: Answered().saying({"object": "list", "data": rows})
    result = call("models", "list", *arguments)
    assert result.code == 0
    assert "good" in result.out
    assert "fine" in result.out
    first, second, *_, last = result.err.splitlines()
    assert first == "Entry 2 is left out, as its id is empty."
    assert second == "Entry 3 (" + "x\ufffd" * 30 + ") is left out, as its id has more than 1,024 characters."
    assert last == "So are 6 other entries."


def listed(count: int, **fields: Any) -> Callable[[Asked], Answered]:
    body = {"object": "list", "data": [{"id": f"m-{number:06}", **fields} for number in range(count)]}
    return lambda asked: Answered().saying(body)


@pytest.mark.parametrize("count", [1000, 1001, 2500])
def test_a_list_of_any_length_is_a_table_with_aligned_columns_and_one_json_object(
    call: CLI, server: Overruled, count: int
) -> None:
    server.answer = listed(count, display_name="日本", line="opus")
    heading, rule, *rows = call("models", "list").out.splitlines()
    assert heading.split() == ["ID", "Name", "Released", "Line", "Context", "Lifecycle"]
    assert set(rule.strip()) == {"\N{BOX DRAWINGS LIGHT HORIZONTAL}"}
    assert [row.split()[0] for row in rows] == [f"m-{number:06}" for number in range(count)]
    assert {cell_len(row[: row.index("opus")]) for row in rows} == {heading.index("Line")}
    sent = call("models", "list", "--json").json
    assert [model["id"] for model in sent["data"]] == [f"m-{number:06}" for number in range(count)]
    assert list(sent) == ["data", "has_more", "first_id", "last_id"]


def test_a_column_of_a_long_list_grows_when_it_must(call: CLI, server: Overruled) -> None:
    rows = [{"id": "m"}] * 1500 + [{"id": "a-much-longer-id"}]
    server.answer = lambda asked: Answered().saying({"data": rows})
    lines = call("models", "list").out.splitlines()[2:]
    assert lines[0].split() == ["m", "m", "-", "-", "-", "active"]
    assert lines[-1].split()[0] == "a-much-longer-id"
