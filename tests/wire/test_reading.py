"""What servers list, read with tolerance and without loss."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.access import Shape
from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.times import EPOCH
from callsheet.wire import anthropic, openai
from callsheet.wire.reading import ModelInfo, UnreadableError, parse, read_model, read_page
from tests.strategies import instants, models

RECORDED = json.loads((Path(__file__).parents[1] / "fixtures" / "recorded-lists.json").read_text())["answers"]

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside),
    max_leaves=6,
)


@given(models())
def test_what_the_server_writes_the_client_reads(model: Model) -> None:
    read = read_model(parse(anthropic.write_model(model, Shape.CURRENT)))
    for name in anthropic.ModelInfo.model_fields.keys() - {"type", "capabilities"}:
        assert getattr(read, name) == getattr(model, name), name
    assert read.capabilities == (None if model.capabilities is None else dict(model.capabilities))


@given(models())
def test_the_classic_shape_has_defaults_for_the_rest(model: Model) -> None:
    read = read_model(parse(anthropic.write_model(model, Shape.CLASSIC)))
    assert (read.id, read.display_name, read.created_at) == (model.id, model.display_name, model.created_at)
    assert (read.line, read.max_tokens, read.capabilities) == (None, None, None)
    assert read.lifecycle is Lifecycle.ACTIVE


@given(models(), instants(latest=datetime(2500, 1, 1, tzinfo=UTC)))  # later ones are taken for milliseconds
def test_openais_shape_is_the_same_model_by_other_names(model: Model, created_at: datetime) -> None:
    model = replace(model, created_at=created_at)
    read = read_model(parse(openai.write_model(model)))
    assert (read.id, read.display_name) == (model.id, model.id)
    assert read.created_at == datetime.fromtimestamp(int(model.created_at.timestamp()), UTC)
    assert (read.max_input_tokens, read.max_tokens) == (model.max_input_tokens, model.max_tokens)


def test_both_sides_name_the_same_fields_in_the_same_order() -> None:
    assert list(ModelInfo.model_fields) == list(anthropic.ModelInfo.model_fields)


@pytest.mark.parametrize("answer", RECORDED, ids=[each["recorded_at"] for each in RECORDED])
def test_recorded_answers_are_read_whole_and_given_back_exactly(answer: dict[str, Any]) -> None:
    sent = json.loads(answer["body"])
    page = read_page(parse(answer["body"].encode()))
    assert [model.to_dict() for model in page.data] == sent["data"]
    assert (page.has_more, page.first_id, page.last_id) == (sent["has_more"], sent["first_id"], sent["last_id"])
    for model, said in zip(page.data, sent["data"], strict=True):
        assert model.created_at == datetime.fromisoformat(said["created_at"])
        assert model.display_name == said["display_name"]


@given(st.text(min_size=1), st.dictionaries(st.sampled_from([*ModelInfo.model_fields, "created", "new"]), anything))
def test_an_id_is_enough_and_nothing_that_is_sent_is_lost(model_id: str, fields: dict[str, Any]) -> None:
    sent = {**fields, "id": model_id}
    model = read_model(sent)
    assert model.id == model_id
    assert model.display_name
    assert model.created_at.tzinfo is not None
    assert isinstance(model.lifecycle, str)
    assert model.to_dict() == sent


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
    ],
)
def test_a_field_has_its_default_where_it_makes_no_sense(
    sent: dict[str, Any], field: str, expected: object
) -> None:
    value = getattr(read_model({"id": "m", **sent}), field)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize("sent", [None, 5, "m", [], {}, {"id": ""}, {"id": None}, {"id": 5}])
def test_without_an_id_it_is_no_model(sent: object) -> None:
    with pytest.raises(UnreadableError, match=r"^JSON that is not a model with an id$"):
        read_model(sent)
    with pytest.raises(UnreadableError, match=r"^JSON that is not a model with an id$"):
        read_page({"data": [{"id": "m"}, sent]})


@pytest.mark.parametrize("sent", [None, 5, "m", [], {}, {"models": []}, {"data": {}}, {"data": "m"}])
def test_without_data_it_is_no_page(sent: object) -> None:
    with pytest.raises(UnreadableError, match=r"^JSON that is not a list of models$"):
        read_page(sent)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"data": None}, ([], None, None, None)),
        ({"data": [], "has_more": False, "first_id": None, "last_id": None}, ([], False, None, None)),
        ({"data": [], "has_more": "yes", "first_id": "", "last_id": 5}, ([], None, None, None)),
        ({"object": "list", "data": []}, ([], None, None, None)),
    ],
)
def test_what_a_page_does_not_say_is_none(sent: object, expected: tuple[object, ...]) -> None:
    assert tuple(read_page(sent)) == expected


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"a":', b"NaN", b"\xff", b"[" * 100_000, b"9" * 100_000])
def test_what_is_not_json_is_said_so(body: bytes) -> None:
    with pytest.raises(UnreadableError, match=r"^what is not JSON$"):
        parse(body)
