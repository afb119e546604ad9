import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.errors import InvalidError
from callsheet.domain.model import check_id
from tests.strategies import ID_CHARACTERS, model_ids


@pytest.mark.parametrize(
    "model_id",
    [
        "a",
        "7",
        "claude-opus-4-5-20251101",
        "hf.co/org/m:Q4",
        "anthropic.claude-3@20240229+fast~x_y",
        "us.anthropic.claude-sonnet-4-20250514-v1:0",
        "...",
        "a/.../b",
        "a..b",
        ".a/b.",
        "-",
        "x" * 256,
    ],
)
def test_an_id_may_hold_letters_digits_and_a_few_signs(model_id: str) -> None:
    assert check_id(model_id) == model_id


@given(model_ids)
def test_every_id_of_allowed_characters_and_whole_segments_is_valid(model_id: str) -> None:
    assert check_id(model_id) == model_id


@pytest.mark.parametrize(
    "model_id", ["", "x" * 257, "a b", " a", "a\n", "a\x00", "é", "m\u043edel", "٣", "²", "a%41", "a?b"]
)
def test_an_id_of_other_characters_or_length_is_refused(model_id: str) -> None:
    with pytest.raises(InvalidError) as refusal:
        check_id(model_id)
    assert str(refusal.value) == (
        f"A model id must be 1 to 256 characters of letters, digits and . _ : @ / + ~ -, not {model_id[:60]!r}."
    )


@given(st.characters().filter(lambda character: not (character.isascii() and character.isalnum())))
def test_no_other_character_is_let_in(character: str) -> None:
    if character in ID_CHARACTERS:
        return
    with pytest.raises(InvalidError):
        check_id(f"a{character}b")


@pytest.mark.parametrize("model_id", ["/", "/a", "a/", "a//b", "a/b//"])
def test_a_slash_that_a_path_would_lose_is_refused(model_id: str) -> None:
    with pytest.raises(InvalidError, match="no leading, trailing or double slash"):
        check_id(model_id)


@pytest.mark.parametrize("model_id", [".", "..", "./a", "a/.", "a/../b", "../a"])
def test_a_dot_segment_is_refused(model_id: str) -> None:
    with pytest.raises(InvalidError, match=r"no segment '\.' or '\.\.'"):
        check_id(model_id)


def test_the_sentence_begins_with_what_the_name_is_for() -> None:
    with pytest.raises(InvalidError, match=r"^An alias must be 1 to 256 characters"):
        check_id("", "An alias")
