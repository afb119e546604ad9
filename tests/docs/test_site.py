"""The documentation as a site: whole, and of one piece."""

import os
import runpy
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urldefrag, urljoin

import pytest

from tests.docs.pages import ROOT
from tests.program import DEADLINE

#: What a browser fetches by itself.
LOADED: Final = {("img", "src"), ("script", "src"), ("iframe", "src"), ("link", "href"), ("source", "src")}

BASE: Final = "https://site.invalid/"


class Page(HTMLParser):
    """What one page of the site links to, loads, and can be linked at."""

    def __init__(self, url: str, text: str) -> None:
        super().__init__()
        self.url = url
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("id", "name") and value:
                self.anchors.add(value)
            elif (tag, name) == ("a", "href") and value is not None:
                self.links.append(urljoin(self.url, value))
            elif (tag, name) in LOADED and value:
                self.loads.append(urljoin(self.url, value))


class Site(NamedTuple):
    folder: Path
    pages: dict[str, Page]

    def file(self, url: str) -> Path:
        """The file that a web server answers `url` with."""
        path = self.folder / unquote(url.removeprefix(BASE))
        return path / "index.html" if path.is_dir() else path


def _build(config: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--config-file", config, "--site-dir", folder],
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    folder = tmp_path_factory.mktemp("site")
    done = _build(ROOT / "mkdocs.yml", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    found = {}
    for path in sorted(folder.rglob("*.html")):
        if path.name == "404.html":  # it is answered at any path, so its links begin at the root
            continue
        url = BASE + path.relative_to(folder).as_posix().removesuffix("index.html")
        found[url] = Page(url, path.read_text(encoding="utf-8"))
    return Site(folder, found)


def test_every_page_of_the_documentation_is_on_the_site(site: Site) -> None:
    sources = [path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")]
    wanted = {BASE + source.with_suffix("").as_posix() + "/" for source in sources} - {BASE + "index/"} | {BASE}
    assert wanted - site.pages.keys() == set()


def test_every_link_on_the_site_leads_to_a_page_and_a_heading(site: Site) -> None:
    lost = []
    for page in site.pages.values():
        for link in page.links:
            url, anchor = urldefrag(link)
            if not url.startswith(BASE):
                continue
            target = site.pages.get(url)
            if not site.file(url).is_file() or (anchor and target and unquote(anchor) not in target.anchors):
                lost.append(f"{page.url}: {link}")
    assert lost == []


def test_the_site_loads_nothing_from_elsewhere(site: Site) -> None:
    loaded = {url for page in site.pages.values() for url in page.loads if not url.startswith("data:")}
    assert loaded
    assert [url for url in loaded if not url.startswith(BASE) or not site.file(urldefrag(url)[0]).is_file()] == []


def test_a_page_that_is_missing_or_unlisted_and_a_link_that_leads_nowhere_fail_the_build(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# Index\n\n[None](none.md), [nothing](#nothing)\n")
    (tmp_path / "docs" / "unlisted.md").write_text("# Unlisted\n")
    hooks = f"hooks: [{ROOT / 'docs/site/hooks.py'}]"
    (tmp_path / "mkdocs.yml").write_text(f"INHERIT: {ROOT / 'mkdocs.yml'}\n{hooks}\nnav: [index.md, missing.md]\n")
    done = _build(tmp_path / "mkdocs.yml", tmp_path / "site")
    assert done.returncode == 1
    for wanted in ("- unlisted.md", "'missing.md' is included", "link 'none.md'", "link '#nothing'"):
        assert wanted in done.stderr


@pytest.fixture(scope="module")
def hooks() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "docs/site/hooks.py"))


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        ("[a](../quickstart.md#keys)", "[a](../quickstart.md#keys)"),
        ("[a](../../SECURITY.md#reporting)", "[a](../project/security.md#reporting)"),
        ("[`a/`](../../deploy/nginx/)", "[`a/`](../deploy/nginx.md)"),
        ("[a](../../deploy/)", "[a](../deploy.md)"),
        ("[a](../../deploy/nginx/load-balancing.conf)", "[a](../deploy/nginx.md#load-balancingconf)"),
        ("[a](https://example.com/x)", "[a](https://example.com/x)"),
        ("[a](#here)", "[a](#here)"),
        ("![a](../charts/list.svg)", "![a](../charts/list.svg)"),
        ("[`tests/`](../../tests/)", "`tests/`"),
        ("[hooks](../site/hooks.py)", "hooks"),
        ("`[a](../../tests/)`", "`[a](../../tests/)`"),
        ("```text\n[a](../../tests/)\n```", "```text\n[a](../../tests/)\n```"),
        ("<!-- runs -->\n```bash\nls  # <!-- this -->\n```", "```bash\nls  # <!-- this -->\n```"),
    ],
)
def test_a_link_leads_to_where_the_site_shows_its_target(hooks: dict[str, Any], link: str, shown: str) -> None:
    assert hooks["rewrite"](link, "how-to/deploy.md") == shown


def test_a_page_from_the_top_of_the_repository_links_back_into_the_documentation(hooks: dict[str, Any]) -> None:
    assert hooks["rewrite"]("[a](docs/peers.md), [b](LICENSE)", "project/security.md") == "[a](../peers.md), b"


def test_with_a_repository_the_other_files_are_linked_there(hooks: dict[str, Any]) -> None:
    text = "[a](../LICENSE), [b](../tests/hostile)"
    found = hooks["rewrite"](text, "peers.md", "https://git.example/callsheet/")
    assert found == (
        "[a](https://git.example/callsheet/blob/main/LICENSE), "
        "[b](https://git.example/callsheet/tree/main/tests/hostile)"
    )
