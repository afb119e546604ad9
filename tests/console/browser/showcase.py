"""An installation as a company may have it, for pictures: teams with rules of their own, keys, a change or two."""

from callsheet.domain.access.visibility import Visibility
from callsheet.domain.edits import ModelChange
from tests.installation import Installation, make_model

_TEAMS = (
    ("Platform", "#3B6FB6", ("*",), ()),
    ("Research", "#7A4FA3", ("claude-*", "kimi-*"), ()),
    ("Support", "#2E7D5B", ("claude-haiku-*", "claude-sonnet-*"), ("*-2024*",)),
    ("Interns", "#C0752B", ("claude-haiku-*",), ()),
)


def fill(installation: Installation) -> None:
    """Put it into an installation that has the built-in models."""
    catalog, access = installation.catalog, installation.access
    catalog.add(make_model("kimi-k3", "2026-06-12", display_name="Kimi K3", line="kimi", max_input_tokens=256_000))
    catalog.add(
        make_model("gpt-oss-120b", "2025-08-05", display_name="GPT-OSS 120B", line="gpt", max_input_tokens=131_072)
    )
    catalog.change("claude-opus-4-5-20251101", ModelChange(description="For long tasks. Ask Platform first."))
    catalog.alias("team-default", "claude-opus-4-5-20251101")
    for name, color, allow, deny in _TEAMS:
        allowed = () if allow == ("*",) else allow
        workspace = access.create_workspace(name, visibility=Visibility(allowed, deny), display_color=color)
        for number in range(3):
            access.create_key(f"{name.lower()}-{number + 1}", workspace.id)
