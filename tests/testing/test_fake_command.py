"""``callsheet fake``: the double as a process, for programs in other languages."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.cli.conftest import CLI, call  # noqa: F401  # a fixture
from tests.clients.programs import go_driver, java_driver, run_driver, typescript_driver
from tests.clients.server import ClientServer
from tests.program import Program, credentials
from tests.tiers import exhaustive

KEY = "sk-of-some-other-language"


class Fake(Program):
    """``callsheet fake`` on a free port, ready."""

    def __init__(self, *arguments: str) -> None:
        super().__init__("fake", "--port", "0", *arguments)

    def __enter__(self) -> "Fake":
        super().__enter__()
        self.url = self.printed(r"Callsheet fakes \d+ models at (http://\S+)\n")[1]
        self.client = httpx2.Client(base_url=self.url, headers=credentials(KEY), trust_env=False, timeout=60)
        return self

    def __exit__(self, *about: Any) -> None:
        if hasattr(self, "client"):
            self.client.close()
        super().__exit__(*about)

    def page(self, **query: Any) -> httpx2.Response:
        return self.client.get("/v1/models", params=query)

    def ids(self, **query: Any) -> list[str]:
        return [model["id"] for model in self.page(**query).raise_for_status().json()["data"]]

    def do(self, verb: str, **arguments: Any) -> Any:
        return self.client.post(f"/_fake/{verb}", json=arguments).raise_for_status().json()["result"]

    def refused(self, verb: str, content: str) -> str:
        answer = self.client.post(f"/_fake/{verb}", content=content)
        assert answer.status_code == 400
        return str(answer.json()["error"]["message"])


@pytest.fixture(scope="module")
def running() -> Iterator[Fake]:
    with Fake() as fake:
        yield fake


@pytest.fixture
def fake(running: Fake) -> Fake:
    """One for all tests of this file, as it was at first."""
    running.do("reset")
    return running


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_it_prints_its_address_in_one_line_and_stops_on_a_signal(number: signal.Signals) -> None:
    with Fake() as fake:
        assert fake.page().status_code == 200
        assert fake.stop(number) == 0
        assert (fake.stdout, fake.stderr) == (f"Callsheet fakes 34 models at {fake.url}\n", "")


def test_the_line_can_be_json() -> None:
    with Program("fake", "--port", "0", "--json", "--api-key", KEY) as fake:
        line = json.loads(fake.printed(r"\{.*\}\n")[0])
        assert list(line) == ["url", "api_key", "models"]
        assert (line["api_key"], line["models"]) == (KEY, 34)
        for key, status in ((KEY, 200), ("sk-another", 401)):
            answer = httpx2.get(f"{line['url']}/v1/models", headers=credentials(key), trust_env=False, verify=False)
            assert answer.status_code == status


def test_flags_choose_catalogue_shape_limit_clock_and_faults(tmp_path: Path) -> None:
    file = tmp_path / "recorded.json"
    file.write_text('{"data": [{"id": "claude-a"}, {"id": "claude-b"}]}')
    faults = ("--fault", "status=429,retry_after=2,times=2,on=list", "--fault", "has_more=false")
    options = ("--catalog", str(file), "--shape", "classic", "--default-limit", "1", "--clock", "2030-01-01")
    with Fake(*options, *faults) as fake:
        busy = fake.page()
        assert (busy.status_code, busy.headers["retry-after"]) == (429, "2")
        assert fake.client.get("/v1/models/claude-b").json()["created_at"] == "1970-01-01T00:00:00Z"
        assert fake.page().status_code == 429
        assert [fake.page().json()["has_more"] for _ in range(2)] == [False, True]
        assert list(fake.page().json()["data"][0]) == ["type", "id", "display_name", "created_at"]
        assert fake.page().headers["date"] == "Tue, 01 Jan 2030 00:00:00 GMT"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("--fault slow", "A fault has no option 'slow'; it has status, "),
        ("--fault status=1", "The fault is not valid: status: input should be greater than or equal to 400."),
        ("--catalog nowhere.json", "The catalogue nowhere.json cannot be read: No such file or directory."),
        ("--clock noon", "The time of the clock must be a day such as "),
        ("--host 192.0.2.1", "Cannot listen on 192.0.2.1 port 4010: "),
        ("--api-key short", "A secret must have 16 to 512 characters."),
        ("--api-key=", "A secret must have 16 to 512 characters."),  # as of a variable that is not set
    ],
)
def test_a_flag_that_makes_no_sense_is_refused(call: CLI, arguments: str, sentence: str) -> None:  # noqa: F811
    assert call("fake", *arguments.split()).refusal.startswith(sentence)


def test_it_works_without_the_server_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "for name in ('alembic', 'limits', 'sqlalchemy', 'starlette', 'uvicorn'):\n"
        "    sys.modules[name] = None\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with Fake() as fake:
        assert fake.page().status_code == 200
    with Program("serve", "--port", "0") as serve:
        assert serve.ended() == 1
        assert serve.stderr == "callsheet: sqlalchemy is missing; run: pip install 'callsheet[server]'\n"


def test_every_verb_of_the_fixture_can_be_called(fake: Fake) -> None:
    assert fake.do("add", model_id="claude-next", line="opus")["created_at"] == "2026-11-29T00:00:00Z"
    fake.do("alias", alias="next", model_id="claude-next")
    assert fake.client.get("/v1/models/next").json()["line"] == "opus"
    fake.do("unalias", alias="next")
    assert fake.do("change", model_id="claude-next", display_name="Next")["display_name"] == "Next"
    assert fake.do("deprecate", model_id="claude-next", retires_at="2026-12-24")["lifecycle"] == "deprecated"
    fake.do("hide", model_id="claude-next")
    assert fake.ids()[0] == "claude-fable-5-2"
    fake.do("unhide", model_id="claude-next")
    assert fake.ids()[0] == "claude-next"
    fake.do("advance", days=1)
    assert fake.do("retire", model_id="claude-next")["retires_at"] == "2026-11-30T00:00:00Z"
    fake.do("remove", model_id="claude-next")
    fake.do("set_clock", instant="2027-01-01")
    assert fake.page().headers["date"] == "Fri, 01 Jan 2027 00:00:00 GMT"
    workspace = fake.do("workspace", name="team", allow=["claude-opus-*"], shape="classic")
    key = fake.do("key", workspace=workspace, expires_at="2027-02-01")
    models = fake.client.get("/v1/models", headers={"x-api-key": key}).json()["data"]
    assert {model["id"].rpartition("opus")[0] for model in models} == {"claude-"}
    fake.do("disable_key", secret=key)
    assert fake.do("fail", status=503, times=None)["times"] is None
    assert fake.page().status_code == 503
    (fault,) = fake.client.get("/_fake/faults").json()["data"]
    assert (fault["status"], fault["used"]) == (503, 1)


def test_the_journal_can_be_read_and_has_no_control_requests(fake: Fake) -> None:
    fake.page(limit=1)
    fake.do("add", model_id="claude-x")
    (request,) = fake.client.get("/_fake/requests").json()["data"]
    assert (request["method"], request["path"], request["query"]) == ("GET", "/v1/models", {"limit": ["1"]})
    assert (request["headers"]["x-api-key"], request["status"]) == (KEY, 200)
    assert (request["at"], request["model_id"]) == ("2026-11-29T00:00:00Z", None)
    fake.do("reset")
    assert fake.client.get("/_fake/requests").json() == {"data": []}


@pytest.mark.parametrize(
    ("verb", "content", "sentence"),
    [
        ("add", "{", "The body is not valid JSON: "),
        ("add", "[]", "The body must be a JSON object of arguments"),
        ("add", "{}", "add: model_id: missing required argument."),
        ("add", '{"model_id": 5}', "add: model_id: input should be a valid string."),
        (
            "add",
            '{"model_id": "claude-opus-5-5"}',
            "claude-opus-5-5 is in the catalogue already; change it instead.",
        ),
        ("add", '{"model_id": "x", "max_tokens": "many"}', "max_tokens must be a whole number of tokens"),
        (
            "add",
            '{"model_id": "x", "self": 1}',
            "self is not a field of a model; the fields are id, ",
        ),
        ("retire", '{"model_id": "x", "when": "now"}', "retire: when: unexpected keyword argument."),
        ("fail", '{"on": "mondays"}', "fail: on: input should be 'list' or 'retrieve'."),
        ("fail", "", "The fault is not valid: nothing would go wrong; "),
        ("workspace", '{"name": "a", "allow": "claude-*"}', "workspace: allow: "),
        ("advance", '{"days": 1e300}', "The clock cannot be moved so far."),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_sentence(fake: Fake, verb: str, content: str, sentence: str) -> None:
    assert fake.refused(verb, content).startswith(sentence)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/_fake/add"),
        ("HEAD", "/_fake/add"),
        ("POST", "/_fake/requests"),
        ("POST", "/_fake/stop"),
        ("POST", "/_fake/"),
        ("GET", "/_fake"),
    ],
)
def test_nothing_else_is_there(fake: Fake, method: str, path: str) -> None:
    assert fake.client.request(method, path).status_code == 404


def driver_of(sdk: str) -> list[str]:
    """The command that drives the fake with an official client."""
    if sdk == "go":
        return go_driver("fake")
    if sdk.startswith("java-"):
        return java_driver(sdk, "fake")
    node, _, name = typescript_driver(sdk)
    return [node, str(Path(__file__).with_name("drive_fake.mjs")), name]


@pytest.mark.parametrize(
    ("sdk", "language", "cut"),
    [
        pytest.param("sdk-0", "typescript", "TypeError", marks=exhaustive),
        ("sdk-1", "typescript", "TypeError"),  # what fetch throws; the client lets it through
        ("go", "go", "error reading response body: unexpected EOF"),
        # These meet the double in test_official_clients.py, too.
        pytest.param("java-2.58", "java", "AnthropicInvalidDataException", marks=exhaustive),
        pytest.param("java-3", "java", "AnthropicInvalidDataException", marks=exhaustive),
    ],
)
def test_official_clients_walk_through_it_and_obey_retry_after(
    fake: Fake, sdk: str, language: str, cut: str, tmp_path: Path
) -> None:
    expected = fake.ids(limit=1000)
    fake.do("reset")
    report = run_driver(driver_of(sdk), ClientServer(fake.url, KEY, [], tmp_path), {})
    assert report["walked"] == expected
    assert report["after_busy"] == expected[0]
    assert report["statuses"] == [429, 200]
    assert report["added"] == f"claude-of-{language}"
    assert report["cut"] == cut
