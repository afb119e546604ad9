"""Contract, section 1: what an id may be."""

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.errors import InvalidError
from callsheet.domain.model import Model, check_id, check_known_id
from callsheet.domain.ordering import sort_key
from callsheet.domain.times import EPOCH
from tests.strategies import model_ids

#: What servers list, and what somebody might.
REAL = [
    "a",
    "7",
    "claude-opus-4-5-20251101",
    "claude-opus-4-8[1m]",
    "Gemini 3 Pro",
    "/data/models/Qwen2.5-Coder-1.5B-Instruct",
    "/data/models/Qwen2.5-Coder-1.5B-Instruct/",
    "azureml://registries/a/models/b/versions/1",
    "我的模型",
    "hf.co/org/m:Q4",
    "../models/x.gguf",
    "C:\\models\\x.gguf",
    "us.anthropic.claude-sonnet-4-20250514-v1:0",
    'the "large" one',
    "a?b#c*d%41&e=f;g",
    "a//b/./c/..",
    "//",
    "...",
    "модель",
    "मॉडल",
    "e\u0301",
    "👩\ufe0f🎬",
    "a\u00a0b",
    "a\u3000b",
    "x" * 256,
    "\U0001f3ac" * 256,
]
_NEWER_THAN_ANY_PYTHON = "\u0378"  # a gap in the Greek block that has been one since Unicode 1


@pytest.mark.parametrize("model_id", REAL)
def test_an_id_may_be_any_printable_text(model_id: str) -> None:
    assert check_id(model_id) == model_id
    assert len(model_id.encode()) <= 1024


@given(model_ids)
def test_every_printable_text_without_blanks_around_it_is_an_id(model_id: str) -> None:
    assert check_id(model_id) == model_id


@pytest.mark.parametrize("model_id", ["", "x" * 257, " a", "a ", "\u00a0a", "a\u3000", " ", "a\n", "\ta", None, 5])
def test_an_id_of_another_length_or_with_blanks_around_it_is_refused(model_id: object) -> None:
    with pytest.raises(InvalidError) as refusal:
        check_id(model_id)
    shown = model_id[:60] if isinstance(model_id, str) else model_id
    assert str(refusal.value) == (
        f"A model id must be 1 to 256 printable characters without blanks at either end, not {shown!r}."
    )


@pytest.mark.parametrize(
    "character",
    [
        *("\x00", "\t", "\n", "\x1b", "\x7f", "\x85"),  # control
        *("\u200b", "\u200d", "\u202e", "\u2066", "\ufeff", "\u00ad", "\U000e0041"),  # format
        *("\ue000", "\U0010fffd"),  # private use
        *("\ud800", "\udcff"),  # surrogates
        *("\u2028", "\u2029"),  # ends of lines and paragraphs
        *(_NEWER_THAN_ANY_PYTHON, "\uffff", "\ufdd0"),  # unassigned
    ],
)
def test_an_id_that_holds_what_cannot_be_seen_is_refused_by_the_number_of_the_character(character: str) -> None:
    with pytest.raises(InvalidError) as refusal:
        check_id(f"a{character}b", "An alias")
    assert str(refusal.value) == f"An alias must hold only printable characters, not U+{ord(character):04X}."


@given(st.characters(categories=["Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"]))
def test_no_character_that_cannot_be_seen_is_let_in(character: str) -> None:
    with pytest.raises(InvalidError):
        check_id(f"a{character}b")


@pytest.mark.parametrize("model_id", [".", ".."])
def test_a_dot_segment_alone_is_refused(model_id: str) -> None:
    with pytest.raises(
        InvalidError, match=r"^A replacement must not be '\.+', which no HTTP client can ask for\.$"
    ):
        check_id(model_id, "A replacement")


def test_a_model_that_a_newer_python_has_named_can_be_read_and_changed_but_not_be_named_so_here() -> None:
    name = f"a{_NEWER_THAN_ANY_PYTHON}b"
    assert unicodedata.category(_NEWER_THAN_ANY_PYTHON) == "Cn"
    model = Model(id=name, display_name="a", replacement=f"{name}c")
    assert replace(model, hidden=True).id == check_known_id(name) == name
    with pytest.raises(InvalidError):
        check_id(name)


@given(model_ids, model_ids)
def test_ids_are_told_apart_and_sorted_by_code_point(one: str, other: str) -> None:
    codes = [ord(character) for character in one], [ord(character) for character in other]
    keys = [sort_key(EPOCH, None, one), sort_key(EPOCH, None, other)]
    assert (keys[0] < keys[1], keys[0] == keys[1]) == (codes[0] < codes[1], codes[0] == codes[1])
