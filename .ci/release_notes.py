"""Prints what CHANGELOG.md says of a version, and refuses a tag that does not fit the version or the changelog.

python .ci/release_notes.py TAG [REPOSITORY]

TAG is "v" and the version. With the URL of a repository, relative links lead to its files as they are at the tag.
It needs nothing but Python, so that a release can be checked before anything is installed.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_VERSION = re.compile(r'^__version__ = "([^"]+)"$', re.MULTILINE)
_HEADING = re.compile(r"^## \[([^\]]+)\](?: - (\d{4}-\d{2}-\d{2}))?$", re.MULTILINE)
_RELATIVE = re.compile(r"\]\((?![a-z]+:|#)([^)\s]+)\)")


class NotesError(ValueError):
    """Why there must not be a release, and what to do."""


def notes(tag: str, version: str, changelog: str, repository: str | None = None) -> str:
    """The section of ``version`` without its heading; raises `NotesError`."""
    if tag != f"v{version}":
        raise NotesError(
            f"The tag is {tag}, but src/callsheet/_version.py says {version}, whose tag is v{version}."
        )
    headings = list(_HEADING.finditer(changelog))
    for heading, following in zip(headings, [*headings[1:], None], strict=True):
        if heading[1] != version:
            continue
        if heading[2] is None:
            raise NotesError(f"CHANGELOG.md has no date for {version}: write ## [{version}] - YYYY-MM-DD.")
        text = changelog[heading.end() : following.start() if following else None].strip()
        if not text:
            raise NotesError(f"CHANGELOG.md says nothing of {version}.")
        return _RELATIVE.sub(rf"]({repository}/blob/{tag}/\1)", text) if repository else text
    raise NotesError(
        f"CHANGELOG.md has no section ## [{version}] - YYYY-MM-DD; move what is under Unreleased there."
    )


def main() -> None:
    """Print the notes, or end with a sentence and status 1."""
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: python .ci/release_notes.py TAG [REPOSITORY]")
    found = _VERSION.search((ROOT / "src/callsheet/_version.py").read_text(encoding="utf-8"))
    if found is None:
        sys.exit('src/callsheet/_version.py has no line __version__ = "…".')
    try:
        print(notes(sys.argv[1], found[1], (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), *sys.argv[2:]))
    except NotesError as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()
