"""``callsheet doctor``, called as a person calls it."""

import json
import re
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import trustme
from rich.cells import cell_len

from callsheet.doctor.clients.rules import load_clients
from callsheet.doctor.contract.page import section_link
from callsheet.doctor.report import Report
from tests.broken import bugs, replies
from tests.broken.asking import Answered, Ask, Asked, Bug
from tests.broken.serving import make_app, serve_app, serve_broken, serve_nothing, serve_silence
from tests.cli.conftest import CLI, Result, call
from tests.cli.test_terminal import read
from tests.doctor.conftest import ALIAS, Stocked
from tests.installation import make_model
from tests.program import Server
from tests.program import call as call_program
from tests.tiers import first

__all__ = ["call"]  # the fixture

CLIENTS: Final = [rules.name for rules in load_clients()]

#: Only some clients: most tests here are about the command.
QUICK: Final = ("--client", "claude-code")


@pytest.fixture
def doctor(call: CLI, stocked: Stocked, monkeypatch: pytest.MonkeyPatch) -> CLI:
    """Call ``callsheet doctor`` with the key in the environment."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", stocked.key)
    return lambda *arguments, **options: call("doctor", *arguments, **options)


@pytest.fixture
def url(stocked: Stocked) -> Iterator[str]:
    """A correct server."""
    with serve_broken(stocked.installation, default_limit=1000) as url:
        yield url


# --- our own server


def test_our_own_server_gets_a_hundred_per_cent(tmp_path: Path) -> None:
    with Server(tmp_path / "callsheet.db") as server:
        done = call_program("doctor", server.url, "--api-key", server.key, "--alias", ALIAS, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    report = Report.model_validate_json(done.stdout)
    assert (report.score, report.worst, report.speaks) == (100, None, ("anthropic", "openai"))
    assert [client.name for client in report.clients] == CLIENTS


def test_it_needs_nothing_of_the_server(stocked: Stocked, url: str) -> None:
    absent = "import sys; sys.modules.update(dict.fromkeys(('sqlalchemy', 'starlette', 'uvicorn', 'alembic')))"
    program = f"{absent}; from callsheet.cli.app import run; sys.exit(run())"
    command = [sys.executable, "-c", program, "doctor", url, "--api-key", stocked.key, *QUICK]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# --- what is printed


def test_a_pipe_gets_markdown(doctor: CLI, url: str) -> None:
    done = doctor(url, "--alias", ALIAS)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"# callsheet doctor {url}\n\n16 models in Anthropic's format and OpenAI's format; ")
    assert re.search(r"^\| Claude Code \| 16 of 16 models \| [\d.]+ m?s of 3 s \| ok \|$", done.out, re.MULTILINE)
    assert "## Conformance: 100 %\n" in done.out
    assert "| 3. Order and paging | 25 | 0 | 0 | 0 |\n" in done.out
    rows = [line for line in done.out.splitlines() if line.startswith("|")]
    assert {row.count("|") for row in rows} == {5, 6}


def test_json_is_the_report(doctor: CLI, url: str) -> None:
    done = doctor(url, "--json", *QUICK)
    report = Report.model_validate(done.json)
    assert json.loads(report.model_dump_json()) == done.json
    assert set(done.json) == set(Report.model_fields)
    assert [section["contract"] for section in done.json["sections"]] == [
        section_link(section.number) for section in report.sections
    ]


def test_findings_name_models_reasons_and_what_to_do(doctor: CLI, stocked: Stocked) -> None:
    stocked.installation.add(make_model("kimi-k3", "2026-10-01"))
    with serve_broken(stocked.installation, bugs.null_cursors) as url:
        played = [f"--client={name}" for name in ("claude-code", "claude-desktop", "java-sdk", "python-sdk")]
        done = doctor(url, *played)
    assert (
        "* *warning* Claude Code 2.1.223 and newer: `kimi-k3`: Claude Code keeps only ids that contain `claude` or "
        "`anthropic`. Give it an id that contains `claude`, such as `claude-kimi-k3`, here and in the gateway.\n"
    ) in done.out
    assert "* **error** Java SDK, Python SDK: Paging stops after page 1: has_more is true, but last_id" in done.out
    assert "\nApart from that, 1 rule of the contract is broken; --contract shows them.\n" in done.out
    assert "\n* Claude Desktop: " in done.out


def test_the_report_says_what_users_without_a_list_see(doctor: CLI, stocked: Stocked) -> None:
    with serve_broken(stocked.installation, bugs.redirect_to_the_slash) as url:
        done = doctor(url, "--client", "librechat", "--client", "claude-code")
    assert "Claude Code treats a redirect as a failure, so that its key goes to no other server." in done.out
    assert "\n* LibreChat: LibreChat's own built-in list of models.\n" in done.out
    assert "--contract shows them." in done.out


def test_verbose_lists_every_rule(doctor: CLI, stocked: Stocked) -> None:
    with serve_broken(stocked.installation, bugs.map_order) as url:
        done = doctor(url, "--verbose", *QUICK)
    assert "* kept `models-are-listed-once`: No model is listed twice\n" in done.out
    assert (
        "* **broken** `order-is-stable`: The order does not change from one response to the next (The order"
        in done.out
    )
    assert (
        "* blocked `newest-come-first`: Newer models come first (not tested, as this rule is broken: The"
        in done.out
    )
    assert "* not applicable `aliases-are-not-listed`: Aliases are not listed (no alias is known; name" in done.out


@pytest.mark.parametrize("columns", first([80, 120]))
def test_no_line_is_wider_than_the_terminal(
    columns: int, stocked: Stocked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", stocked.key)
    stocked.installation.add(make_model("a-model-with-quite-a-long-name/" * 5 + "x", "2026-10-01"))
    with serve_broken(stocked.installation) as url:
        read_lines = read(stocked.installation, "doctor", url, columns=columns)
    lines = [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line) for line in read_lines]
    text = "\n".join(lines)
    assert max(map(cell_len, lines)) <= columns
    assert "Conformance: 100 %" in text
    assert "**" not in text


def test_an_answer_cannot_move_the_cursor_of_a_terminal(doctor: CLI, stocked: Stocked) -> None:
    async def paint(asked: Asked, ask: Ask) -> Answered:
        return (await ask(asked)).each_model(lambda model: {**model, "id": f"{model['id']}\x1b[2J\r"})

    with serve_broken(stocked.installation, paint) as url:
        done = doctor(url)
    assert "\x1b" not in done.out
    assert "\r" not in done.out


# --- exit codes


@pytest.mark.parametrize(
    ("bug", "fail_on", "code"),
    [
        (bugs.null_cursors, "error", 5),
        (bugs.null_cursors, "note", 5),
        (bugs.null_cursors, "never", 0),
        (bugs.any_limit, "error", 0),
        (bugs.any_limit, "warning", 4),
        (bugs.any_limit, "note", 4),
        (bugs.no_request_id, "warning", 0),
        (bugs.no_request_id, "note", 3),
    ],
)
def test_the_worst_finding_makes_the_exit_code(
    bug: Bug, fail_on: str, code: int, doctor: CLI, stocked: Stocked
) -> None:
    with serve_broken(stocked.installation, bug) as url:
        assert doctor(url, "--fail-on", fail_on, *QUICK, "--contract").code == code


def test_with_a_client_only_what_concerns_it_counts_and_the_rest_is_one_line(doctor: CLI, stocked: Stocked) -> None:
    with serve_broken(stocked.installation, bugs.ignored_limit, default_limit=1000) as url:
        alone = doctor(url, "--fail-on", "note", *QUICK)
        beside = doctor(url, "--fail-on", "note", *QUICK, "--contract")
        everything = doctor(url, "--fail-on", "note")
    assert alone.code == 0
    assert "Found for Claude Code: nothing.\n" in alone.out
    assert alone.out.endswith("\nApart from that, 7 rules of the contract are broken; --contract shows them.\n")
    assert "Conformance" not in alone.out
    assert (beside.code, everything.code) == (5, 5)
    headline = "* **error** 3. Order and paging: `limit` is ignored: limit=1 returned 16 models. "
    assert headline in beside.out
    assert headline in everything.out
    assert "§" not in everything.out


@pytest.mark.parametrize("client", ["claude-code", "python-sdk"])
def test_the_exit_code_is_that_of_the_client_that_is_named(client: str, doctor: CLI, stocked: Stocked) -> None:
    with serve_broken(stocked.installation, bugs.ignored_limit, default_limit=1000) as url:
        assert doctor(url, "--client", client).code == {"claude-code": 0, "python-sdk": 5}[client]


@pytest.mark.parametrize(
    ("model_id", "advice"),
    [
        ("kimi-k3", "Give it an id that contains `claude`, such as `claude-kimi-k3`, here and in the gateway."),
        (
            "hf.co/acme/maple",
            "Give it an id that contains `claude`, such as `claude-maple`, here and in the gateway.",
        ),
        (
            "/data/models/Qwen/",
            "Give it an id that contains `claude`, such as `claude-Qwen`, here and in the gateway.",
        ),
        (
            "acme/claude-GLM",
            "Update Claude Code to 2.1.223 or newer, or give it an id that begins with one of the words",
        ),
    ],
)
def test_the_advice_on_an_id_is_one_that_works(model_id: str, advice: str, doctor: CLI) -> None:
    models = [replies.GOOD, replies.model(model_id)]
    with replies.serve_lists({"x": replies.page(*models)}) as lists:
        done = doctor(lists.at("x"), *QUICK)
    assert advice in done.out
    assert "claude-claude" not in done.out
    assert "alias" not in done.out


# --- the key


@pytest.mark.parametrize("name", ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "OPENAI_API_KEY"])
def test_the_key_is_found_in_the_environment(
    name: str, call: CLI, stocked: Stocked, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, stocked.key)
    assert call("doctor", url, *QUICK).code == 0


def test_the_key_can_come_from_stdin(call: CLI, stocked: Stocked, url: str) -> None:
    assert call("doctor", url, "--api-key", "-", *QUICK, stdin=f"{stocked.key}\n").code == 0


def test_without_a_key_it_says_how_to_give_one(call: CLI, url: str) -> None:
    refusal = call("doctor", url).refusal
    assert refusal == (
        "There is no API key; pass --api-key KEY or set ANTHROPIC_API_KEY (any word, if the server needs none)."
    )


def test_a_key_that_no_header_can_carry_is_refused_unseen(call: CLI, url: str) -> None:
    refusal = call("doctor", url, "--api-key", "sk-ключ").refusal
    assert refusal == "The API key holds a character that no header can carry; check that it was copied whole."


def test_a_key_that_the_server_does_not_know_is_refused(doctor: CLI, url: str) -> None:
    refusal = doctor(url, "--api-key", "sk-not-known").refusal
    assert refusal == (
        f'{url}/v1/models refuses the key with 401: "invalid x-api-key"; give a key that the server knows with '
        "--api-key, or what else it needs with --header."
    )


# --- what cannot be examined


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("ftp://gateway", "ftp://gateway is not an HTTP URL; give the base URL of the API, such as "),
        ("gateway.example.com", "gateway.example.com is not an HTTP URL; "),
        ("http://", "http:// is not an HTTP URL; "),
        ("http://[::1", "http://[::1 is not a URL; "),
        ("http://gateway:port", "http://gateway:port is not a URL; "),
        ("http://gateway\n", "That is not a URL; "),
        ("", " is not an HTTP URL; "),
        ("http://me:secret@gateway", "The URL holds a user name or password; give the key with --api-key instead."),
        ("http://gateway/?key=secret", "The URL has more than a path; give the base URL of the API, "),
        ("http://gateway/#x", "The URL has more than a path; "),
    ],
)
def test_an_invalid_url_is_refused(url: str, sentence: str, doctor: CLI) -> None:
    refusal = doctor(url).refusal
    assert refusal.startswith(sentence.strip())
    assert "secret" not in refusal


@pytest.mark.parametrize("suffix", ["/", "/v1", "/v1/", "/v1/models", "/v1/models/"])
def test_what_people_paste_is_taken_for_the_base_url(suffix: str, doctor: CLI, url: str) -> None:
    assert doctor(url + suffix, "--json", *QUICK).json["url"] == url


def test_a_server_below_a_prefix_is_examined_there(doctor: CLI, stocked: Stocked) -> None:
    with serve_broken(stocked.installation, root_path="/gate way") as url:
        done = doctor(f"{url}/gate%20way", "--json", *QUICK)
    assert (done.json["score"], done.json["url"]) == (100, f"{url}/gate%20way")


@pytest.mark.parametrize(
    ("bug", "sentence"),
    [
        (bugs.html, "answers with a web page; give the base URL of the API, not of its web interface."),
        (bugs.invalid_json, "answers with 200 and a body (application/json) that is not JSON; check the URL."),
        (bugs.always_500, 'fails with 500: "Internal Server Error"; see the server\'s log.'),
    ],
)
def test_a_server_without_a_list_is_refused_in_a_sentence(
    bug: Bug, sentence: str, doctor: CLI, stocked: Stocked
) -> None:
    with serve_broken(stocked.installation, bug) as url:
        assert doctor(url).refusal == f"{url}/v1/models {sentence}"


def test_a_url_that_leads_nowhere_is_refused(doctor: CLI, url: str) -> None:
    refusal = doctor(f"{url}/nowhere").refusal
    assert refusal == f"There is no {url}/nowhere/v1/models (404); give the URL that /v1/models is added to."


def test_a_body_that_is_too_large_is_not_read_to_its_end(doctor: CLI, stocked: Stocked) -> None:
    with serve_broken(stocked.installation, bugs.too_large) as url:
        refusal = doctor(url).refusal
    assert refusal == (
        f"The server at {url} answered with more than 64 MiB; a list of models is smaller, so check the URL."
    )


def test_a_server_that_hangs_is_refused(doctor: CLI) -> None:
    with serve_silence() as url:
        refusal = doctor(url, "--timeout", "0.2").refusal
    assert refusal == (
        f"The server at {url} did not answer within 0.2 s; find out what it waits for, "
        "or allow more with --timeout."
    )


def test_a_server_that_cannot_be_reached_is_refused(doctor: CLI) -> None:
    with serve_nothing() as url:
        assert doctor(url).refusal == f"The server at {url} cannot be reached; start it, or check host and port."


def test_a_certificate_that_is_not_trusted_is_refused_and_can_be_trusted(
    doctor: CLI, stocked: Stocked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    with make_app(stocked.installation) as app, serve_app(app, tls) as url:
        refusal = doctor(url).refusal
        authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
        trusted = doctor(url, "--json", *QUICK)
    assert refusal.startswith(f"The server at {url} cannot be trusted or spoken to over TLS (")
    assert refusal.endswith("; check the certificate and the port, or name your own authority in SSL_CERT_FILE.")
    assert trusted.json["score"] == 100


def test_tls_to_a_server_of_plain_http_is_refused(doctor: CLI, url: str) -> None:
    refusal = doctor(url.replace("http:", "https:")).refusal
    assert "over TLS" in refusal


def test_all_clients_are_all_also_beside_one(doctor: CLI, url: str) -> None:
    done = doctor(url, "--json", *QUICK, "--client", "all")
    assert [client["name"] for client in done.json["clients"]] == CLIENTS


def test_a_client_that_is_not_known_is_refused(doctor: CLI, url: str) -> None:
    assert doctor(url, "--client", "gemini-cli").refusal.startswith("No client is called gemini-cli; known are ")


@pytest.mark.parametrize("wrong", [("--fail-on", "fatal"), ("--timeout", "0"), ()])
def test_a_wrong_call_exits_with_2(wrong: tuple[str, ...], call: CLI) -> None:
    done: Result = call("doctor", *(("http://gateway", *wrong) if wrong else ()))
    assert (done.code, done.out) == (2, "")


@pytest.mark.parametrize(
    ("variable", "value"), [("SSL_CERT_FILE", "/nope"), ("ALL_PROXY", "gopher://u:hush@proxy")]
)
def test_an_environment_that_cannot_be_used_is_refused(
    doctor: CLI, url: str, variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    told = doctor(url).refusal
    assert variable in told
    assert "hush" not in told


def test_the_help_names_every_client(call: CLI) -> None:
    text = "".join(call("doctor", "--help").out.split())  # it may be folded at a hyphen
    assert [name for name in (*CLIENTS, "all") if name not in text] == []


def test_versions_that_differ_in_nothing_are_one_range(doctor: CLI, stocked: Stocked) -> None:
    with serve_broken(stocked.installation, bugs.only_bearer, default_limit=1000) as url:
        done = doctor(url, *QUICK)
    assert "\n* **error** Claude Code 2.1.129 and newer (ANTHROPIC_API_KEY): A request with `x-api-key`" in done.out
    assert "\n| Claude Code 2.1.129 and newer (ANTHROPIC_API_KEY) | no list |" in done.out
