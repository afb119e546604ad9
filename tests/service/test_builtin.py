"""The built-in catalogue, held against what the real server answered when it was recorded."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from callsheet.domain.access.workspace import Shape
from callsheet.domain.capabilities import KNOWN
from callsheet.domain.catalog import Catalog
from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.times import EPOCH, format_instant
from callsheet.service.builtin import builtin_catalog
from callsheet.service.facts import Facts
from callsheet.wire.anthropic import write_model
from tests.installation import Installation, now

RECORDED = Path(__file__).parent.parent / "fixtures" / "recorded-lists.json"


def recordings() -> list[tuple[datetime, list[dict[str, Any]]]]:
    """Every recorded list with its time, oldest first."""
    answers = json.loads(RECORDED.read_text(encoding="utf-8"))["answers"]
    return sorted(
        ((parsedate_to_datetime(answer["recorded_at"]), json.loads(answer["body"])["data"]) for answer in answers),
        key=lambda recording: recording[0],
    )


RECORDINGS = recordings()
MODELS, ALIASES = builtin_catalog()
CATALOG = Catalog(MODELS, ALIASES)

each_recording = pytest.mark.parametrize(("at", "data"), RECORDINGS, ids=[f"{at:%Y-%m-%d}" for at, _ in RECORDINGS])


def test_there_are_recordings() -> None:
    assert len(RECORDINGS) == 7


@each_recording
def test_our_order_gives_back_the_recorded_order(at: datetime, data: list[dict[str, Any]]) -> None:
    recorded = [model["id"] for model in data]
    assert [model.id for model in CATALOG if model.id in recorded] == recorded


@each_recording
def test_the_classic_shape_is_the_recorded_object(at: datetime, data: list[dict[str, Any]]) -> None:
    newest = {model["id"]: model for _, later in RECORDINGS for model in later}
    for recorded in data:
        model = CATALOG.get(recorded["id"])
        assert model is not None
        ours = json.loads(write_model(model, Shape.CLASSIC))
        assert list(ours) == list(recorded) == ["type", "id", "display_name", "created_at"]
        assert ours == {**recorded, "display_name": newest[model.id]["display_name"]}


def test_no_id_or_alias_is_there_twice_and_every_alias_means_a_model() -> None:
    ids = [model.id for model in MODELS]
    assert len({*ids, *ALIASES}) == len(ids) + len(ALIASES)
    assert set(ALIASES.values()) <= set(ids)


def test_only_public_models_are_in_it() -> None:
    assert not [model.id for model in MODELS if "mythos" in model.id or model.line == "mythos"]
    assert not [alias for alias in ALIASES if "mythos" in alias]
    assert {model.source for model in MODELS} == {"anthropic"}
    assert not [model.id for model in MODELS if model.hidden]


def leaves(node: Mapping[str, object] | None, place: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The place of every leaf, in order."""
    if node is None:
        yield place
        return
    for key, child in node.items():
        assert child is None or isinstance(child, Mapping)
        yield from leaves(child, (*place, key))


def shape(node: object) -> object:
    """Capabilities without their values, as `KNOWN` is written."""
    assert isinstance(node, Mapping)
    if list(node) == ["supported"]:
        return None
    return {key: None if key == "supported" else shape(child) for key, child in node.items()}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: str(model.id))
def test_capabilities_are_complete_or_not_there(model: Model) -> None:
    if model.capabilities is not None:
        ours = shape(model.capabilities)
        assert isinstance(ours, dict)
        assert list(leaves(ours)) == list(leaves(KNOWN))


def test_every_model_that_lists_show_has_capabilities() -> None:
    listed = [model for model in MODELS if model.lifecycle is not Lifecycle.RETIRED]
    assert [model.id for model in listed if not model.capabilities] == []


def supported(model_id: str, *place: str) -> object:
    """What is said of one capability."""
    model = CATALOG.get(model_id)
    assert model is not None
    node: object = model.capabilities
    for key in (*place, "supported"):
        assert isinstance(node, Mapping)
        node = node[key]
    return node


def test_only_sonnet_5_5_thinks_between_tools_alone() -> None:
    place = ("thinking", "types", "between_tools")
    found = [model.id for model in MODELS if model.capabilities and supported(model.id, *place)]
    assert found == ["claude-sonnet-5-5"]


