"""Real Claude Code keeps of Callsheet's list what it keeps of the proxy's own, with names; each is accepted."""

from pathlib import Path

from tests.clients.claude_code import RELEASES, Taken, discover
from tests.gateway.conftest import Front
from tests.gateway.litellm import EMBEDDINGS, accepts
from tests.tiers import exhaustive

pytestmark = exhaustive

MODELS = ["claude-sonnet-5", "us.anthropic.claude-opus-5", "gpt-5", EMBEDDINGS]


def taken(url: str, key: str, home: Path) -> Taken:
    """What the newest release keeps of the list at a URL."""
    return discover(RELEASES[0], url, home, {"ANTHROPIC_AUTH_TOKEN": key})


def test_claude_code_keeps_what_it_keeps_of_the_proxys_own_list_but_for_embeddings(
    front: Front, tmp_path: Path
) -> None:
    key = front.gateway.allow("sk-claude-code", MODELS)
    straight = taken(front.gateway.url, key, tmp_path / "straight")
    through = taken(front.url, key, tmp_path / "through")
    (embeddings,) = [model["id"] for model in straight.kept or () if model["display_name"] == EMBEDDINGS]
    assert sorted(through.ids) == sorted({*straight.ids} - {embeddings})
    assert all(accepts(front.url, key, model_id) for model_id in through.ids)
    assert [name for name in names(straight) if name.startswith("Claude ")] == []
    assert [name for name in names(through) if name.startswith("Claude ")] == ["Claude Opus 5", "Claude Sonnet 5"]


def names(found: Taken) -> list[str]:
    return sorted(model["display_name"] for model in found.kept or ())
