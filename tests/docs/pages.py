"""The documents, and what stands in them: blocks of code with their markers, headings, links.

A marker is an HTML comment directly above a block, invisible when rendered:

    <!-- runs -->               bash, or python with Callsheet's own interpreter; a server of the page's own is up
    <!-- runs: client -->       python with the newest official SDK
    <!-- runs: pytest -->       python that is a file of tests, run with the newest official SDK when the page ends
    <!-- runs: app -->          python that makes `app`; then GET /anthropic/v1/models is asked of it, and printed
    <!-- runs: settings -->     toml that must load as callsheet.toml
    <!-- runs: nginx -->        what must be valid inside nginx's http block
    <!-- runs: serve -->        bash that starts the page's server again, in front of a gateway of the page's own
    <!-- runs: postgresql -->   bash as above, or sql as the administrator; the page's PostgreSQL server is up
    <!-- prints -->             what the block above printed: text line by line, json by value; … is anything
    <!-- prints: serve -->      the same of the page's server at its start
    <!-- not run: reason -->    shown only, and why
"""

import re
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[2]

PAGES: Final = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])

#: Which languages each marker may stand over.
MARKERS: Final = {
    "runs": {"bash", "python"},
    "runs: client": {"python"},
    "runs: pytest": {"python"},
    "runs: app": {"python"},
    "runs: settings": {"toml"},
    "runs: nginx": {"nginx"},
    "runs: serve": {"bash"},
    "runs: postgresql": {"bash", "sql"},
    "prints": {"text", "json"},
    "prints: serve": {"text"},
}

_FENCE = re.compile(r"^( *)(`{3,})(\S*)[^\n]*\n(.*?)^ *\2 *$", re.MULTILINE | re.DOTALL)
_MARKER = re.compile(r"<!-- (.+?) -->\n$")
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
_LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^)\s]+)\)")
_INLINE_CODE = re.compile(r"`[^`\n]*`")


class Block(NamedTuple):
    """A fenced block. `marker` is empty where there is none."""

    line: int
    language: str
    marker: str
    code: str

    @property
    def is_marked(self) -> bool:
        """Whether it says what becomes of it, in words that fit its language."""
        if self.marker.startswith("not run: "):
            return True
        return self.language in MARKERS.get(self.marker, ())


def name(page: Path) -> str:
    """The path of `page` below the root, for the names of tests."""
    return str(page.relative_to(ROOT))


def blocks(page: Path) -> list[Block]:
    """Every fenced block of `page`, in order."""
    text = page.read_text(encoding="utf-8")
    found = []
    for fence in _FENCE.finditer(text):
        before = text[: fence.start()]
        marker = _MARKER.search(before.rstrip(" "))
        found.append(
            Block(before.count("\n") + 1, fence.group(3), marker.group(1) if marker else "", fence.group(4))
        )
    return found


def anchors(page: Path) -> set[str]:
    """What a link can name after the #: headings, as GitHub slugs them."""
    seen: dict[str, int] = {}
    for heading in _HEADING.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        seen[slug] = seen.get(slug, -1) + 1
        if seen[slug]:
            seen[f"{slug}-{seen[slug]}"] = 0
    return set(seen)


def links(page: Path) -> list[str]:
    """The targets of every link of `page`."""
    return _LINK.findall(_INLINE_CODE.sub("`", _FENCE.sub("", page.read_text(encoding="utf-8"))))
