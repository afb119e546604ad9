from fnmatch import fnmatchcase, translate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.access import visibility
from callsheet.domain.access.visibility import SEES_ALL, Visibility

ids = st.text("ab-1/.:*?[", min_size=1, max_size=6)
patterns = st.lists(st.text("ab-1/.:*?[]!|()^$\\", min_size=1, max_size=6), max_size=4).map(tuple)


def sees(visibility: Visibility, model_id: str) -> bool:
    """The rules in two lines: one pattern at a time, deny wins, no allow means all."""
    allowed = not visibility.allow or any(fnmatchcase(model_id, pattern) for pattern in visibility.allow)
    return allowed and not any(fnmatchcase(model_id, pattern) for pattern in visibility.deny)


@given(patterns, patterns, ids)
def test_visibility_is_what_matching_one_pattern_at_a_time_gives(
    allow: tuple[str, ...], deny: tuple[str, ...], model_id: str
) -> None:
    visibility = Visibility(allow, deny)
    assert visibility.sees(model_id) == sees(visibility, model_id)


@given(patterns, patterns, st.lists(ids, max_size=5), st.booleans())
def test_those_seen_of_many_are_those_that_are_seen_each(
    allow: tuple[str, ...], deny: tuple[str, ...], many: list[str], are_ids: bool
) -> None:
    visibility = Visibility(allow, deny).among(lambda _text: are_ids)
    assert list(visibility.seen(many)) == [each for each in many if visibility.sees(each)]


@pytest.mark.parametrize(
    ("allow", "deny", "seen"),
    [
        ((), (), True),
        (("claude-*",), (), True),
        (("gpt-*",), (), False),
        (("gpt-*", "claude-opus-*"), (), True),
        ((), ("*-opus-*",), False),
        (("claude-opus-5",), ("claude-opus-5",), False),
        (("claude-opus",), (), False),
        (("opus",), (), False),
        (("CLAUDE-*",), (), False),
        (("claude-opus-?",), (), True),
        (("claude-opus-[0-4]",), (), False),
    ],
)
def test_deny_wins_and_a_pattern_means_the_whole_id(
    allow: tuple[str, ...], deny: tuple[str, ...], seen: bool
) -> None:
    assert Visibility(allow, deny).sees("claude-opus-5") is seen


def test_a_pattern_that_is_an_id_means_that_id_and_is_no_glob() -> None:
    ids = {"claude-opus-4-8[1m]", "claude-opus-4-81", "a[b]c", "abc"}
    for exact, glob in (("claude-opus-4-8[1m]", "claude-opus-4-81"), ("a[b]c", "abc")):
        assert Visibility((exact,)).sees(glob)
        allowed = Visibility((exact,)).among(ids.__contains__)
        assert {each for each in ids if allowed.sees(each)} == {exact}
        denied = Visibility((), (exact,)).among(ids.__contains__)
        assert {each for each in ids if not denied.sees(each)} == {exact}
        assert not denied.among(lambda _: False).sees(glob)


@pytest.mark.parametrize(
    ("pattern", "model_id"),
    [("openai/*", "openai/gpt-5"), ("gpt-?", "gpt-5"), ("[a]*", "a/b")],
)
def test_a_new_model_whose_id_is_a_spreading_pattern_does_not_undo_the_rule(pattern: str, model_id: str) -> None:
    ids = {pattern, model_id}
    assert not any(map(Visibility((), (pattern,)).among(ids.__contains__).sees, ids))
    assert all(map(Visibility((pattern,)).among(ids.__contains__).sees, ids))


@given(patterns, patterns, st.sets(ids, max_size=4), ids)
def test_only_patterns_that_are_ids_are_no_globs(
    allow: tuple[str, ...], deny: tuple[str, ...], there: set[str], model_id: str
) -> None:
    def matches(pattern: str) -> bool:
        if pattern not in there:
            return fnmatchcase(model_id, pattern)
        return model_id == pattern or (("*" in pattern or "?" in pattern) and fnmatchcase(model_id, pattern))

    seen = (not allow or any(map(matches, allow))) and not any(map(matches, deny))
    assert Visibility(allow, deny).among(there.__contains__).sees(model_id) == seen


def test_without_rules_everything_is_seen() -> None:
    assert SEES_ALL.sees("anything/at:all")


def test_a_star_crosses_slashes() -> None:
    assert Visibility(("hf.co/*",)).sees("hf.co/org/m:Q4")


def test_ids_are_looked_up_however_many_and_only_globs_are_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []

    def noted(pattern: str) -> str:
        compiled.append(pattern)
        return translate(pattern)

    monkeypatch.setattr(visibility, "translate", noted)
    many = tuple(f"acme/model-{number}" for number in range(10_000))
    rules = Visibility((*many, "o[1m]", "x-*")).among({"o[1m]"}.__contains__)
    assert [model_id for model_id in ("acme/model-7", "o[1m]", "o1", "x-1", "y") if rules.sees(model_id)] == [
        "acme/model-7",
        "o[1m]",
        "x-1",
    ]
    assert compiled == ["x-*"]
