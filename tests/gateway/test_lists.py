"""Each key lists through Callsheet what the proxy accepts of it, in every client; nothing was typed."""

from pathlib import Path
from typing import Final

import httpx2
import pytest

from tests.gateway.clients import commands, list_with
from tests.gateway.conftest import Front
from tests.gateway.litellm import ALL, ROUTED, accepts
from tests.program import DEADLINE, wait_for
from tests.tiers import exhaustive

pytestmark = exhaustive

KEYS: Final = {
    "sk-some-of-them": ["claude-sonnet-5", "gpt-5", "team/claude-maple:7b"],
    "sk-one": ["us.anthropic.claude-opus-5"],
    "sk-all": [ALL],
}


def ids_at(url: str, key: str) -> list[str] | None:
    """What a key lists in Anthropic's dialect; None if it is refused."""
    headers = {"x-api-key": key, "anthropic-version": "2023-06-01"}
    with httpx2.Client(base_url=url, trust_env=False, timeout=DEADLINE) as client:
        answer = client.get("/v1/models", headers=headers, params={"limit": 1000})
    return [model["id"] for model in answer.json()["data"]] if answer.status_code == 200 else None


@pytest.mark.parametrize("key", KEYS)
def test_every_client_lists_the_models_with_which_messages_are_accepted(key: str, front: Front, home: Path) -> None:
    front.gateway.allow(key, KEYS[key])
    accepted = {model for model in ROUTED if accepts(front.url, key, model)}
    assert accepted == (set(ROUTED) if KEYS[key] == [ALL] else set(KEYS[key]))
    for name, command in commands().items():
        listed = list_with(command, front.url, key, home)
        assert listed is not None, name
        assert (name, sorted(listed)) == (name, sorted(accepted))


def test_a_list_has_the_names_dates_and_limits_that_the_proxy_does_not_have(front: Front) -> None:
    key = front.gateway.allow("sk-facts", ["us.anthropic.claude-opus-5", "gpt-5"])
    headers = {"x-api-key": key, "anthropic-version": "2023-06-01"}
    with httpx2.Client(trust_env=False, timeout=DEADLINE) as client:
        there = client.get(f"{front.gateway.url}/v1/models", headers=headers).json()["data"]
        here = client.get(f"{front.url}/v1/models", headers=headers).json()["data"]
    assert {model["display_name"] for model in there} == {"us.anthropic.claude-opus-5", "gpt-5"}
    by_id = {model["id"]: model for model in here}
    opus = by_id["us.anthropic.claude-opus-5"]
    assert (opus["display_name"], opus["created_at"][:10]) == ("Claude Opus 5", "2026-07-24")
    assert by_id["gpt-5"]["max_input_tokens"] == 272_000


def test_a_key_of_neither_is_refused_by_both(front: Front) -> None:
    assert ids_at(front.url, "sk-of-neither") is None
    assert not accepts(front.url, "sk-of-neither", "gpt-5")


def test_a_revoked_key_is_out_as_soon_as_the_gateway_is_asked_again(front: Front) -> None:
    key = front.gateway.allow("sk-revoked", ["kimi-k3"])
    other = front.gateway.allow("sk-not-revoked", ["kimi-k3"])
    assert ids_at(front.url, key) == ids_at(front.url, other) == ["kimi-k3"]
    front.gateway.revoke(key)
    assert ids_at(front.url, key) == ["kimi-k3"]  # for 60 s, which the clocks of other tests pass
    assert not accepts(front.url, key, "kimi-k3")
    front.forget()
    wait_for(lambda: ids_at(front.url, key) is None, "the end of a key")
    assert ids_at(front.url, other) == ["kimi-k3"]


def test_a_key_that_may_call_more_lists_more_as_soon_as_the_gateway_is_asked_again(front: Front) -> None:
    key = front.gateway.allow("sk-growing", ["kimi-k3"])
    assert ids_at(front.url, key) == ["kimi-k3"]
    front.gateway.allow(key, ["kimi-k3", "gpt-5"])
    front.forget()
    wait_for(lambda: len(ids_at(front.url, key) or ()) == 2, "another model")
