"""Section 5: the table of errors, word for word, and what is true of all of them."""

import logging
from dataclasses import replace
from urllib.parse import quote, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from callsheet.api.request import parse_query
from callsheet.domain.errors import InvalidRequestError
from tests.doors import Door, Reply, reading
from tests.installation import Installation

NOT_AN_INTEGER = "limit: Input should be a valid integer, unable to parse string as an integer"
TOO_LOW = "limit: Input should be greater than or equal to 1"
TOO_HIGH = "limit: Input should be less than or equal to 1000"
NOT_A_STAGE = "Input is not one of the permitted values."
EMPTY = "String should have at least 1 character"

QUERIES = {
    "limit=1001": TOO_HIGH,
    "limit=99999999999999999999": TOO_HIGH,
    f"limit={'9' * 5000}": TOO_HIGH,
    "limit=0": TOO_LOW,
    "limit=-5": TOO_LOW,
    "limit=-0": TOO_LOW,
    "limit=000": TOO_LOW,
    f"limit=-{'9' * 5000}": TOO_LOW,
    "limit=": NOT_AN_INTEGER,
    "limit": NOT_AN_INTEGER,
    "limit=abc": NOT_AN_INTEGER,
    "limit=5.": NOT_AN_INTEGER,
    "limit=5.5": NOT_AN_INTEGER,
    "limit=.0": NOT_AN_INTEGER,
    "limit=5%200": NOT_AN_INTEGER,
    "limit=+%205+0": NOT_AN_INTEGER,
    "limit=%2B%2B5": NOT_AN_INTEGER,
    "limit=%E2%80%8B5": NOT_AN_INTEGER,
    "limit=+0.00+": TOO_LOW,
    "limit=%2D5.0": TOO_LOW,
    "limit=1_001": TOO_HIGH,
    "limit=%2B1001.0": TOO_HIGH,
    "limit[]=1001": TOO_HIGH,
    "limit[]=": NOT_AN_INTEGER,
    "limit%5B%5D=x": NOT_AN_INTEGER,
    "after_id[]=": f"after_id: {EMPTY}",
    "before_id[]=nobody": "Invalid pagination cursor for 'before_id'",
    "limit=1e3": NOT_AN_INTEGER,
    "limit=0x10": NOT_AN_INTEGER,
    "limit=1__0": NOT_AN_INTEGER,
    "limit=_1": NOT_AN_INTEGER,
    "limit=1_": NOT_AN_INTEGER,
    "limit=--5": NOT_AN_INTEGER,
    "limit=null": NOT_AN_INTEGER,
    f"limit={quote('٣')}": NOT_AN_INTEGER,
    "limit=%FF": NOT_AN_INTEGER,
    "after_id=nobody": "Invalid pagination cursor for 'after_id'",
    "before_id=nobody": "Invalid pagination cursor for 'before_id'",
    "after_id=%FF": "Invalid pagination cursor for 'after_id'",
    "after_id=CLAUDE-OPUS-5": "Invalid pagination cursor for 'after_id'",
    "after_id=claude-opus-5%20": "Invalid pagination cursor for 'after_id'",
    "after_id=": f"after_id: {EMPTY}",
    "after_id": f"after_id: {EMPTY}",
    "before_id=": f"before_id: {EMPTY}",
    "lifecycle[]=gone": f"lifecycle[].0: {NOT_A_STAGE}",
    "lifecycle[]=": f"lifecycle[].0: {NOT_A_STAGE}",
    "lifecycle[]=Active": f"lifecycle[].0: {NOT_A_STAGE}",
    "lifecycle[]=active&lifecycle[]=gone&lifecycle[]=lost": f"lifecycle[].1: {NOT_A_STAGE}",
    "lifecycle=active,retired,gone": f"lifecycle[].2: {NOT_A_STAGE}",
    "lifecycle=active,": f"lifecycle[].1: {NOT_A_STAGE}",
    "lifecycle=active,%20retired": f"lifecycle[].1: {NOT_A_STAGE}",
}


@reading
def test_every_malformed_query_is_refused_in_the_words_of_the_table(door: Door) -> None:
    refused = {query: door.get(f"/v1/models?{query}").error for query in QUERIES}
    assert refused == {query: (400, "invalid_request_error", text) for query, text in QUERIES.items()}


