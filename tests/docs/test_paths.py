"""Every path within the project that a document names exists."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.docs.pages import PAGES, ROOT, name

#: Where a path may begin: at the root of the project, or, for modules, at the package or above it.
_PACKAGE: Final = ROOT / "src" / "callsheet"
_FOLDERS: Final = sorted(
    each.name
    for each in ROOT.iterdir()
    if each.is_dir() and (not each.name.startswith(".") or each.name in (".ci", ".github"))
)
_ROOMS: Final = sorted(each.name for each in _PACKAGE.iterdir() if (each / "__init__.py").exists())

#: A history names what was there then.
_HISTORIES: Final = {ROOT / "CHANGELOG.md"}

#: In a block of code, the project's own commands and tests; in code within a sentence, modules and folders as well.
_BLOCK: Final = re.compile(r"^ *(`{3,})[^\n]*\n(.*?)^ *\1 *$", re.MULTILINE | re.DOTALL)
_IN_BLOCK: Final = re.compile(r"(?<![\w./$-])(?:src/callsheet|scripts|tests|benchmarks)/[\w./-]*\w")
_INLINE: Final = re.compile(r"`([^`\n]+)`")
_AT_ROOT: Final = re.compile(rf"(?<![\w./$-])(?:{'|'.join(map(re.escape, _FOLDERS))})/[\w./*-]*[\w*]")
_MODULE: Final = re.compile(rf"(?<![\w./$-])(?:callsheet|{'|'.join(_ROOMS)})/[\w./*-]+\.py\b")


def _paths(text: str) -> Iterator[tuple[int, str]]:
    """The line and the text of every path that ``text`` names."""
    for block in _BLOCK.finditer(text):
        for path in _IN_BLOCK.finditer(block[2]):
            yield text[: block.start(2) + path.start()].count("\n") + 1, path[0]
    prose = _BLOCK.sub(lambda block: "\n" * block[0].count("\n"), text)
    for code in _INLINE.finditer(prose):
        for pattern in (_AT_ROOT, _MODULE):
            for path in pattern.finditer(code[1]):
                yield prose[: code.start(1) + path.start()].count("\n") + 1, path[0]


def _exists(path: str) -> bool:
    return any(any(base.glob(path)) for base in (ROOT, _PACKAGE, _PACKAGE.parent))


@pytest.mark.parametrize("page", [page for page in PAGES if page not in _HISTORIES], ids=name)
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    missing = [(line, path) for line, path in _paths(page.read_text(encoding="utf-8")) if not _exists(path)]
    assert not missing, "\n".join(
        f"{name(page)}:{line} names {path}, which does not exist" for line, path in missing
    )


def test_paths_are_found_in_sentences_and_in_commands_and_nothing_else_is() -> None:
    text = """
Open `http/connection/fast_path.py`, `src/callsheet/api/view.py` (`View`), `tests/fixtures/*.json`, `scripts/test`,
not /v1/models, `https://example.com/tests/x.py`, `docs` or `$HOME/scripts/x`.

```bash
scripts/test tests/api -k cursor
python my/own/file.py
```
"""
    assert list(_paths(text)) == [
        (6, "scripts/test"),
        (6, "tests/api"),
        (2, "http/connection/fast_path.py"),
        (2, "src/callsheet/api/view.py"),
        (2, "tests/fixtures/*.json"),
        (2, "scripts/test"),
    ]


def test_a_path_that_does_not_exist_is_noticed() -> None:
    assert _exists("http/connection/fast_path.py")
    assert _exists("tests/fixtures/*.json")
    assert not _exists("http/fast_path.py")
    assert not _exists("tests/fixtures/*.nothing")