def test_programmatic_tool_calling_is_not_the_code_execution_tool() -> None:
    assert supported("claude-haiku-4-5-20251001", "code_execution") is False
    assert supported("claude-haiku-4-5-20251001", "server_tools", "code_execution") is True


def test_opus_4_5_is_deprecated_and_has_its_date() -> None:
    model = CATALOG.get("claude-opus-4-5-20251101")
    assert model is not None
    assert model.lifecycle is Lifecycle.DEPRECATED
    assert model.retires_at == datetime(2027, 1, 22, tzinfo=UTC)


def test_a_name_that_is_not_known_is_the_id() -> None:
    assert {model.id: model.display_name for model in MODELS if model.id.startswith("claude-1.")} == {
        f"claude-1.{number}": f"claude-1.{number}" for number in range(4)
    }


EVIDENCE = json.loads(files("callsheet.data").joinpath("evidence.json").read_text(encoding="utf-8"))

#: Facts that need no evidence: what the model is, not what is said of it.
_GIVEN = {
    "id",
    "line",
    "aliases",
    "source",
    "hidden",
    "replacement",
    "description",
    "retirement_precision",
    "retires_itself",
}


def test_evidence_is_of_the_models_that_are_shipped() -> None:
    assert list(EVIDENCE["models"]) == [model.id for model in MODELS]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: str(model.id))
def test_every_fact_has_its_evidence_and_no_evidence_is_of_an_unknown_fact(model: Model) -> None:
    evidence = EVIDENCE["models"][model.id]
    said = {name for name, value in model.record().items() if value is not None} - _GIVEN
    if model.display_name == model.id:
        said.remove("display_name")
    if model.created_at == EPOCH:
        said.remove("created_at")
    limits = {"max_input_tokens", "max_tokens"}
    expected = said - limits | ({"limits"} if said & limits else set())
    assert evidence.keys() - {"note", "capabilities_as_of"} == expected
    for name in expected - {"limits", "capabilities"}:
        assert evidence[name] in EVIDENCE["confidence"]
    for place, (mark, *sources) in evidence.get("capabilities", {}).items():
        assert mark in EVIDENCE["marks"], place
        assert sources, place
        assert set(sources) <= EVIDENCE["sources"].keys(), place
    if model.capabilities is not None:
        assert list(evidence["capabilities"]) == [
            ".".join(place) for place in leaves(KNOWN) if place[-1] != "supported"
        ]


def test_no_source_is_named_that_bears_no_fact() -> None:
    used = {
        source
        for evidence in EVIDENCE["models"].values()
        for _, *sources in evidence.get("capabilities", {}).values()
        for source in sources
    }
    assert used == EVIDENCE["sources"].keys()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: str(model.id))
def test_a_stage_has_its_dates_and_a_retired_model_was_deprecated_first(model: Model) -> None:
    if model.lifecycle is Lifecycle.ACTIVE:
        assert model.deprecated_at is model.retires_at is None
        return
    assert model.deprecated_at is not None
    assert model.deprecated_at >= model.created_at
    if model.retires_at is not None:
        assert model.retires_at >= model.deprecated_at


def test_a_first_start_has_exactly_the_built_in_catalogue(installation: Installation) -> None:
    state = installation.live().current
    assert list(state.catalog) == list(Catalog(Facts.built_in(now()).models, ALIASES))
    assert state.catalog.aliases() == CATALOG.aliases()


def test_a_first_start_records_every_model_alias_and_the_workspace(installation: Installation) -> None:
    history = installation.history.list(limit=1000)
    assert {row.subject for row in history if row.action == "add"} == {model.id for model in MODELS}
    assert {row.subject for row in history if row.action == "alias"} == set(ALIASES)
    assert [row.after["name"] for row in history if row.after and row.kind == "workspace"] == ["default"]
    assert {row.revision for row in history} == {1}
    assert {row.actor for row in history} == {"callsheet"}
    added = {row.subject: row.after["created_at"] for row in history if row.after and row.action == "add"}
    assert added == {model.id: format_instant(model.created_at) for model in MODELS}
