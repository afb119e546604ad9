from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.edits import CHANGEABLE, ModelEdit, with_fields
from callsheet.domain.errors import InvalidError
from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.times import EPOCH, format_instant
from tests.strategies import models

DAY = datetime(2026, 2, 4, tzinfo=UTC)


def make(**values: Any) -> Model:
    return Model(**{"id": "m", "display_name": "M", **values})


def test_only_id_and_name_need_saying() -> None:
    model = make()
    assert model.created_at == EPOCH
    assert model.lifecycle is Lifecycle.ACTIVE
    assert model.record() == {
        "id": "m",
        "display_name": "M",
        "created_at": "1970-01-01T00:00:00Z",
        "line": None,
        "max_input_tokens": None,
        "max_tokens": None,
        "capabilities": None,
        "lifecycle": "active",
        "deprecated_at": None,
        "retires_at": None,
        "replacement": None,
        "description": None,
        "hidden": False,
        "source": None,
        "retirement_precision": None,
        "retires_itself": False,
    }


@given(models())
def test_a_record_holds_every_field_as_plain_json(model: Model) -> None:
    record = model.record()
    assert list(record) == [each.name for each in fields(Model) if each.name != "sort_key"]
    assert record["created_at"] == format_instant(model.created_at)
    assert record["capabilities"] == model.capabilities


@given(models(), st.data())
def test_changing_fields_is_making_the_model_anew_with_them(model: Model, data: st.DataObject) -> None:
    other = data.draw(models().filter(lambda other: other.replacement != model.id))
    change = cast("ModelEdit", {name: getattr(other, name) for name in CHANGEABLE})
    changed = with_fields(model, change)
    assert changed == Model(id=model.id, **change)
    assert changed.sort_key == Model(id=model.id, **change).sort_key
    assert with_fields(model, {}) == model


def test_a_model_that_becomes_active_loses_its_dates_unless_they_are_given() -> None:
    retired = make(lifecycle=Lifecycle.RETIRED, deprecated_at=DAY, retires_at=DAY)
    assert with_fields(retired, {"lifecycle": Lifecycle.ACTIVE}) == make()
    with pytest.raises(InvalidError, match=r"^m is active, so it can have neither"):
        with_fields(retired, {"lifecycle": Lifecycle.ACTIVE, "retires_at": DAY})


@pytest.mark.parametrize("name", ["id", "sort_key", "aliases", "type", "colour"])
def test_what_is_no_changeable_field_is_refused(name: str) -> None:
    with pytest.raises(InvalidError, match=rf"^{name} of a model cannot be changed\.$"):
        with_fields(make(), cast("ModelEdit", {name: "x"}))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {"id": "a "},
            "A model id must be 1 to 256 printable characters without blanks at either end, not 'a '.",
        ),
        ({"display_name": ""}, "display_name must be text of 1 to 256 characters."),
        ({"display_name": " \u00a0"}, "display_name must be text of 1 to 256 characters."),
        ({"display_name": "x" * 257}, "display_name must be text of 1 to 256 characters."),
        ({"display_name": None}, "display_name must be text of 1 to 256 characters."),
        ({"display_name": "a\nb"}, "display_name must be text without control characters such as '\\n'."),
        ({"display_name": "a\x1b[1m"}, "display_name must be text without control characters such as '\\x1b'."),
        ({"display_name": "\ud800"}, "display_name must be text without control characters such as '\\ud800'."),
        ({"description": ""}, "description must be text of 1 to 1,000 characters."),
        ({"description": "x" * 1001}, "description must be text of 1 to 1,000 characters."),
        ({"description": "a\x00"}, "description must be text without control characters such as '\\x00'."),
        ({"source": "x" * 65}, "source must be text of 1 to 64 characters."),
        ({"created_at": datetime(2026, 1, 1)}, "created_at must be a time with a time zone."),  # noqa: DTZ001
        ({"created_at": "2026-01-01"}, "created_at must be a time with a time zone."),
        ({"created_at": datetime(1969, 12, 31, tzinfo=UTC)}, "created_at must not be before 1970."),
        ({"max_tokens": 0}, "max_tokens must be a whole number of tokens, at least 1."),
        ({"max_tokens": -1}, "max_tokens must be a whole number of tokens, at least 1."),
        ({"max_tokens": 1.0}, "max_tokens must be a whole number of tokens, at least 1."),
        ({"max_tokens": True}, "max_tokens must be a whole number of tokens, at least 1."),
        ({"max_input_tokens": "1"}, "max_input_tokens must be a whole number of tokens, at least 1."),
        ({"max_input_tokens": 2**53}, "max_input_tokens must be a whole number of tokens, at least 1."),
        ({"replacement": "m"}, "m cannot be its own replacement."),
        (
            {"replacement": "a\x00b"},
            "A replacement must hold only printable characters, not U+0000.",
        ),
        (
            {"capabilities": {"batch": True}},
            'Capability batch must be {"supported": true or false} or a group of such.',
        ),
        ({"hidden": "yes"}, "hidden must be true or false."),
        ({"lifecycle": "sleeping"}, "lifecycle must be active, deprecated or retired, not 'sleeping'."),
    ],
)
def test_a_value_that_is_not_valid_is_refused(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidError) as refusal:
        make(**values)
    assert str(refusal.value) == sentence
    if "id" not in values:
        with pytest.raises(InvalidError) as refusal:
            with_fields(make(), cast("ModelEdit", values))
        assert str(refusal.value) == sentence


