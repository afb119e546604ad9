"""Whom a client asks, and as whom: arguments, environment, headers."""

from traceback import StackSummary, TracebackException
from typing import Any

import httpx2
import pytest

from callsheet import APIConnectionError, AsyncClient, Client, InvalidError, SettingsError, __version__
from callsheet.client.options import read_options
from tests.client.asking import Script, page


def sent(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], **options: Any) -> httpx2.Request:
    """The request of a client with these variables and arguments."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    script = Script(page())
    Client(http_client=httpx2.Client(transport=httpx2.MockTransport(script)), **options).models.list()
    return script.asked[0]


KEYS = {"ANTHROPIC_API_KEY": "sk-key", "ANTHROPIC_AUTH_TOKEN": "sk-token"}


@pytest.mark.parametrize(
    ("environment", "options", "header"),
    [
        (KEYS, {}, ("x-api-key", "sk-key")),
        ({"ANTHROPIC_AUTH_TOKEN": "sk-token"}, {}, ("authorization", "Bearer sk-token")),
        ({**KEYS, "ANTHROPIC_API_KEY": ""}, {}, ("authorization", "Bearer sk-token")),
        (KEYS, {"api_key": "sk-mine"}, ("x-api-key", "sk-mine")),
        (KEYS, {"auth_token": "sk-mine"}, ("authorization", "Bearer sk-mine")),
        (KEYS, {"auth_token": "sk-no", "api_key": "sk-mine"}, ("x-api-key", "sk-mine")),
        (KEYS, {"api_key": " sk-mine\n"}, ("x-api-key", "sk-mine")),
        (KEYS, {"api_key": ""}, None),
        ({"OPENAI_API_KEY": "sk-o"}, {"dialect": "openai"}, ("authorization", "Bearer sk-o")),
        ({}, {"dialect": "openai", "api_key": "sk-mine"}, ("authorization", "Bearer sk-mine")),
    ],
)
def test_one_credential_is_sent_and_an_argument_wins(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], options: dict[str, Any], header: tuple[str, str]
) -> None:
    request = sent(monkeypatch, environment, **options)
    credentials = [each for each in request.headers.items() if each[0] in ("x-api-key", "authorization")]
    assert credentials == ([header] if header else [])


@pytest.mark.parametrize(
    ("environment", "options", "url"),
    [
        ({}, {}, "https://api.anthropic.com/v1/models"),
        ({"ANTHROPIC_BASE_URL": "http://gateway:80/anthropic/"}, {}, "http://gateway:80/anthropic/v1/models"),
        ({"ANTHROPIC_BASE_URL": ""}, {}, "https://api.anthropic.com/v1/models"),
        ({"ANTHROPIC_BASE_URL": "http://no"}, {"base_url": "http://[::1]:1/v1"}, "http://[::1]:1/v1/models"),
        ({"ANTHROPIC_BASE_URL": "http://no"}, {"dialect": "openai"}, "https://api.openai.com/v1/models"),
        ({"OPENAI_BASE_URL": "http://ollama:11434"}, {"dialect": "openai"}, "http://ollama:11434/v1/models"),
        ({}, {"dialect": "openai", "base_url": "https://g/openai/v1"}, "https://g/openai/v1/models"),
        ({}, {"dialect": "openai", "base_url": "https://g/v1beta/openai"}, "https://g/v1beta/openai/models"),
    ],
)
def test_the_base_url_is_understood_as_the_sdks_of_the_dialect_do(
    environment: dict[str, str], options: dict[str, Any], url: str
) -> None:
    assert f"{read_options(environment, api_key='k', **options).root}/models" == url


def test_a_request_says_who_asks_and_in_which_version(monkeypatch: pytest.MonkeyPatch) -> None:
    headers = sent(monkeypatch, {"ANTHROPIC_API_KEY": "k"}).headers
    assert headers["anthropic-version"] == "2023-06-01"
    assert headers["user-agent"] == f"callsheet/{__version__}"
    assert "anthropic-beta" not in headers
    assert "anthropic-version" not in sent(monkeypatch, {}, api_key="k", dialect="openai").headers


def test_parameters_go_over_the_wire_as_the_official_sdks_send_them() -> None:
    script = Script(page())
    script.client().models.list(
        after_id="a/b", limit=5, lifecycle=["active", "retired"], workspace_id="wrkspc_1", betas=("x-1", "y-2")
    )
    (request,) = script.asked
    assert request.url.query == b"after_id=a%2Fb&limit=5&lifecycle%5B%5D=active&lifecycle%5B%5D=retired"
    assert request.headers["anthropic-workspace-id"] == "wrkspc_1"
    assert request.headers["anthropic-beta"] == "x-1,y-2"


@pytest.mark.parametrize(
    ("model_id", "path"),
    [
        ("claude-x", b"/v1/models/claude-x"),
        ("hf.co/a/m:Q4", b"/v1/models/hf.co%2Fa%2Fm:Q4"),
        ("a b+c?d#e%2F@f", b"/v1/models/a%20b%2Bc%3Fd%23e%252F@f"),
        ("../keys", b"/v1/models/..%2Fkeys"),
        ("é", b"/v1/models/%C3%A9"),
    ],
)
def test_an_id_is_one_segment_of_the_path(model_id: str, path: bytes) -> None:
    script = Script({"id": "m"})
    script.client().models.retrieve(model_id)
    assert script.asked[0].url.raw_path == path


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "There is no API key; set ANTHROPIC_API_KEY or pass a key (an empty one if the server needs none)."),
        (
            {"dialect": "openai"},
            "There is no API key; set OPENAI_API_KEY or pass a key (an empty one if the server",
        ),
        ({"api_key": "sk-é"}, "The API key must be visible ASCII characters without spaces, as headers carry it."),
        ({"api_key": "sk-\nsecret"}, "The API key must be visible ASCII characters without spaces"),
        (
            {"api_key": "k", "base_url": "ftp://x"},
            "base_url must be an HTTP URL such as https://api.anthropic.com, ",
        ),
        ({"api_key": "k", "base_url": "localhost:8484"}, "base_url must be an HTTP URL such as "),
        ({"api_key": "k", "base_url": ""}, "base_url must be an HTTP URL such as "),
        ({"api_key": "k", "base_url": "http://"}, "base_url must be an HTTP URL such as "),
        ({"api_key": "k", "base_url": "http://x:port"}, "base_url must be an HTTP URL such as "),
        ({"api_key": "k", "base_url": "http://[x"}, "base_url must be an HTTP URL such as "),
        ({"api_key": "k", "base_url": "http://a b"}, "base_url must be an HTTP URL such as "),
        ({"api_key": "k", "base_url": "http://x?a=1"}, "base_url must end with its path, such as "),
        (
            {"api_key": "k", "base_url": "http://me:sk-s@x"},
            "base_url must hold no user or password; give the key as ",
        ),
        ({"api_key": "k", "dialect": "gemini"}, "dialect must be anthropic or openai, not 'gemini'."),
        ({"api_key": "k", "base_url": "http://x?"}, "base_url must end with its path, such as "),
        ({"api_key": "k", "base_url": "http://x#"}, "base_url must end with its path, such as "),
        ({"api_key": "k", "base_url": "http://a..b"}, "base_url must be an HTTP URL such as "),
        ({"api_key": "k", "base_url": f"http://{'a' * 64}.example"}, "base_url must be an HTTP URL such as "),
        ({"api_key": "k", "timeout": 0}, "timeout must be more than 0 seconds and at most a day, not 0."),
        (
            {"api_key": "k", "timeout": float("inf")},
            "timeout must be more than 0 seconds and at most a day, not inf.",
        ),
        ({"api_key": "k", "max_retries": -1}, "max_retries must be 0 or more, not -1."),
    ],
)
def test_a_client_that_cannot_ask_is_not_made(kind: type[Any], options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError) as raised:
        kind(**options)
    assert str(raised.value).startswith(sentence)
    assert "sk-" not in str(raised.value)


def test_a_variable_of_blanks_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", " ")
    with pytest.raises(SettingsError, match=r"^There is no API key; "):
        Client()


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "gateway")
    with pytest.raises(
        SettingsError, match=r"^ANTHROPIC_BASE_URL must be an HTTP URL such as .*, not 'gateway'\.$"
    ):
        Client(api_key="k")


@pytest.mark.parametrize("model_id", ["", ".", "..", "\ud800"])
def test_an_id_that_would_ask_for_something_else_is_refused(model_id: str) -> None:
    script = Script({"id": "m"})
    with pytest.raises(InvalidError, match=r"^model_id must be .*\.$"):
        script.client().models.retrieve(model_id)
    assert script.asked == []


@pytest.mark.parametrize(
    "query",
    [{"betas": "a\nb"}, {"betas": [""]}, {"workspace_id": "é"}, {"after_id": "\ud800"}, {"lifecycle": "\ud800"}],
)
def test_what_a_request_cannot_carry_is_refused(query: dict[str, Any]) -> None:
    script = Script(page())
    with pytest.raises(InvalidError):
        script.client().models.list(**query)
    assert script.asked == []


@pytest.mark.parametrize("query", [{"limit": 5}, {"after_id": "a"}, {"before_id": "a"}, {"lifecycle": "active"}])
def test_the_openai_dialect_has_no_pages_and_no_filter(query: dict[str, Any]) -> None:
    with pytest.raises(InvalidError, match=r"^OpenAI's dialect has no .*; it lists all models at once\.$"):
        Script(page()).client(dialect="openai").models.list(**query)


def test_nothing_shows_a_secret() -> None:
    with Client(api_key="sk-hidden", base_url="http://x") as client:
        shown = [client, client.models, client.models._session, client.models._session.options]
        assert "sk-hidden" not in " ".join(map(repr, shown))


def test_a_traceback_with_its_variables_shows_no_secret() -> None:
    with (
        Client(api_key="sk-hidden", base_url="http://127.0.0.1:1", max_retries=0) as client,
        pytest.raises(APIConnectionError) as raised,
    ):
        client.models.retrieve("m", betas="b")
    told = TracebackException.from_exception(raised.value, capture_locals=True).stack
    ours = "".join(StackSummary.from_list([frame for frame in told if "/callsheet/" in frame.filename]).format())
    assert "request = <ClientRequest http://127.0.0.1:1/v1/models/m>" in ours
    assert "sk-hidden" not in ours


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        (
            "SSL_CERT_FILE",
            "/nope",
            r"^The certificates to trust cannot be read \(No such file or directory\); check ",
        ),
        ("SSL_CERT_FILE", __file__, r"^The certificates to trust cannot be read \(no certificate or crl found\); "),
        (
            "https_proxy",
            "http://127.0.0.1:port",
            "^The proxy that HTTP_PROXY, HTTPS_PROXY or ALL_PROXY names cannot ",
        ),
        (
            "all_proxy",
            "gopher://me:sk-hidden@proxy",
            r"^The proxy .*; it must be an HTTP URL, or a SOCKS URL .*\.$",
        ),
    ],
)
def test_an_environment_that_allows_no_connection_raises_an_error(
    kind: type[Any], name: str, value: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=sentence) as raised:
        kind(api_key="k")
    assert "sk-" not in "".join(TracebackException.from_exception(raised.value).format())


def test_an_http_client_of_another_kind_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"^http_client must be an httpx2\.Client, not httpx2\.AsyncClient\.$"):
        Client(api_key="k", http_client=httpx2.AsyncClient())  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match=r"^http_client must be an httpx2\.AsyncClient, not builtins\.str\.$"):
        AsyncClient(api_key="k", http_client="proxy")  # type: ignore[arg-type]


def test_the_callers_own_http_client_stays_open() -> None:
    own = httpx2.Client(transport=httpx2.MockTransport(Script(page())))
    with Client(api_key="k", http_client=own) as client:
        client.models.list()
    assert not own.is_closed
    with Client(api_key="k") as client:
        ours = client._connection._client
    assert ours.is_closed
