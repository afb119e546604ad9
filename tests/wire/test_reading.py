"""What servers list, read with tolerance and without loss."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.access.workspace import Shape
from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.times import EPOCH
from callsheet.wire import anthropic, openai
from callsheet.wire.field_names import NAMES
from callsheet.wire.pages import PageContent, read_first_page, read_page
from callsheet.wire.reading import ModelInfo, read_model
from callsheet.wire.rows import UnreadableError, parse
from tests.strategies import instants, models

RECORDED = json.loads((Path(__file__).parents[1] / "fixtures" / "recorded-lists.json").read_text())["answers"]

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside),
    max_leaves=6,
)


def model_of(sent: object) -> ModelInfo:
    return read_model(json.dumps(sent).encode())


def page_of(sent: object) -> PageContent:
    return read_page(json.dumps(sent).encode())


@given(models())
def test_what_the_server_writes_the_client_reads(model: Model) -> None:
    read = read_model(anthropic.write_model(model, Shape.CURRENT))
    for name in anthropic.ModelInfo.model_fields.keys() - {"type", "capabilities"}:
        assert getattr(read, name) == getattr(model, name), name
    assert read.capabilities == (None if model.capabilities is None else dict(model.capabilities))


@given(models())
def test_the_classic_shape_has_defaults_for_the_rest(model: Model) -> None:
    read = read_model(anthropic.write_model(model, Shape.CLASSIC))
    assert (read.id, read.display_name, read.created_at) == (model.id, model.display_name, model.created_at)
    assert (read.line, read.max_tokens, read.capabilities) == (None, None, None)
    assert read.lifecycle is Lifecycle.ACTIVE


@given(models(), instants(latest=datetime(2500, 1, 1, tzinfo=UTC)))  # later ones are taken for milliseconds
def test_openais_shape_is_the_same_model_by_other_names(model: Model, created_at: datetime) -> None:
    model = replace(model, created_at=created_at)
    written = openai.write_model(model)
    read = read_model(written)
    assert (read.id, read.display_name) == (model.id, json.loads(written).get("name", model.id))
    assert read.created_at == datetime.fromtimestamp(int(model.created_at.timestamp()), UTC)
    assert (read.max_input_tokens, read.max_tokens) == (model.max_input_tokens, model.max_tokens)


def test_both_sides_name_the_same_fields_in_the_same_order() -> None:
    assert list(ModelInfo.model_fields) == list(anthropic.ModelInfo.model_fields)


@pytest.mark.parametrize("answer", RECORDED, ids=[each["recorded_at"] for each in RECORDED])
def test_recorded_answers_are_read_whole_and_given_back_exactly(answer: dict[str, Any]) -> None:
    sent = json.loads(answer["body"])
    page = read_page(answer["body"].encode())
    assert [model.to_dict() for model in page.models()] == sent["data"]
    assert (page.has_more, page.first_id, page.last_id) == (sent["has_more"], sent["first_id"], sent["last_id"])
    for model, said in zip(page.models(), sent["data"], strict=True):
        assert model.created_at == datetime.fromisoformat(said["created_at"])
        assert model.display_name == said["display_name"]


NAMED: Final = sorted(
    {name for names in NAMES.values() for name in names} | {"created", "new", "top_provider", "meta"}
)


@given(st.text(min_size=1, max_size=300), st.dictionaries(st.sampled_from(NAMED), anything))
def test_an_id_is_enough_and_nothing_that_is_sent_is_lost(model_id: str, fields: dict[str, Any]) -> None:
    sent = {**fields, "id": model_id}
    model = model_of(sent)
    assert model.id == model_id
    assert model.display_name
    assert model.created_at.tzinfo is not None
    assert isinstance(model.lifecycle, str)
    assert model.to_dict() == sent


@given(st.text(min_size=1, max_size=300), st.dictionaries(st.sampled_from(NAMED), anything))
def test_a_model_is_what_its_class_makes_of_the_same_object(model_id: str, fields: dict[str, Any]) -> None:
    sent = {**fields, "id": model_id}
    model, made = model_of(sent), ModelInfo.model_validate(sent)
    assert model.model_dump() == made.model_dump()
    assert model.model_extra == made.model_extra
    assert ModelInfo.model_validate_json(model.model_dump_json()) == made


@pytest.mark.parametrize(
    ("sent", "field", "expected"),
    [
        ({"created_at": 1790000000}, "created_at", datetime.fromtimestamp(1790000000, UTC)),
        ({"created_at": "2026-01-02T03:04:05"}, "created_at", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ({"created_at": "soon"}, "created_at", EPOCH),
        ({"created_at": None}, "created_at", EPOCH),
        ({}, "created_at", EPOCH),
        ({"display_name": ""}, "display_name", "m"),
        ({"display_name": None}, "display_name", "m"),
        ({"lifecycle": "sunset"}, "lifecycle", "sunset"),
        ({"lifecycle": "retired"}, "lifecycle", Lifecycle.RETIRED),
        ({"lifecycle": None}, "lifecycle", Lifecycle.ACTIVE),
        ({"capabilities": ["vision"]}, "capabilities", None),
        ({"max_tokens": "many"}, "max_tokens", None),
        ({"max_model_len": 4096}, "max_input_tokens", 4096),
        ({"context_window": 8192, "max_completion_tokens": 7}, "max_tokens", 7),
        ({"retires_at": "never"}, "retires_at", None),
        ({"description": "x" * 5000}, "description", "x" * 5000),
        ({"owned_by": "acme"}, "owned_by", "acme"),
        ({"type": 5}, "type", "model"),
        ({"max_input_tokens": 0}, "max_input_tokens", None),
        ({"max_input_tokens": -1}, "max_input_tokens", None),
        ({"max_input_tokens": True}, "max_input_tokens", None),
        ({"max_input_tokens": 2000000.0}, "max_input_tokens", 2_000_000),
        ({"max_input_tokens": 1.5}, "max_input_tokens", None),
        ({"max_input_tokens": "128000"}, "max_input_tokens", 128_000),
        ({"capabilities": {"vision": True}}, "capabilities", {"vision": {"supported": True}}),
        (
            {"capabilities": {"effort": {"supported": True, "low": False}, "note": "x"}},
            "capabilities",
            {"effort": {"supported": True, "low": {"supported": False}}, "note": "x"},
        ),
        ({"created_at": 1790000000123}, "created_at", datetime(2026, 9, 21, 14, 13, 20, 123000, tzinfo=UTC)),
        ({"created_at": "1790000000"}, "created_at", datetime.fromtimestamp(1790000000, UTC)),
        ({"created_at": 1790000000.5}, "created_at", datetime.fromtimestamp(1790000000.5, UTC)),
        ({"created_at": "2024-09"}, "created_at", datetime(2024, 9, 1, tzinfo=UTC)),
        ({"created_at": "2024"}, "created_at", datetime(2024, 1, 1, tzinfo=UTC)),
        ({"created_at": "2024-09-30"}, "created_at", datetime(2024, 9, 30, tzinfo=UTC)),
        ({"created_at": "2024-09-31"}, "created_at", EPOCH),
        ({"created_at": "2024-13"}, "created_at", EPOCH),
        (
            {"created_at": "2026-01-02T03:04:05.123456789Z"},
            "created_at",
            datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=UTC),
        ),
        ({"created_at": " 2026-01-02 03:04:05+02:00 "}, "created_at", datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)),
        ({"created_at": "2016-12-31T23:59:60Z"}, "created_at", datetime(2017, 1, 1, tzinfo=UTC)),
        ({"created_at": "0001-01-01T00:00:00Z", "created": 5}, "created_at", datetime.fromtimestamp(5, UTC)),
        ({"created_at": -1}, "created_at", EPOCH),
        ({"created_at": 10**40}, "created_at", EPOCH),
        ({"created_at": "9999-12-31T23:59:59-10:00"}, "created_at", EPOCH),
        ({"name": "Maple 7B"}, "display_name", "Maple 7B"),
        ({"name": "models/maple", "displayName": "Maple"}, "display_name", "Maple"),
        (
            {"max_context_length": 131072, "loaded_instances": [{"config": {"context_length": 4096}}]},
            "max_input_tokens",
            4096,
        ),
        ({"max_context_length": 131072, "loaded_instances": []}, "max_input_tokens", 131072),
        ({"display_name": " ", "name": "Maple"}, "display_name", "Maple"),
        ({"shutdown_date": "2027-01-22"}, "retires_at", datetime(2027, 1, 22, tzinfo=UTC)),
        ({"shutdown_date": None, "expiration_date": "2027-01-22"}, "retires_at", datetime(2027, 1, 22, tzinfo=UTC)),
        ({"context_length": 8192}, "max_input_tokens", 8192),
        ({"max_context_length": 8192}, "max_input_tokens", 8192),
        ({"meta": {"n_ctx": 4096, "n_ctx_train": 131072}, "max_context_length": 131072}, "max_input_tokens", 4096),
        ({"meta": {"n_ctx_train": 131072}}, "max_input_tokens", 131072),
        ({"meta": None}, "max_input_tokens", None),
        (
            {"max_input_tokens": 0, "context_length": 0, "top_provider": {"context_length": 7}},
            "max_input_tokens",
            7,
        ),
        ({"top_provider": {"max_completion_tokens": 64}}, "max_tokens", 64),
        ({"max_output_tokens": 32, "top_provider": {"max_completion_tokens": 64}}, "max_tokens", 32),
    ],
)
def test_a_field_has_its_default_where_it_makes_no_sense(
    sent: dict[str, Any], field: str, expected: object
) -> None:
    value = getattr(model_of({"id": "m", **sent}), field)
    assert value == expected
    assert type(value) is type(expected)


ROWS: Final[list[tuple[object, str | None, str]]] = [
    (None, None, "it is not an object"),
    (5, None, "it is not an object"),
    ("m", None, "it is not an object"),
    ([], None, "it is not an object"),
    ({}, None, "it has no id"),
    ({"id": None}, None, "it has no id"),
    ({"name": "m"}, None, "it has no id"),
    ({"id": ""}, None, "its id is empty"),
    ({"id": 5}, None, "its id is not text"),
    ({"id": "x" * 1025}, "x" * 60, "its id has more than 1,024 characters"),
]


@pytest.mark.parametrize(("sent", "model_id", "reason"), ROWS)
def test_an_object_without_an_id_is_not_a_model(sent: object, model_id: str | None, reason: str) -> None:
    with pytest.raises(UnreadableError, match=rf"^JSON that is not a model: {reason}$"):
        model_of(sent)


@pytest.mark.parametrize(("sent", "model_id", "reason"), ROWS)
def test_a_row_that_cannot_be_read_is_left_out_and_named(sent: object, model_id: str | None, reason: str) -> None:
    page = page_of({"data": [{"id": "m"}, sent, {"id": "n"}]})
    assert [model.id for model in page.models()] == list(page.ids()) == ["m", "n"]
    assert [tuple(each) for each in page.unreadable()] == [(1, model_id, reason)]
    assert (page.id_at(0), page.id_at(-1)) == ("m", "n")


@pytest.mark.parametrize(
    "row",
    [
        b'{"id":"\xff"}',
        b'{"id":"m","x":NaN}',
        b'{"id":"\\ud800"}',
        b'{"id":"m","x":%s}' % (b"9" * 100_000),
        b'{"id":"a\nb"}',
    ],
)
def test_a_row_that_is_not_valid_json_spoils_no_other(row: bytes) -> None:
    page = read_page(b'{"data":[{"id":"\xc3\xbc"},%s,{"id":"n"}],"last_id":"n"}' % row)
    assert list(page.ids()) == ["\u00fc", "n"]
    assert [tuple(each) for each in page.unreadable()] == [(1, None, "it is not valid JSON")]


def test_a_first_page_on_which_nothing_can_be_read_is_none() -> None:
    body = b'{"data":[{"name":"b"},{"id":5}]}'
    with pytest.raises(
        UnreadableError, match=r"^a list of whose 2 entries none is a model \(in the first, it has no id\)$"
    ):
        read_first_page(body)
    assert read_page(body).is_empty is False
    assert read_first_page(b'{"data":[{"name":"b"}],"has_more":true}').has_more
    assert read_first_page(b'{"data":[]}').is_empty


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        (None, "JSON that is not a list of models"),
        (5, "JSON that is not a list of models"),
        ("m", "JSON that is not a list of models"),
        ({}, "JSON that is not a list of models"),
        ({"object": "list", "foo": 1}, r"JSON that is not a list of models \(its members are object, foo\)"),
        ({"data": {}}, 'JSON whose "data" is not a list of models'),
        ({"data": "m"}, 'JSON whose "data" is not a list of models'),
        ({"models": {"m": {}}}, 'JSON whose "models" is not a list of models'),
        ({"data": [], "error": "upstream is away"}, "an error in the place of a list"),
        ({"data": None, "success": False}, "an error in the place of a list"),
    ],
)
def test_a_body_that_is_not_a_page_is_described(sent: object, sentence: str) -> None:
    with pytest.raises(UnreadableError, match=rf"^{sentence}$"):
        page_of(sent)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"data": None}, ([], None, None, None)),
        ({"models": None}, ([], None, None, None)),
        ([], ([], None, None, None)),
        ({"data": [], "has_more": False, "first_id": None, "last_id": None}, ([], False, None, None)),
        ({"data": [], "has_more": "yes", "first_id": "", "last_id": 5}, ([], None, None, None)),
        ({"object": "list", "data": []}, ([], None, None, None)),
        ({"data": [{"id": "m"}], "error": None}, (["m"], None, None, None)),
        ([{"id": "a/b", "object": "model", "created": 1}, {"id": "c"}], (["a/b", "c"], None, None, None)),
        ({"models": [{"name": "llama3:8b", "model": "llama3:8b"}]}, (["llama3:8b"], None, None, None)),
        ({"models": [{"slug": "gpt-x", "display_name": "GPT X"}]}, (["gpt-x"], None, None, None)),
        ({"models": [{"name": "models/gemini-x"}], "nextPageToken": "t"}, (["gemini-x"], True, None, None)),
        ({"data": [{"id": "m"}], "links": {"next": "/models?offset=1"}}, (["m"], True, None, None)),
        ({"data": [{"id": "m"}], "links": {"next": None}}, (["m"], None, None, None)),
        ({"models": [{"name": "no"}], "data": [{"id": "yes"}]}, (["yes"], None, None, None)),
    ],
)
def test_a_page_is_read_in_any_wrapper_and_what_it_does_not_say_is_none(
    sent: object, expected: tuple[object, ...]
) -> None:
    page = page_of(sent)
    assert (list(page.ids()), page.has_more, page.first_id, page.last_id) == expected
    assert [model.id for model in page.models()] == expected[0]


@given(
    st.lists(anything),
    st.integers(0, 4),
    st.sampled_from(["%s", '{"data": %s}', '{"x": [{}], "data" : %s , "models": []}']),
)
def test_any_list_is_taken_apart_as_json_has_it(rows: list[Any], indent: int, wrapper: str) -> None:
    page = read_page((wrapper % json.dumps(rows, indent=indent or None)).encode())
    left_out = {each.position for each in page.unreadable()}
    assert [model.to_dict() for model in page.models()] == [
        row for number, row in enumerate(rows) if number not in left_out
    ]


@given(st.binary() | st.text('[]{}":,0a\\ \n').map(str.encode))
def test_whatever_is_sent_is_a_page_or_said_not_to_be_one(body: bytes) -> None:
    try:
        page = read_page(body)
    except UnreadableError:
        return
    parsed = json.loads(body)
    rows = parsed if isinstance(parsed, list) else parsed.get("data", parsed.get("models"))
    assert len(page.rows) + len(page.bad_rows) == len(rows or [])


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"a":', b"NaN", b"\xff", b"[" * 100_000, b"9" * 100_000])
def test_what_is_not_json_is_said_so(body: bytes) -> None:
    for read in (parse, read_page, read_model):
        with pytest.raises(UnreadableError, match=r"^what is not JSON$"):
            read(body)
