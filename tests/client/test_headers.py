"""Headers of the caller's own: sent with every request, won by the caller, and never shown."""

import traceback
from typing import Any

import httpx2
import pytest

from callsheet import APIResponseError, AuthenticationError, Client, SettingsError
from callsheet.client.headers import parse_header, parse_headers
from tests.client.asking import Script, page

SECRET = "0123456789abcdef-gateway"


def test_they_are_sent_with_every_request_and_win_over_the_clients_own() -> None:
    script = Script(page("a", has_more=True), page("b"), {"id": "a"})
    own = {"Ocp-Apim-Subscription-Key": SECRET, "User-Agent": "mine/1", "anthropic-version": "2026-10-21"}
    with script.client(headers=own) as client:
        list(client.models.list())
        client.models.retrieve("a")
    assert len(script.asked) == 3
    for request in script.asked:
        assert request.headers["ocp-apim-subscription-key"] == SECRET
        assert request.headers["user-agent"] == "mine/1"
        assert request.headers.get_list("anthropic-version") == ["2026-10-21"]
        assert request.headers["x-api-key"] == "sk-secret"


@pytest.mark.parametrize("name", ["Authorization", "X-API-Key"])
def test_with_a_credential_among_them_no_key_is_taken_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-of-somebody-else")
    script = Script({"data": []})
    script.client(api_key=None, headers={name: f"Bearer {SECRET}"}).models.list()
    assert script.asked[0].headers[name] == f"Bearer {SECRET}"
    assert "sk-of-somebody-else" not in str(script.asked[0].headers.raw)


@pytest.mark.parametrize("name", ["api-key", "Ocp-Apim-Subscription-Key"])
def test_with_a_credential_for_a_gateway_there_need_be_no_key_but_there_may(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    script = Script({"data": []})
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    script.client(api_key=None, headers={name: SECRET}).models.list()
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-of-the-server")
    script.client(api_key=None, headers={name: SECRET}).models.list()
    assert [request.headers.get("x-api-key") for request in script.asked] == [None, "sk-of-the-server"]
    assert [request.headers[name] for request in script.asked] == [SECRET] * 2


@pytest.mark.parametrize(
    "headers",
    [{"x-gateway": SECRET}, {"authorization": f"Bearer {SECRET}"}, {"cookie": f"session={SECRET}"}],
    ids=str,
)
def test_no_error_and_no_repr_shows_them(headers: dict[str, str]) -> None:
    said = {"error": {"message": f"{next(iter(headers.values()))} is wrong", "type": "authentication_error"}}
    client = Script(httpx2.Response(401, json=said)).client(headers=headers, max_retries=0)
    with pytest.raises(AuthenticationError, match=r"^\*\*\* is wrong$") as raised:
        client.models.list()
    shown = f"{client!r} {vars(client.models)} {raised.value.body}" + "".join(
        traceback.format_exception(raised.value)
    )
    assert SECRET not in shown


def test_they_do_not_go_to_where_a_redirect_leads() -> None:
    script = Script(httpx2.Response(307, headers={"location": f"https://elsewhere.example/{SECRET}"}))
    following = httpx2.Client(transport=httpx2.MockTransport(script), follow_redirects=True)
    with pytest.raises(APIResponseError, match="redirects to"):
        script.client(headers={"x-gateway": SECRET}, http_client=following).models.list()
    assert [request.url.host for request in script.asked] == ["scripted"]


@pytest.mark.parametrize(
    ("headers", "sentence"),
    [
        ({"": "v"}, "A header must have a name of 1 to 100 letters"),
        ({f"x {SECRET}": "v"}, "A header must have a name of 1 to 100 letters"),
        ({"x\r\ny": "v"}, "A header must have a name of 1 to 100 letters"),
        ({5: "v"}, "A header must have a name of 1 to 100 letters"),
        (
            {"X-Gateway": f"{SECRET}\r\nx: y"},
            "The value of the header x-gateway must be visible ASCII, with blanks ",
        ),
        ({"x-gateway": f" {SECRET}"}, "The value of the header x-gateway must be visible ASCII, with blanks "),
        ({"x-gateway": ""}, "The value of the header x-gateway must be visible ASCII, with blanks "),
        ({"x-gateway": f"{SECRET}é"}, "The value of the header x-gateway must be visible ASCII, with blanks "),
        ({"x-gateway": SECRET.encode()}, "The value of the header x-gateway must be visible ASCII, with blanks "),
        ({"Host": "elsewhere"}, "The header host is for the HTTP client to set; leave it out."),
        ({"content-length": "5"}, "The header content-length is for the HTTP client to set; leave it out."),
    ],
)
def test_what_a_request_cannot_carry_is_refused_without_its_value(headers: Any, sentence: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Client(api_key="k", headers=headers)
    assert str(refused.value).startswith(sentence)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("X-Team: blue", ("x-team", "blue")),
        ("x-team:blue", ("x-team", "blue")),
        (" x-team :  a: b ", ("x-team", "a: b")),
    ],
)
def test_a_line_is_a_name_and_a_value(line: str, expected: tuple[str, str]) -> None:
    assert parse_header(line) == expected


def test_the_last_of_two_lines_with_one_name_counts_and_a_line_without_a_colon_is_not_repeated() -> None:
    assert parse_headers(["X-A: 1", "x-a: 2", "x-b: 3"]) == {"x-a": "2", "x-b": "3"}
    with pytest.raises(SettingsError, match=r"^A header must be written 'Name: value'; this one has no colon\.$"):
        parse_header(SECRET)
