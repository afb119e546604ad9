"""ModelsAPI: what a test can make of it, and what it tells afterwards."""

import asyncio
import http.client
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
import requests
import trio

from callsheet.domain.errors import DoesNotExistError, InvalidError, ServeError
from callsheet.service.builtin import builtin_catalog
from callsheet.testing import API_KEY, START, ModelsAPI

VERSION = {"anthropic-version": "2023-06-01"}


@pytest.fixture
def api() -> Iterator[ModelsAPI]:
    with ModelsAPI() as started:
        yield started


def get(api: ModelsAPI, target: str = "/v1/models", key: str = API_KEY, **headers: str) -> httpx2.Response:
    """Ask as an Anthropic client does."""
    given = {"x-api-key": key, **VERSION, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return httpx2.get(f"{api.url}{target}", headers=given, trust_env=False, verify=False)


def ids(answer: httpx2.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [model["id"] for model in answer.json()["data"]]


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["message"]


def test_the_built_in_catalogue_is_listed_newest_first(api: ModelsAPI) -> None:
    listed = ids(get(api, "/v1/models?limit=1000&lifecycle=active,deprecated,retired"))
    assert sorted(listed) == sorted(model.id for model in builtin_catalog()[0])
    assert listed[0] == "claude-fable-5-2"
    assert get(api, "/v1/models/claude-opus-4-5").json()["id"] == "claude-opus-4-5-20251101"


def test_an_added_model_comes_first_and_what_was_done_to_it_shows(api: ModelsAPI) -> None:
    api.add("claude-next", max_tokens=64_000, retires_at=None)
    assert ids(get(api))[0] == "claude-next"
    api.change("claude-next", display_name="Claude Next", line="opus")
    api.deprecate("claude-next", retires_at="2026-12-24", replacement="claude-opus-5-5")
    model = get(api, "/v1/models/claude-next").json()
    assert (model["display_name"], model["line"], model["max_tokens"]) == ("Claude Next", "opus", 64_000)
    assert (model["lifecycle"], model["deprecated_at"]) == ("deprecated", "2026-11-29T00:00:00Z")
    assert model["retires_at"] == "2026-12-24T00:00:00Z"
    api.retire("claude-next")
    assert ids(get(api))[0] != "claude-next"
    assert ids(get(api, "/v1/models?lifecycle=retired"))[0] == "claude-next"


def test_a_hidden_model_can_be_retrieved_and_a_removed_one_still_is_a_cursor(api: ModelsAPI) -> None:
    first, second, third, *_ = ids(get(api))
    api.hide(first)
    assert ids(get(api))[0] == second
    assert get(api, f"/v1/models/{first}").status_code == 200
    api.unhide(first)
    api.remove(second)
    assert ids(get(api, f"/v1/models?limit=1&after_id={second}")) == [third]
    assert refusal(get(api, f"/v1/models/{second}")) == (404, f"model: {second}")


def test_an_alias_means_its_model_until_it_is_dropped(api: ModelsAPI) -> None:
    api.alias("best", "claude-opus-5-5")
    assert get(api, "/v1/models/best").json()["id"] == "claude-opus-5-5"
    api.unalias("best")
    assert refusal(get(api, "/v1/models/best")) == (404, "model: best")


def test_a_key_sees_what_its_workspace_sees_in_its_shape(api: ModelsAPI) -> None:
    team = api.workspace("team", allow=["claude-*"], deny=["*opus*"], shape="classic")
    key = api.key("team")
    models = get(api, "/v1/models?limit=1000", key).json()["data"]
    assert models
    assert not [model for model in models if "opus" in model["id"]]
    assert list(models[0]) == ["type", "id", "display_name", "created_at"]
    anywhere = api.key(organization=True)
    chosen = get(api, "/v1/models?limit=1000", anywhere, anthropic_workspace_id=team)
    assert chosen.json()["data"] == models
    assert refusal(get(api, key=key, anthropic_workspace_id="wrkspc_default")) == (
        403, "anthropic-workspace-id: not available to this API key",
    )  # fmt: skip


def test_a_key_expires_by_the_clock_of_the_double_and_can_be_disabled(api: ModelsAPI) -> None:
    key = api.key(expires_at="2026-11-30")
    api.clock.advance(hours=23, minutes=59, seconds=59)
    assert get(api, key=key).status_code == 200
    api.clock.advance(seconds=1)
    assert refusal(get(api, key=key)) == (401, "API key has expired.")
    api.clock.set("2026-11-29")
    assert get(api, key=key).status_code == 200
    api.disable_key(key)
    assert refusal(get(api, key=key)) == (401, "API key has been deactivated.")
    with pytest.raises(DoesNotExistError, match=r"^There is no key with this secret\.$"):
        api.disable_key("sk-nobody-has-this-one")


def test_time_stands_still_and_answers_say_so(api: ModelsAPI) -> None:
    assert api.clock.now() == START == datetime(2026, 11, 29, tzinfo=UTC)
    assert get(api).headers["date"] == "Sun, 29 Nov 2026 00:00:00 GMT"
    api.clock.advance(days=30, minutes=1)
    assert get(api).headers["date"] == "Tue, 29 Dec 2026 00:01:00 GMT"
    assert api.last_request.at == datetime(2026, 12, 29, 0, 1, tzinfo=UTC)
    assert api.retire("claude-opus-5-5").retires_at == api.clock.now()


def test_the_clock_begins_no_earlier_than_anything_the_built_in_catalogue_says_has_happened() -> None:
    models, _ = builtin_catalog()
    happened = [instant for model in models for instant in (model.created_at, model.deprecated_at) if instant]
    assert max(happened) <= START


@pytest.mark.parametrize("move", [{"days": 1e9}, {"seconds": float("nan")}])
def test_the_clock_refuses_to_leave_the_calendar(api: ModelsAPI, move: dict[str, float]) -> None:
    with pytest.raises(InvalidError, match=r"^The clock cannot be moved so far\.$"):
        api.clock.advance(**move)
    with pytest.raises(InvalidError, match="must be a time with a time zone"):
        api.clock.set(datetime(2026, 1, 1))  # noqa: DTZ001  # which is the point
    assert api.clock.now() == START


def test_the_journal_holds_what_was_asked_in_order(api: ModelsAPI) -> None:
    with pytest.raises(DoesNotExistError, match=r"^Nothing has been asked yet\.$"):
        _ = api.last_request
    get(api, "/v1/models?limit=2&after_id=acme%2Fa+b&lifecycle[]=active&lifecycle[]=retired")
    answer = get(api, "/v1/models/hf.co%2Facme%2Fx", "sk-wrong-but-long-enough")
    get(api, "/elsewhere")
    first, second, third = api.requests
    assert (first.method, first.path, first.status, first.model_id) == ("GET", "/v1/models", 400, None)
    assert first.query == {"limit": ["2"], "after_id": ["acme/a+b"], "lifecycle[]": ["active", "retired"]}
    assert (second.path, second.model_id, second.status) == ("/v1/models/hf.co%2Facme%2Fx", "hf.co/acme/x", 401)
    assert second.headers["x-api-key"] == "sk-wrong-but-long-enough"
    assert second.request_id == answer.headers["request-id"]
    assert (third.path, third.model_id, third.status) == ("/elsewhere", None, 404)
    assert api.last_request is third


def test_reset_brings_back_what_was_at_first() -> None:
    with ModelsAPI(["claude-a", "claude-b"], clock="2027-01-01") as api:
        first = get(api)
        api.add("claude-c")
        api.remove("claude-a")
        api.fail(status=500, times=None)
        api.clock.advance(days=1)
        key = api.key(api.workspace("team"))
        api.disable_key(API_KEY)
        api.reset()
        assert (api.requests, api.faults, api.clock.now()) == ([], [], datetime(2027, 1, 1, tzinfo=UTC))
        again = get(api)
        assert (again.content, list(again.headers.items())) == (first.content, list(first.headers.items()))
        assert refusal(get(api, key=key)) == (401, "invalid x-api-key")


def test_two_doubles_give_the_same_answers_byte_for_byte() -> None:
    with ModelsAPI() as one, ModelsAPI() as other:
        assert one.url != other.url
        for target in ("/v1/models", "/v1/models/none", "/nowhere"):
            first, second = get(one, target), get(other, target)
            assert first.content == second.content
            assert first.headers == second.headers


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"shape": "round"}, "shape must be current or classic, not 'round'."),
        ({"default_limit": 0}, "default_limit must be 1 to 1000, not 0."),
        ({"api_key": "short"}, "A secret must have 16 to 512 characters."),
        (
            {"clock": "soon"},
            "The time of the clock must be a day such as 2026-02-04, or an RFC 3339 time, not 'soon'.",
        ),
    ],
)
def test_an_option_that_is_not_valid_is_refused(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidError) as refused:
        ModelsAPI(**options)
    assert str(refused.value) == sentence


