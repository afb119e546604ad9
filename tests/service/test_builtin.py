"""The built-in catalogue, held against what the real server answered when it was recorded."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from callsheet.domain.access import Shape
from callsheet.domain.capabilities import KNOWN
from callsheet.domain.catalog import Catalog
from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.times import format_instant
from callsheet.service.builtin import builtin_catalog
from callsheet.wire.anthropic import write_model
from tests.installation import Installation

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


def test_some_model_has_capabilities() -> None:
    assert [model.id for model in MODELS if model.capabilities is not None]


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
    assert list(state.catalog) == list(CATALOG)
    assert state.catalog.aliases() == CATALOG.aliases()


def test_a_first_start_records_every_model_alias_and_the_workspace(installation: Installation) -> None:
    history = installation.catalog.history(limit=1000)
    assert {row["subject"] for row in history if row["action"] == "add"} == {model.id for model in MODELS}
    assert {row["subject"] for row in history if row["action"] == "alias"} == set(ALIASES)
    assert [row["after"]["name"] for row in history if row["kind"] == "workspace"] == ["default"]
    assert {row["revision"] for row in history} == {1}
    assert {row["actor"] for row in history} == {"callsheet"}
    added = {row["subject"]: row["after"]["created_at"] for row in history if row["action"] == "add"}
    assert added == {model.id: format_instant(model.created_at) for model in MODELS}
