"""What a list says, field by field."""

from callsheet.sources.mapping import FIELDS, Example, FieldMapping, Reason, map_list
from callsheet.sources.ollama import EMBEDS, NOT_TEXT, TRAINED
from callsheet.sources.upstream import FIRST_SEEN, LastKnown, Listed
from tests.sources.recorded import reading_of


def test_a_recorded_list_is_mapped_field_by_field() -> None:
    reading = reading_of("ollama")
    mapped = map_list(reading.listed, reading.dropped)
    assert mapped.rows == 4
    assert [each.field for each in mapped.fields] == ["created_at", "max_input_tokens", "capabilities"]
    assert mapped.fields[1] == FieldMapping(
        "max_input_tokens",
        4,
        0,
        0,
        (Example("maple:latest", 8192), Example("maple-long:8b", 65536), Example("spruce-vl:3b", 128000)),
    )
    assert mapped.unknown == ("display_name", "max_tokens", "lifecycle", "deprecated_at", "retires_at")
    assert mapped.aliases == {"maple": "maple:latest"}
    assert mapped.notes == (Reason(TRAINED, 1, ("spruce-vl:3b",)),)
    assert mapped.dropped == (
        Reason(EMBEDS, 1, ("birch-embed:latest",)), Reason(NOT_TEXT, 1, ("elm-paint:latest",)),
    )  # fmt: skip


def test_times_of_first_sight_and_values_that_are_not_stated_now_are_counted_apart() -> None:
    listed = [
        Listed("a", {"created_at": FIRST_SEEN, "max_input_tokens": LastKnown()}),
        Listed("b", {"created_at": "2026-01-01T00:00:00Z", "max_input_tokens": LastKnown(5)}),
        Listed("c"),
    ]
    assert map_list(listed).fields == (
        FieldMapping("created_at", 2, 1, 0, (Example("b", "2026-01-01T00:00:00Z"),)),
        FieldMapping("max_input_tokens", 1, 0, 1, (Example("b", 5),)),
    )


def test_examples_are_few_and_different() -> None:
    listed = [Listed(str(number), {"max_tokens": number // 2}) for number in range(10)]
    (field,) = map_list(listed).fields
    assert [each.value for each in field.examples] == [0, 1, 2]


def test_an_empty_list_states_nothing() -> None:
    mapped = map_list(())
    assert (mapped.rows, mapped.fields) == (0, ())
    assert set(mapped.unknown) < set(FIELDS)


def test_the_most_frequent_reason_comes_first_with_some_ids() -> None:
    listed = [Listed(str(number), notes=("often",)) for number in range(5)] + [Listed("x", notes=("once", "often"))]
    assert map_list(listed).notes == (Reason("often", 6, ("0", "1", "2")), Reason("once", 1, ("x",)))
