"""Section 2: the JSON of a model and of a page."""

from datetime import UTC, datetime

from callsheet.domain.access.workspace import Shape
from callsheet.domain.changes.workspaces import WorkspaceChange
from callsheet.domain.model import Lifecycle
from tests.doors import Door
from tests.installation import Installation, make_model

CURRENT = [
    "type",
    "id",
    "display_name",
    "created_at",
    "line",
    "max_input_tokens",
    "max_tokens",
    "capabilities",
    "lifecycle",
    "deprecated_at",
    "retires_at",
]
CLASSIC = CURRENT[:4]
NO = {"supported": False}
YES = {"supported": True}
CAPABILITIES = {
    "batch": YES,
    "citations": NO,
    "code_execution": YES,
    "context_management": {
        **YES,
        "clear_tool_uses_20250919": YES,
        "clear_thinking_20251015": NO,
        "compact_20260112": YES,
    },
    "effort": {**YES, "low": YES, "medium": YES, "high": YES, "xhigh": NO, "max": NO},
    "image_input": YES,
    "pdf_input": YES,
    "server_tools": {**YES, "code_execution": YES, "web_search": NO},
    "structured_outputs": NO,
    "thinking": {**YES, "types": {"enabled": YES, "adaptive": NO, "disabled": YES, "between_tools": NO}},
}


def turned(value: object) -> object:
    """The same object with every mapping in the opposite order."""
    return {key: turned(each) for key, each in reversed(value.items())} if isinstance(value, dict) else value


def test_a_model_is_written_in_full_and_in_order(door: Door, empty: Installation) -> None:
    empty.add(
        make_model(
            "claude-x",
            "2026-02-04T10:20:30.5Z",
            display_name="Claude X",
            line="opus",
            max_input_tokens=200000,
            max_tokens=64000,
            capabilities={"batch": YES},
            lifecycle=Lifecycle.DEPRECATED,
            deprecated_at=datetime(2026, 5, 1, tzinfo=UTC),
            retires_at=datetime(2027, 5, 1, 12, tzinfo=UTC),
        )
    )
    model = (
        '{"type":"model","id":"claude-x","display_name":"Claude X","created_at":"2026-02-04T10:20:30.5Z",'
        '"line":"opus","max_input_tokens":200000,"max_tokens":64000,'
        '"capabilities":{"batch":{"supported":true}},"lifecycle":"deprecated",'
        '"deprecated_at":"2026-05-01T00:00:00Z","retires_at":"2027-05-01T12:00:00Z"}'
    )
    assert door.get("/v1/models/claude-x").body.decode() == model
    assert door.get("/v1/models").body.decode() == (
        f'{{"data":[{model}],"has_more":false,"first_id":"claude-x","last_id":"claude-x"}}'
    )


def test_what_is_unknown_is_null_and_never_absent(door: Door, empty: Installation) -> None:
    empty.add(make_model("x", "1970-01-01"))
    assert door.get("/v1/models/x").body.decode() == (
        '{"type":"model","id":"x","display_name":"x","created_at":"1970-01-01T00:00:00Z","line":null,'
        '"max_input_tokens":null,"max_tokens":null,"capabilities":null,"lifecycle":"active",'
        '"deprecated_at":null,"retires_at":null}'
    )


def test_capabilities_are_in_the_order_of_the_wire(door: Door, empty: Installation) -> None:
    empty.add(make_model("x", capabilities=turned(CAPABILITIES)))
    served = door.get("/v1/models/x").json["capabilities"]
    assert served == CAPABILITIES
    assert str(served) == str(CAPABILITIES)


def test_unknown_capabilities_are_served_as_given(door: Door, empty: Installation) -> None:
    given = {
        "telepathy": YES,
        "batch": NO,
        "effort": {"ultra": YES, **NO},
        "group": {"leaf": NO, "deep": {"x": YES}},
    }
    empty.add(make_model("x", capabilities=given))
    assert door.get("/v1/models/x").json["capabilities"] == given


def test_text_is_utf_8_and_not_escaped(door: Door, empty: Installation) -> None:
    empty.add(make_model("x", display_name='模型 é 🎬 "q" \\ / </script>', description="ligne\n\tdeux — €"))
    body = door.get("/v1/models/x").body.decode()
    assert '"display_name":"模型 é 🎬 \\"q\\" \\\\ / </script>"' in body
    assert body.endswith(',"description":"ligne\\n\\tdeux — €"}')
    assert body in door.get("/v1/models").body.decode()


def test_a_description_is_there_only_when_it_is_set(door: Door, empty: Installation) -> None:
    empty.add(make_model("with", description="Fast."), make_model("without"))
    assert list(door.get("/v1/models/with").json) == [*CURRENT, "description"]
    assert list(door.get("/v1/models/without").json) == CURRENT
    empty.catalog.change("with", {"description": None})
    assert list(door.get("/v1/models/with").json) == CURRENT


def test_the_setting_shape_gives_everybody_the_four_fields_of_2025(door: Door, empty: Installation) -> None:
    empty.add(make_model("x", "2026-02-04", display_name="X", line="opus", description="Fast.", max_tokens=5))
    door.set_up(shape="classic")
    model = b'{"type":"model","id":"x","display_name":"X","created_at":"2026-02-04T00:00:00Z"}'
    assert door.get("/v1/models/x").body == model
    assert door.get("/v1/models").body == (b'{"data":[%b],"has_more":false,"first_id":"x","last_id":"x"}' % model)


def test_a_workspace_may_have_its_own_shape(door: Door, installation: Installation) -> None:
    installation.access.create_workspace("Old", "wrkspc_old", shape=Shape.CLASSIC)
    installation.access.create_workspace("New", "wrkspc_new", shape=Shape.CURRENT)
    secret = installation.key(organization=True)

    def fields(*workspace: str) -> list[str]:
        named = [("anthropic-workspace-id", each) for each in workspace]
        headers = [("x-api-key", secret), ("anthropic-version", "2023-06-01"), *named]
        listed = door.ask("GET", "/v1/models?limit=1", headers).json["data"][0]
        assert list(door.ask("GET", f"/v1/models/{listed['id']}", headers).json) == list(listed)
        return [name for name in listed if name != "description"]

    assert [fields(), fields("wrkspc_old"), fields("wrkspc_new")] == [CURRENT, CLASSIC, CURRENT]
    door.set_up(shape="classic")
    assert [fields(), fields("wrkspc_old"), fields("wrkspc_new")] == [CLASSIC, CLASSIC, CURRENT]


def test_a_workspace_that_changes_its_shape_is_answered_in_it_at_once(
    door: Door, installation: Installation
) -> None:
    default = door.get("/v1/models").headers["anthropic-workspace-id"]
    assert len(door.get("/v1/models/claude-opus-5").json) >= len(CURRENT)
    installation.access.change_workspace(default, WorkspaceChange(shape=Shape.CLASSIC))
    assert list(door.get("/v1/models/claude-opus-5").json) == CLASSIC


def test_a_display_name_may_change_in_place(door: Door, letters: Installation) -> None:
    letters.catalog.change("c", {"display_name": "Sea"})
    assert door.get("/v1/models/c").json["display_name"] == "Sea"
    assert door.get("/v1/models").json["data"][2]["display_name"] == "Sea"
