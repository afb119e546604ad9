"""Section 8: requests as the clients of this world send them."""

from typing import NamedTuple

import pytest

from tests.doors import Door, Reply
from tests.installation import Installation, make_model

STAINLESS = {
    "x-stainless-lang": "python",
    "x-stainless-package-version": "2.3.0",
    "x-stainless-os": "Linux",
    "x-stainless-retry-count": "0",
    "x-stainless-async": "false",
}


class Client(NamedTuple):
    """One kind of client: its credential and its other headers; `SECRET` stands for the secret."""

    headers: list[tuple[str, str]]
    suffix: str = ""


CLIENTS = {
    "python 2, typescript 1, go 2, java 3": Client(
        [("authorization", "Bearer SECRET"), ("anthropic-version", "2026-10-21"), *STAINLESS.items()]
    ),
    "python 1, typescript 0": Client(
        [
            ("x-api-key", "SECRET"),
            ("anthropic-version", "2023-06-01"),
            ("anthropic-beta", "files-api-2025-04-14,context-1m-2025-08-07"),
            *STAINLESS.items(),
        ],
        "beta=true",
    ),
    "ruby": Client([("x-api-key", "SECRET"), ("anthropic-version", "2023-06-01"), ("anthropic-beta", "a, b")]),
    "java before 2.69": Client(
        [
            ("x-api-key", "SECRET"),
            ("anthropic-version", "2023-06-01"),
            ("anthropic-beta", "a"),
            ("anthropic-beta", "b"),
        ]
    ),
    "claude code, both credentials": Client(
        [
            ("authorization", "Bearer SECRET"),
            ("x-api-key", "of-somebody-else"),
            ("anthropic-version", "2023-06-01"),
            ("user-agent", "claude-cli/2.1.0 (external, cli)"),
        ]
    ),
    "librechat": Client([("x-api-key", "SECRET"), ("anthropic-version", "2023-06-01"), ("accept", "*/*")]),
    "a browser": Client(
        [
            ("x-api-key", "SECRET"),
            ("anthropic-version", "2023-06-01"),
            ("anthropic-dangerous-direct-browser-access", "true"),
            ("origin", "https://app.example.com"),
        ]
    ),
}


class Sender:
    """Asks as one client."""

    def __init__(self, door: Door, client: Client) -> None:
        self.door = door
        self.headers = [(name, value.replace("SECRET", door.secret)) for name, value in client.headers]
        self.suffix = client.suffix

    def get(self, target: str) -> Reply:
        joint = "&" if "?" in target else "?"
        return self.door.ask("GET", f"{target}{joint}{self.suffix}" if self.suffix else target, self.headers)


@pytest.fixture(params=CLIENTS)
def sender(request: pytest.FixtureRequest, door: Door) -> Sender:
    return Sender(door, CLIENTS[request.param])


@pytest.fixture
def many(empty: Installation) -> list[str]:
    """The ids of 23 models, newest first."""
    ids = [f"claude-m{number:02}" for number in range(22, 0, -1)]
    others = [make_model(name, f"2026-01-{day:02}") for day, name in enumerate(reversed(ids), start=1)]
    empty.add_at_once([*others, make_model("hf.co/org/m:Q4@2", "2025-01-01")])
    return [*ids, "hf.co/org/m:Q4@2"]


def test_every_client_lists_and_retrieves(sender: Sender, many: list[str]) -> None:
    assert sender.get("/v1/models?limit=1000").ids == many
    assert sender.get("/v1/models").ids == many[:20]
    for spelling in ("hf.co%2Forg%2Fm:Q4@2", "hf.co%2Forg%2Fm%3AQ4%402", "hf.co/org/m:Q4@2"):
        assert sender.get(f"/v1/models/{spelling}").json["id"] == "hf.co/org/m:Q4@2"


def test_a_walk_that_trusts_has_more_visits_every_model_once(door: Door, many: list[str]) -> None:
    seen, query = [], "limit=5"
    while True:
        page = door.get(f"/v1/models?{query}").json
        seen += [model["id"] for model in page["data"]]
        if not (page["has_more"] and page["data"] and page["last_id"]):
            break
        query = f"limit=5&after_id={page['last_id']}"
    assert seen == many


def test_a_walk_backward_visits_every_model_once(door: Door, many: list[str]) -> None:
    seen, query = [many[-1]], f"limit=5&before_id={many[-1]}"
    while True:
        page = door.get(f"/v1/models?{query}").json
        seen = [model["id"] for model in page["data"]] + seen
        if not page["has_more"]:
            break
        query = f"limit=5&before_id={page['first_id']}"
    assert seen == many


def test_a_walk_that_ignores_has_more_ends_with_an_empty_page(door: Door, many: list[str]) -> None:
    seen, query = [], "limit=23"
    while data := door.get(f"/v1/models?{query}").json["data"]:
        seen += [model["id"] for model in data]
        query = f"limit=23&after_id={seen[-1].replace(':', '%3A').replace('@', '%40')}"
    assert seen == many


def test_a_walk_that_keeps_its_first_cursor_sends_both_and_ends(door: Door, many: list[str]) -> None:
    seen, query = [], f"limit=4&before_id={many[10]}"
    page = door.get(f"/v1/models?after_id={many[0]}&{query}").json
    while page["data"]:
        seen += [model["id"] for model in page["data"]]
        page = door.get(f"/v1/models?{query}&after_id={page['last_id']}").json
    assert seen == many[1:10]


def test_ruby_asks_for_an_empty_id_and_gets_the_list(door: Door, many: list[str]) -> None:
    assert door.get("/v1/models/").ids == many[:20]


def test_new_sdks_encode_the_brackets_of_lifecycle(door: Door, many: list[str]) -> None:
    query = "lifecycle%5B%5D=active&lifecycle%5B%5D=retired&limit=1000"
    assert door.get(f"/v1/models?{query}").ids == many


def test_claude_code_finds_what_its_picker_shows(door: Door, empty: Installation) -> None:
    empty.add(make_model("claude-x", display_name="Claude X", description="For hard problems."))
    (model,) = door.get("/v1/models?limit=1000").json["data"]
    assert (model["id"], model["display_name"], model["description"]) == (
        "claude-x",
        "Claude X",
        "For hard problems.",
    )


def test_openai_clients_find_what_they_read(door: Door, many: list[str]) -> None:
    for headers in ({"user-agent": "OpenAI/Python 2.0"}, STAINLESS, {"accept": "application/json"}):
        reply = door.ask("GET", "/v1/models", {"authorization": f"Bearer {door.secret}", **headers})
        assert reply.json["object"] == "list"
        assert reply.ids == many