def test_options_change_what_is_answered() -> None:
    with ModelsAPI(shape="classic", default_limit=3, any_key=True) as api:
        page = get(api, key="sk-whatever").json()
    assert len(page["data"]) == 3
    assert list(page["data"][0]) == ["type", "id", "display_name", "created_at"]


def test_a_model_is_refused_in_one_sentence(api: ModelsAPI) -> None:
    fields: Any = {"max_token": 1}
    with pytest.raises(InvalidError, match=r"^max_token is not a field of a model; the fields are id, "):
        api.add("claude-x", **fields)
    fields = {"lifecycle": "old"}
    with pytest.raises(InvalidError, match=r"^lifecycle must be active, deprecated or retired, not 'old'\.$"):
        api.change("claude-opus-5-5", **fields)
    fields = {"id": "other"}
    with pytest.raises(InvalidError, match=r"^id of a model cannot be changed\.$"):
        api.change("claude-opus-5-5", **fields)
    patterns: Any = "claude-*"
    with pytest.raises(InvalidError, match=r"^allow and deny are lists of patterns, such as \['claude-\*'\]\.$"):
        api.workspace("team", allow=patterns)
    assert ModelsAPI().state.catalog.aliases() == api.state.catalog.aliases()


def test_the_environment_leads_clients_to_it_and_is_put_back(
    api: ModelsAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-of-the-developer")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "of-the-developer")
    before = dict(os.environ)
    with api.env as env:
        assert env == {
            "ANTHROPIC_BASE_URL": api.url,
            "ANTHROPIC_API_KEY": API_KEY,
            "OPENAI_BASE_URL": f"{api.url}/v1",
            "OPENAI_API_KEY": API_KEY,
        }
        assert os.environ.items() >= env.items()
        assert "ANTHROPIC_AUTH_TOKEN" not in os.environ
    assert dict(os.environ) == before


def test_a_proxy_of_the_developer_is_not_asked_for_it(api: ModelsAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with api.env, httpx2.Client(verify=False) as client:
        headers = {"x-api-key": api.api_key, **VERSION}
        assert client.get(f"{api.url}/v1/models", headers=headers).status_code == 200


def test_without_a_start_there_is_no_url_and_after_a_stop_a_new_one() -> None:
    api = ModelsAPI()
    with pytest.raises(ServeError, match="has not been started"):
        _ = api.url
    with api:
        assert api.start() is api
        assert get(api).status_code == 200
    with pytest.raises(ServeError, match="has not been started"):
        _ = api.url
    api.stop()
    with api:
        assert get(api).status_code == 200


def test_it_is_an_asynchronous_context_too() -> None:
    async def ask() -> int:
        async with ModelsAPI() as api, httpx2.AsyncClient(trust_env=False) as client:
            headers = {"x-api-key": api.api_key, **VERSION}
            answers = await asyncio.gather(*(client.get(f"{api.url}/v1/models", headers=headers) for _ in range(9)))
            assert {answer.status_code for answer in answers} == {200}
            return len(api.requests)

    assert asyncio.run(ask()) == 9


def test_it_can_be_asked_without_a_network() -> None:
    double = ModelsAPI([{"id": "hf.co/acme/m:Q4"}])

    async def ask(target: str) -> httpx2.Response:
        transport = httpx2.ASGITransport(app=double.asgi)
        async with httpx2.AsyncClient(transport=transport, base_url="http://models.test") as client:
            return await client.get(target, headers={"x-api-key": double.api_key, **VERSION})

    answer = asyncio.run(ask("/v1/models/hf.co%2Facme%2Fm:Q4?x=1"))
    assert answer.json()["id"] == "hf.co/acme/m:Q4"
    assert (double.last_request.path, double.last_request.query) == ("/v1/models/hf.co%2Facme%2Fm:Q4", {"x": ["1"]})


def test_without_a_network_it_serves_trio_as_well() -> None:
    double = ModelsAPI(["claude-a"])
    double.fail(delay=0.01, status=529)

    async def ask() -> int:
        transport = httpx2.ASGITransport(app=double.asgi)
        async with httpx2.AsyncClient(transport=transport, base_url="http://models.test") as client:
            return (await client.get("/v1/models?limit=1")).status_code

    assert trio.run(ask) == 529


def test_requests_and_the_standard_library_are_answered_too(api: ModelsAPI) -> None:
    headers = {"x-api-key": API_KEY, **VERSION}
    with requests.Session() as session:
        session.trust_env = False
        assert [len(session.get(f"{api.url}/v1/models", headers=headers).json()["data"]) for _ in range(3)]
        assert session.head(f"{api.url}/v1/models", headers=headers).status_code == 200
    connection = http.client.HTTPConnection(api.url.removeprefix("http://"))
    connection.request("GET", "/v1/models", headers=headers)
    assert connection.getresponse().read() == get(api).content
    connection.close()
    assert [request.method for request in api.requests] == ["GET", "GET", "GET", "HEAD", "GET", "GET"]


def test_its_first_start_costs_a_fraction_of_importing_it() -> None:
    """The first of all reads the built-in catalogue."""
    program = (
        "from time import process_time\n"
        "begun = process_time()\n"
        "from callsheet.testing import ModelsAPI\n"
        "imported = process_time()\n"
        "with ModelsAPI(): print((process_time() - imported) / (imported - begun))\n"
    )

    def first_start() -> float:
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        return float(done.stdout)

    assert any(first_start() < 0.25 for _ in range(3))


def test_it_needs_no_database_no_web_framework_and_no_command_line() -> None:
    program = (
        "import sys\n"
        "from callsheet.testing import ModelsAPI\n"
        "with ModelsAPI() as api: pass\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    for name in ("sqlalchemy", "alembic", "starlette", "uvicorn", "typer", "rich", "pytest"):
        assert f"'{name}'" not in done.stdout


def test_importing_the_plugin_imports_nothing_of_the_double() -> None:
    program = (
        "import sys, callsheet.testing.plugin; print(sorted(name for name in sys.modules if 'callsheet' in name))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    loaded = ["callsheet", "callsheet._version", "callsheet.testing", "callsheet.testing.plugin"]
    assert done.stdout.strip() == str(loaded)


def test_a_model_whose_deprecation_lies_ahead_of_the_clock_can_still_be_hidden() -> None:
    double = ModelsAPI(clock="2026-11-20")  # before the built-in Claude Opus 4.5 was deprecated
    assert double.hide("claude-opus-4-5-20251101").hidden
    with pytest.raises(InvalidError, match="deprecated_at"):
        double.change("claude-opus-4-5-20251101", retires_at="2027-02-01")
