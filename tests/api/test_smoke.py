from tests.doors import Door


def test_the_default_list_is_newest_first(door: Door) -> None:
    reply = door.get("/v1/models")
    assert reply.ids[0] == "claude-fable-5-2"
    assert door.get("/v1/models/claude-opus-4-5").json["id"] == "claude-opus-4-5-20251101"
    assert door.ask("GET", "/v1/models").error == (401, "authentication_error", "x-api-key header is required")
