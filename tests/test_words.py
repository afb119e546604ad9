"""Words that say less than the plain ones are in no comment, docstring, message or document."""

import io
import re
import tokenize
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

import callsheet

ROOT = Path(__file__).parents[1]
PACKAGE = Path(callsheet.__file__).parent
SOURCE = sorted(PACKAGE.rglob("*.py"))
MEASURED = ROOT / "docs/peers.md"  # holds what other programs print
DOCUMENTS = sorted({*ROOT.glob("docs/**/*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"} - {MEASURED})

VAGUE = re.compile(
    r"\b(?:told|tells|anew|nobody|whoever|somebody|lets? go of|of its own)\b"
    r"|(?<!\bthere) is no (?!longer\b)[a-z]+",
    re.IGNORECASE,
)


#: What is in every text with vague words, wherever its lines end. To cut a source into texts takes much longer.
SUSPECT = re.compile(
    r"told|tells|anew|nobody|whoever|somebody|go[\s#:]+of|its[\s#:]+own|is[\s#:]+no\s", re.IGNORECASE
)


def vague(text: str) -> list[str]:
    """The vague words of a text, wherever its lines end, each with what is around it."""
    line = " ".join(text.split())
    return [line[max(0, found.start() - 30) : found.end() + 20] for found in VAGUE.finditer(line)]


def vague_in_prose(source: str) -> list[str]:
    return list(chain(*map(vague, prose_of(source)))) if SUSPECT.search(source) else []


def prose_of(source: str) -> Iterator[str]:
    """The texts of a module, and its comments, of which those below each other are one."""
    comments: list[str] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            comments.append(token.string.lstrip("#:"))
        elif token.type not in (tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT):
            yield " ".join(comments)
            comments.clear()
            if token.type in TEXTS:
                yield token.string
    yield " ".join(comments)


#: Since Python 3.12, the text of an f-string is not a string to `tokenize`.
TEXTS = {tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}


def test_the_source_uses_no_vague_words() -> None:
    found = {str(path.relative_to(PACKAGE)): vague_in_prose(path.read_text()) for path in SOURCE}
    assert len(found) > 100
    assert {path: words for path, words in found.items() if words} == {}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_document_uses_no_vague_words(path: Path) -> None:
    assert vague(path.read_text()) == []


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("# Whoever asks is told.\n", 2),
        ("x = 1  # as of its\n# own\n", 1),
        ('"""None is no\nbound."""\n', 1),
        ('f"{x} is no JSON"\n', 1),
        ('told = 1\n"There is no model; it is no longer there."\n', 0),
    ],
)
def test_vague_words_are_found_in_comments_and_texts_across_lines(source: str, count: int) -> None:
    assert len(vague_in_prose(source)) == count