@reading
def test_an_integer_may_be_written_as_pydantic_takes_it(door: Door) -> None:
    for text in ("5.0", "5.00", "+5", "%2B5", "+5+", "%205%20", "0_5", "005", "5%0A", "%C2%A05", "%2B0_0_5.0"):
        assert len(door.get(f"/v1/models?limit={text}").ids) == 5, text
    assert door.get("/v1/models?limit=1_000").ids == door.get("/v1/models?limit=1000").ids


INTEGER = TypeAdapter(int)
_NUMBERS = st.text("0123456789_+-. \t\n\u00a0\u3000\x1c\x85\u200b٣e", max_size=12) | st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", " ", "+", "-", " +", "\u2003", "+ "]),
    st.integers(0, 10**12).map("{:_}".format) | st.integers(0, 1200).map("{:05}".format),
    st.sampled_from(["", ".0", ".000", ".", ".5", "_", ".0_0"]),
    st.sampled_from(["", " ", "\n", "x"]),
)


@given(_NUMBERS)
@example("0" * 4301)
@example("5." + "0" * 5000)
@example("\ufeff5")
def test_a_limit_is_the_number_that_pydantic_takes_it_for(text: str) -> None:
    try:
        number = INTEGER.validate_python(text)
    except ValidationError:
        refusal = NOT_AN_INTEGER
    else:
        refusal = TOO_LOW if number < 1 else TOO_HIGH if number > 1000 else ""
    for query in (f"limit={quote(text)}", urlencode({"limit": text})):
        if refusal:
            with pytest.raises(InvalidRequestError) as refused:
                parse_query(query.encode(), 20)
            assert str(refused.value) == refusal
        else:
            assert parse_query(query.encode(), 20).limit == number


@reading
def test_more_than_three_lifecycles_are_refused(door: Door) -> None:
    for query in ("lifecycle[]=active&" * 4, "lifecycle=active,active,active,active"):
        assert door.get(f"/v1/models?{query}").error[:2] == (400, "invalid_request_error")


@reading
def test_a_known_scalar_parameter_given_twice_counts_last(door: Door) -> None:
    assert len(door.get("/v1/models?limit=abc&limit=2").ids) == 2
    assert len(door.get("/v1/models?limit=2&limit=3").ids) == 3
    assert door.get("/v1/models?limit=2&limit=0").error[2] == TOO_LOW
    newest, second, third, *_ = door.get("/v1/models").ids
    assert door.get(f"/v1/models?after_id=nobody&after_id={newest}&limit=1").ids == [second]
    assert door.get(f"/v1/models?before_id={second}&before_id={third}").ids == [newest, second]
    assert door.get(f"/v1/models?after_id={newest}&after_id=").error[2] == f"after_id: {EMPTY}"


@reading
def test_an_unknown_model_is_named(door: Door) -> None:
    for asked, name in (
        ("none", "none"),
        ("CLAUDE-OPUS-5", "CLAUDE-OPUS-5"),
        ("hf.co/org/m:Q4", "hf.co/org/m:Q4"),
        ("%E6%A8%A1%E5%9E%8B", "模型"),
        ("a%22b%5Cc%0A", 'a"b\\c\n'),
        ("%F0%9F%8E%AC", "🎬"),
    ):
        assert door.get(f"/v1/models/{asked}").error == (404, "not_found_error", f"model: {name}")


@reading
def test_messages_are_utf_8_and_not_escaped(door: Door) -> None:
    assert "模型".encode() in door.get("/v1/models/%E6%A8%A1%E5%9E%8B").body


@reading
def test_at_most_200_characters_of_a_model_are_quoted(door: Door) -> None:
    assert door.get(f"/v1/models/{'x' * 200}").error[2] == f"model: {'x' * 200}"
    assert door.get(f"/v1/models/{'x' * 201}").error[2] == f"model: {'x' * 200}"
    assert door.get(f"/v1/models/{'%C3%A9' * 1000}").error[2] == f"model: {'é' * 200}"


