"""What MkDocs cannot say in mkdocs.yml: the site shows files of the repository that lie outside of `docs/`.

In the repository, a page links to any file. On the site, the pages at the top of the repository and the files of
`deploy/` become pages, and links to them lead there. A link to any other file leads to the repository if `repo_url`
says where that is; without it, only the text of the link remains. Comments are left out.
"""

import posixpath
import re
from pathlib import Path
from typing import Any, Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT: Final = Path(__file__).resolve().parents[2]
DOCS: Final = "docs/"
OWN: Final = "docs/site/"  # what makes the site is not on it
TOP: Final = ("CHANGELOG.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "SECURITY.md")
DEPLOY: Final = "deploy"

_LANGUAGES: Final = {".conf": "nginx", ".json": "json", ".service": "ini", ".yaml": "yaml", ".yml": "yaml"}

_FENCE: Final = r"^ *(?P<fence>`{3,}).*?^ *(?P=fence) *$"
_CODE: Final = r"`[^`\n]*`"
_COMMENT: Final = r"^<!--.*?-->\n+"
_LINK: Final = r"(?P<text>!?\[(?:[^\[\]]|\[[^\]]*\])*\])\((?P<target>[^)\s]+)\)"
_TOKEN: Final = re.compile(f"{_FENCE}|{_COMMENT}|(?<!\\[){_CODE}|{_LINK}", re.MULTILINE | re.DOTALL)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are not in `docs/`."""
    for name in TOP:
        files.append(File.generated(config, _place(name), content=(ROOT / name).read_text(encoding="utf-8")))
    for folder in (ROOT / DEPLOY, *sorted(path for path in (ROOT / DEPLOY).rglob("*") if path.is_dir())):
        place = _place(folder.relative_to(ROOT).as_posix())
        files.append(File.generated(config, place, content=_folder_page(folder)))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, **_: Any) -> str:
    """Leave out comments, and lead every link to where its target is on the site."""
    return rewrite(markdown, page.file.src_uri, config.repo_url)


def rewrite(markdown: str, page: str, repository: str | None = None) -> str:
    """The text of `page`, a path below the site's root, as the site shows it."""

    def replace(found: re.Match[str]) -> str:
        if found["target"] is None:
            return "" if found[0].startswith("<!--") else found[0]
        text, target = found["text"], _target(found["target"], page, repository)
        return f"{text}({target})" if target else text.removeprefix("!")[1:-1]

    return _TOKEN.sub(replace, markdown)


def _target(link: str, page: str, repository: str | None) -> str | None:
    """Where `link` of `page` leads on the site; None if nowhere."""
    path, _, anchor = link.partition("#")
    if not path or re.match(r"[a-z]+:", path):
        return link
    origin = _origin(page)
    wanted = posixpath.normpath(posixpath.join(posixpath.dirname(origin), path))
    if wanted.startswith(DOCS) and not wanted.startswith(OWN):
        place = wanted.removeprefix(DOCS)
    elif wanted in TOP:
        place = _place(wanted)
    elif wanted.startswith(DEPLOY):
        if (ROOT / wanted).is_file():
            wanted, anchor = posixpath.dirname(wanted), _anchor(posixpath.basename(wanted))
        place = _place(wanted)
    elif repository:
        kind = "tree" if (ROOT / wanted).is_dir() else "blob"
        return f"{repository.rstrip('/')}/{kind}/main/{wanted}" + (f"#{anchor}" if anchor else "")
    else:
        return None
    return posixpath.relpath(place, posixpath.dirname(page) or ".") + (f"#{anchor}" if anchor else "")


def _place(path: str) -> str:
    """The page of the site for a file at the top of the repository, or for a folder below `deploy/`."""
    if path in TOP:
        return f"project/{path.removesuffix('.md').lower().replace('_', '-')}.md"
    return f"{path}.md"


def _origin(page: str) -> str:
    """The path in the repository of what a page of the site shows."""
    return {_place(name): name for name in TOP}.get(page, DOCS + page)


def _folder_page(folder: Path) -> str:
    """A page with every file of `folder`, to read and to copy, and links to the folders in it."""
    lines = [f"# {folder.relative_to(ROOT).as_posix()}"]
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            lines.append(f"* [{path.name}]({folder.name}/{path.name}.md)")
        else:
            language = _LANGUAGES.get(path.suffix, "text")
            lines += [f"## {path.name}", f"````{language}\n{path.read_text(encoding='utf-8').rstrip()}\n````"]
    return "\n\n".join(lines) + "\n"


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
