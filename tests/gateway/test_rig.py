"""The proxy that the other tests here stand on: what it lists to a key is what it accepts of it."""

import httpx2
import pytest

from tests.gateway.litellm import ALL, EMBEDDINGS, ROUTED, Gateway, accepts
from tests.tiers import exhaustive

pytestmark = exhaustive


@pytest.mark.parametrize(
    ("key", "models"),
    [("sk-rig-some", ["claude-sonnet-5", "gpt-5"]), ("sk-rig-one", ["kimi-k3"]), ("sk-rig-all", [ALL])],
)
def test_a_message_is_accepted_with_a_listed_model_and_no_other(
    key: str, models: list[str], litellm: Gateway
) -> None:
    litellm.allow(key, models)
    listed = [model for model in litellm.listed(key) if model != EMBEDDINGS]
    assert listed == (list(ROUTED) if models == [ALL] else models)
    assert [model for model in ROUTED if accepts(litellm.url, key, model)] == listed


def test_a_revoked_key_is_refused_at_once(litellm: Gateway) -> None:
    key = litellm.allow("sk-rig-revoked", ["kimi-k3"])
    assert litellm.listed(key) == ["kimi-k3"]
    litellm.revoke(key)
    with pytest.raises(httpx2.HTTPStatusError, match="401"):
        litellm.listed(key)
    assert not accepts(litellm.url, key, "kimi-k3")