@pytest.mark.parametrize("line", ["", "Opus", "-opus", ".x", "op us", "ö", "x" * 65, 7])
def test_a_line_is_a_small_word(line: object) -> None:
    with pytest.raises(InvalidError, match=r"^line must be 1 to 64 small letters"):
        make(line=line)


@pytest.mark.parametrize("line", ["opus", "haiku", "gpt-oss", "7b", "a.b_c", "x" * 64])
def test_the_list_of_lines_is_open(line: str) -> None:
    assert make(line=line).line == line


def test_a_description_may_have_lines_and_letters_of_any_script() -> None:
    assert make(description="Ein Größeres\n\tモデル 🎬").description == "Ein Größeres\n\tモデル 🎬"
    assert make(display_name="é" * 256, description="é" * 1000, source="é" * 64)


def test_the_line_is_never_derived_from_the_id() -> None:
    assert make(id="claude-opus-9").line is None


def test_a_model_cannot_be_written_to() -> None:
    with pytest.raises(AttributeError):
        make().hidden = True  # type: ignore[misc]


DATES: list[tuple[Lifecycle, datetime | None, datetime | None, str | None]] = [
    (Lifecycle.ACTIVE, None, None, None),
    (Lifecycle.ACTIVE, DAY, None, "m is active, so it can have neither deprecated_at nor retires_at."),
    (Lifecycle.ACTIVE, None, DAY, "m is active, so it can have neither deprecated_at nor retires_at."),
    (Lifecycle.DEPRECATED, DAY, None, None),
    (Lifecycle.DEPRECATED, DAY, DAY, None),
    (Lifecycle.DEPRECATED, DAY, datetime(2027, 1, 1, tzinfo=UTC), None),
    (Lifecycle.DEPRECATED, None, None, "m is deprecated, so it must have deprecated_at."),
    (Lifecycle.DEPRECATED, None, DAY, "m is deprecated, so it must have deprecated_at."),
    (
        Lifecycle.DEPRECATED,
        DAY,
        datetime(2026, 1, 1, tzinfo=UTC),
        "retires_at of m (2026-01-01T00:00:00Z) must not be before its deprecated_at (2026-02-04T00:00:00Z).",
    ),
    (Lifecycle.RETIRED, DAY, DAY, None),
    (Lifecycle.RETIRED, DAY, None, None),
    (Lifecycle.RETIRED, None, DAY, "m is retired, so it must have deprecated_at."),
    (Lifecycle.RETIRED, datetime(2026, 2, 4), None, "deprecated_at must be a time with a time zone."),  # noqa: DTZ001
    (Lifecycle.DEPRECATED, datetime(1960, 1, 1, tzinfo=UTC), None, "deprecated_at must not be before 1970."),
]


@pytest.mark.parametrize(("lifecycle", "deprecated_at", "retires_at", "sentence"), DATES)
def test_dates_go_with_the_stage(
    lifecycle: Lifecycle, deprecated_at: datetime | None, retires_at: datetime | None, sentence: str | None
) -> None:
    values = {"lifecycle": lifecycle, "deprecated_at": deprecated_at, "retires_at": retires_at}
    if sentence is None:
        assert make(**values).lifecycle is lifecycle
        return
    with pytest.raises(InvalidError) as refusal:
        make(**values)
    assert str(refusal.value) == sentence