@reading
def test_a_url_beyond_the_limit_is_refused_before_anything_else(door: Door) -> None:
    for target in (f"/v1/models?{'x' * 9000}", f"/v1/models/{'x' * 9000}", f"/{'x' * 9000}"):
        assert door.ask("GET", target).error == (
            414,
            "request_too_large",
            "URL exceeds the limit of 8192 bytes",
        )


def test_the_longest_url_is_counted_alike_everywhere(door: Door) -> None:
    door.set_up(max_url_bytes=256)
    for query in (f"?{'x' * 245}", f"/{'x' * 245}"):
        assert len(f"/v1/models{query}") == 256
        assert door.get(f"/v1/models{query}").status != 414
        assert door.get(f"/v1/models{query}x").status == 414


def every_error(door: Door, installation: Installation) -> list[Reply]:
    """One of each that can be provoked."""
    door.set_up(strict_betas=True)
    disabled = installation.key(name="off")
    installation.access.disable_key("off")
    version = ("anthropic-version", "2023-06-01")
    return [
        door.get("/v1/nothing"),
        door.ask("POST", "/v1/models"),
        door.ask("GET", "/v1/models"),
        door.ask("GET", "/v1/models", [("x-api-key", "sk-wrong"), version]),
        door.ask("GET", "/v1/models", [("x-api-key", disabled), version]),
        door.ask("GET", "/v1/models", [("authorization", "Bearer sk-wrong"), version]),
        door.ask("GET", "/v1/models", [("x-api-key", door.secret)]),
        door.get("/v1/models", {"anthropic-version": "1999-01-01"}),
        door.get("/v1/models", {"anthropic-beta": "x"}),
        door.get("/v1/models", {"anthropic-workspace-id": "x"}),
        door.get("/v1/models?limit=0"),
        door.get("/v1/models?after_id=x"),
        door.get("/v1/models/none"),
        door.get("/v1/models/%zz"),
        door.get(f"/v1/models/{'x' * 9000}"),
    ]


def test_every_deterministic_failure_says_that_a_retry_is_useless(door: Door, installation: Installation) -> None:
    for reply in every_error(door, installation):
        assert reply.error[0] >= 400
        assert reply.headers["x-should-retry"] == "false", reply.body


def test_every_error_is_one_compact_line_of_json(door: Door, installation: Installation) -> None:
    for reply in every_error(door, installation):
        status, kind, message = reply.error
        request_id = reply.headers["request-id"]
        assert reply.headers["content-type"] == "application/json", status
        assert reply.body.decode() == (
            f'{{"type":"error","error":{{"type":"{kind}","message":"{escaped(message)}"}},'
            f'"request_id":"{request_id}"}}'
        )


def escaped(message: str) -> str:
    return message.replace('"', '\\"')


@reading
def test_a_success_says_nothing_about_retries(door: Door) -> None:
    assert "x-should-retry" not in door.get("/v1/models").headers


@pytest.mark.parametrize("door", ["app", "http"], indirect=True)
def test_what_goes_wrong_here_is_logged_by_request_id_and_never_shown(
    door: Door, installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    credentials = [("x-api-key", installation.key(organization=True)), ("anthropic-version", "2023-06-01")]
    door.live.refresh()
    door.live.current = replace(door.live.current, workspaces={})  # not even the default one
    with caplog.at_level(logging.ERROR, "callsheet"):
        status, headers, body = door.send("GET", "/v1/models", credentials)
    reply = Reply(status, dict(headers), body)
    assert reply.error == (500, "api_error", "Internal server error")
    assert "x-should-retry" not in reply.headers
    assert any(reply.headers["request-id"] in record.getMessage() for record in caplog.records)
    assert any(record.exc_info for record in caplog.records)


@pytest.mark.parametrize("door", ["app", "http"], indirect=True)
def test_what_goes_wrong_here_is_said_to_openai_clients_in_their_envelope(
    door: Door, installation: Installation
) -> None:
    bearer = [("authorization", f"Bearer {installation.key(organization=True)}")]
    door.live.refresh()
    door.live.current = replace(door.live.current, workspaces={})
    status, _, body = door.send("GET", "/v1/models", bearer)
    error = Reply(status, {}, body).json["error"]
    assert (status, error["type"], error["message"]) == (500, "api_error", "Internal server error")
