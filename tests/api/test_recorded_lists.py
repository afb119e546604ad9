"""Section 3: what the real server answered comes back byte for byte."""

import json
from pathlib import Path
from typing import Any

import pytest

from callsheet.domain.times import parse_instant
from tests.doors import Door
from tests.installation import Installation, make_model

ANSWERS: list[dict[str, Any]] = json.loads(
    Path(__file__, "../../fixtures/recorded-lists.json").resolve().read_text(encoding="utf-8")
)["answers"]
LINES = ("mythos", "fable", "opus", "sonnet", "haiku")


@pytest.mark.parametrize("recorded", ANSWERS, ids=lambda recorded: recorded["recorded_at"])
def test_a_recorded_list_comes_back_byte_for_byte(
    door: Door, empty: Installation, recorded: dict[str, Any]
) -> None:
    for model in sorted(json.loads(recorded["body"])["data"], key=lambda model: model["display_name"]):
        line = next((line for line in LINES if line in model["id"]), None)
        added = make_model(model["id"], display_name=model["display_name"], line=line)
        empty.add(added)
        empty.catalog.change(added.id, {"created_at": parse_instant(model["created_at"])})
    door.set_up(shape="classic")
    reply = door.get(recorded["request"].removeprefix("GET "))
    assert (reply.status, reply.body.decode()) == (recorded["status"], recorded["body"])
