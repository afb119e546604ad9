"""Claude Code's discovery of models behind a gateway, as it goes over the wire (contract, section 8)."""

from typing import Any, Final

import httpx2
import pytest

from tests.clients.server import AT, FOREIGN, KEY, PLAIN, PLUS, SLASH, ClientServer
from tests.program import DEADLINE

CREDENTIALS: Final = {
    "x-api-key": {"x-api-key": KEY},
    "bearer": {"authorization": f"Bearer {KEY}"},
    "both": {"x-api-key": KEY, "authorization": f"Bearer {KEY}"},
    "both, only x-api-key valid": {"x-api-key": KEY, "authorization": "Bearer sk-wrong"},
    "both, only bearer valid": {"x-api-key": "sk-wrong", "authorization": f"Bearer {KEY}"},
}


def discover(server: ClientServer, credential: dict[str, str], prefix: str = "") -> httpx2.Response:
    """Ask as Claude Code does. A redirect is an answer like another, and no good one."""
    headers = {"anthropic-version": "2023-06-01", **credential}
    with httpx2.Client(trust_env=False, follow_redirects=False, timeout=DEADLINE) as client:
        return client.get(f"{server.url}{prefix}/v1/models?limit=1000", headers=headers)


def picker(response: httpx2.Response) -> dict[str, tuple[str, str | None]]:
    """What Claude Code would offer: display name and description by id."""
    assert response.status_code == 200
    models: list[dict[str, Any]] = response.json()["data"]
    return {
        model["id"]: (model["display_name"], model.get("description"))
        for model in models
        if "claude" in model["id"].lower() or "anthropic" in model["id"].lower()
    }


@pytest.mark.parametrize("credential", CREDENTIALS.values(), ids=CREDENTIALS)
def test_every_style_of_credential_fills_the_picker(
    credential: dict[str, str], client_server: ClientServer
) -> None:
    offered = picker(discover(client_server, credential))
    assert list(offered) == [model_id for model_id in client_server.model_ids if model_id != FOREIGN]
    assert {PLAIN, SLASH, AT, PLUS} < set(offered)
    assert all(name for name, _ in offered.values())


def test_the_picker_shows_the_name_and_the_description(client_server: ClientServer) -> None:
    offered = picker(discover(client_server, CREDENTIALS["both"]))
    assert offered[SLASH] == (SLASH.title(), "A small model of our own.")
    assert offered[PLAIN] == (PLAIN.title(), None)


def test_all_models_come_in_one_page(client_server: ClientServer) -> None:
    page = discover(client_server, CREDENTIALS["bearer"]).json()
    assert [model["id"] for model in page["data"]] == client_server.model_ids
    assert page["has_more"] is False


def test_a_base_url_that_ends_in_v1_is_not_redirected(client_server: ClientServer) -> None:
    doubled = discover(client_server, CREDENTIALS["bearer"], prefix="/v1")
    assert picker(doubled) == picker(discover(client_server, CREDENTIALS["bearer"]))


@pytest.mark.parametrize(
    ("credential", "message"),
    [
        ({"x-api-key": "sk-wrong"}, "invalid x-api-key"),
        ({"authorization": "Bearer sk-wrong"}, "Invalid bearer token"),
        ({"x-api-key": "sk-wrong", "authorization": "Bearer sk-wrong"}, "invalid x-api-key"),
        ({}, "x-api-key header is required"),
    ],
    ids=["x-api-key", "bearer", "both", "none"],
)
def test_a_wrong_credential_is_refused_at_once(
    credential: dict[str, str], message: str, client_server: ClientServer
) -> None:
    response = discover(client_server, credential)
    assert response.status_code == 401
    assert response.json()["error"] == {"type": "authentication_error", "message": message}
