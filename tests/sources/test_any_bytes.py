"""Whatever an upstream answers: it is read, or refused with SourceError; and what is read can be a model."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.errors import SourceError
from callsheet.domain.model import Lifecycle, Model, RetirementPrecision, check_id
from callsheet.domain.times import parse_instant
from callsheet.sources.read import Reading, read
from callsheet.sources.registry import KINDS, upstream_of
from callsheet.sources.settle import settle
from callsheet.sources.upstream import Answer, Options, Request
from tests.sources.recorded import FOLDER, MAX_ROUNDS, answer_to, ask, exchanges
from tests.tiers import examples

NOW = datetime(2026, 12, 1, tzinfo=UTC)
TIMES = {"created_at", "deprecated_at", "retires_at"}
OPTIONS = Options(provider="acme", region="eu-west-1")
PUBLISHERS = Options(provider="anthropic, google", region="eu-west-1")

RECORDINGS = sorted(path.stem for path in FOLDER.glob("*.json"))

#: What JSON can hold that a program is easily surprised by.
strange: st.SearchStrategy[Any] = st.sampled_from([
    None, True, False, 0, -1, 2**53, 10**400, -(10**400), float("nan"), float("inf"), 1e308, "", " ", "\ud800",
    "\x00",
    "x" * 2000, "2026-02-30", "9999-12-31T23:59:59-23:59", [], {}, [[]], [None], [{}], {"": {}}, "🎬" * 300,
    {"supported": {"supported": True}}, ["completion"], ["embedding"], "..", "a\u202eb", [1, "a", None],
])  # fmt: skip
json_values = st.recursive(
    strange | st.text(max_size=20) | st.integers() | st.floats(),
    lambda each: st.lists(each, max_size=4) | st.dictionaries(st.text(max_size=8), each, max_size=4),
    max_leaves=8,
)


def kind_of(recording: str) -> str:
    """Recordings are called as their kind, and some with more behind a hyphen."""
    return max((kind for kind in KINDS if recording == kind or recording.startswith(f"{kind}-")), key=len)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value within a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in inner for place in places(each, (*path, key)))]


def replaced(value: Any, path: tuple[Any, ...], by: Any) -> Any:
    if not path:
        return by
    key, *rest = path
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[key] = replaced(value[key], tuple(rest), by)
    return changed


def doubled(value: Any) -> Any:
    """Every list twice as long, so that everything is there twice."""
    if isinstance(value, dict):
        return {name: doubled(each) for name, each in value.items()}
    return [doubled(each) for each in value] * 2 if isinstance(value, list) else value


@st.composite
def mutated(draw: st.DrawFn, body: bytes) -> bytes:
    """A body as it should not be."""
    how = draw(st.sampled_from(["bytes", "cut", "value", "values", "deep", "other", "doubled", "overwritten"]))
    sent = json.loads(body)
    if how == "bytes":
        return draw(st.binary(max_size=200))
    if how == "cut":
        return body[: draw(st.integers(0, len(body)))]
    if how == "deep":
        depth = draw(st.sampled_from([50, 150, 5_000, 100_000]))
        place = draw(st.sampled_from(places(sent)))
        mark = '"DEEP"'
        return json.dumps(replaced(sent, place, "DEEP")).replace(mark, "[" * depth + "]" * depth).encode()
    if how == "other":
        return json.dumps(draw(json_values)).encode()
    if how == "doubled":
        return json.dumps(doubled(sent)).encode()
    if how == "overwritten":
        at = draw(st.integers(0, len(body)))
        return body[:at] + draw(st.binary(min_size=1, max_size=5)) + body[at + 3 :]
    for _ in range(1 if how == "value" else draw(st.integers(2, 6))):
        sent = replaced(sent, draw(st.sampled_from(places(sent))), draw(strange | json_values))
    return json.dumps(sent).encode()


def read_from(kind: str, respond: Callable[[Request], Answer]) -> Reading | None:
    upstream = upstream_of(kind)
    options = PUBLISHERS if kind == "vertex" else OPTIONS
    try:
        return read(upstream, ask(upstream, options, respond), options)
    except SourceError as error:
        sentence = str(error)
    assert sentence.isprintable()
    assert sentence.endswith(".")
    return None


def check(reading: Reading | None) -> None:
    """What is read can be a model, an alias, or a line for people."""
    if reading is None:
        return
    names: list[str] = []
    for each in reading.listed:
        names += [each.id, *each.aliases]
        assert all(note.isprintable() for note in each.notes)
        fields = settle(each.fields, None, NOW)
        json.dumps(fields, allow_nan=False).encode()
        for name, value in fields.items():
            as_model(each.id, name, value)
    assert [check_id(name) for name in names] == list(dict.fromkeys(names))
    assert all(dropped.id.isprintable() and len(dropped.id) <= 60 for dropped in reading.dropped)
    assert sum(reading.reasons().values()) == len(reading.dropped)


def as_model(model_id: str, name: str, value: Any) -> None:
    """Raise InvalidError if no model can have this value in this field."""
    given: dict[str, Any] = {
        "id": model_id,
        "display_name": "Any",
        "deprecated_at": NOW,
        "lifecycle": Lifecycle.RETIRED,
    }
    if name == "same_as":
        check_id(value)
        return
    given[name] = parse_instant(value) if name in TIMES else Lifecycle(value) if name == "lifecycle" else value
    if name == "lifecycle" and value == "active":
        given["deprecated_at"] = None
    if name == "retirement_precision":
        given |= {name: RetirementPrecision(value), "retires_at": NOW}
    if name == "retires_at":
        given["deprecated_at"] = given[name]
    Model(**given)


@pytest.mark.parametrize("recording", RECORDINGS)
@examples(1)
@given(data=st.data())
def test_a_mutated_answer_is_read_or_refused(recording: str, data: st.DataObject) -> None:
    recorded = exchanges(recording)
    wrong = data.draw(st.sampled_from(sorted(recorded)))

    def respond(request: Request) -> Answer:
        answer = answer_to(request, recorded)
        if answer.status == 200 and answer == answer_to(request, {wrong: recorded[wrong]}):
            return Answer(request, 200, {}, data.draw(mutated(answer.body)))
        return answer

    check(read_from(kind_of(recording), respond))


@pytest.mark.parametrize("kind", sorted(KINDS))
@given(body=st.binary(max_size=300), status=st.sampled_from([200, 200, 204, 301, 400, 401, 404, 429, 500]))
def test_any_bytes_are_read_or_refused(kind: str, body: bytes, status: int) -> None:
    check(read_from(kind, lambda request: Answer(request, status, {}, body)))


@pytest.mark.parametrize("kind", sorted(KINDS))
@given(sent=st.builds(lambda rows, name: {name: rows}, st.lists(json_values), st.sampled_from(["data", "models"])))
def test_a_list_of_anything_is_read_or_refused(kind: str, sent: Any) -> None:
    check(read_from(kind, lambda request: Answer(request, 200, {}, json.dumps(sent).encode())))


@pytest.mark.parametrize("recording", RECORDINGS)
def test_a_recording_is_read_whole_and_what_is_read_can_be_a_model(recording: str) -> None:
    reading = read_from(kind_of(recording), lambda request: answer_to(request, exchanges(recording)))
    assert reading is not None
    assert reading.listed
    assert {name for each in reading.listed for name in each.fields if name != "same_as"} <= set(
        Model.__dataclass_fields__
    )
    check(reading)


def test_every_kind_has_a_recording_and_every_recording_a_kind() -> None:
    assert {kind_of(recording) for recording in RECORDINGS} == set(KINDS)
    assert MAX_ROUNDS > 10
