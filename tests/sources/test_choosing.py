"""Which models of an upstream are wanted, and what they are called."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from callsheet.doctor.clients.rules import load_clients
from callsheet.domain.errors import SourceError
from callsheet.domain.model import check_id
from callsheet.sources.choosing import (
    DENIED,
    NOT_ALLOWED,
    VARIANT,
    VARIANTS,
    Choice,
    choose,
    is_shown_by_pickers,
    left_out,
)
from callsheet.sources.upstream import Dropped, LastKnown, Listed

IDS = st.builds(
    str.__add__, st.text("ab/:*[]1m .", min_size=1, max_size=5), st.sampled_from(["", "", ":free", "[1m]"])
)
MODELS = st.builds(
    Listed,
    IDS,
    st.dictionaries(st.just("max_input_tokens"), st.sampled_from([5, 999_999, 1_000_000, 2_000_000])),
    st.lists(IDS, max_size=2).map(tuple),
)
LISTS = st.lists(MODELS, max_size=8, unique_by=lambda each: each.id)
GLOBS = st.lists(IDS | st.just("*") | st.just("a*"), max_size=2).map(tuple)


def models(*ids: str) -> list[Listed]:
    return [Listed(each) for each in ids]


def ids_of(listed: list[Listed]) -> list[str]:
    return [each.id for each in listed]


def test_without_wishes_the_list_stays_as_it_is() -> None:
    listed = [Listed("b", {"max_tokens": 5}, ("c",), ("note",)), Listed("a")]
    assert choose(listed, Choice()) == listed
    assert left_out(listed, Choice()) == []


def test_globs_decide_on_the_upstreams_ids_and_deny_wins() -> None:
    listed = models("gpt-5", "gpt-5-mini", "ft:gpt-5:acme", "text-vectors")
    choice = Choice(prefix="gw/", allow=("gpt-*", "ft:*"), deny=("ft:*",))
    assert ids_of(choose(listed, choice)) == ["gw/gpt-5", "gw/gpt-5-mini"]
    assert left_out(listed, choice) == [Dropped("ft:gpt-5:acme", DENIED), Dropped("text-vectors", NOT_ALLOWED)]


def test_a_pattern_that_is_an_id_means_that_id() -> None:
    listed = models("claude-opus-4-8", "claude-opus-4-8[1m]", "claude-opus-4-81")
    assert ids_of(choose(listed, Choice(deny=("claude-opus-4-8[1m]",)))) == ["claude-opus-4-8", "claude-opus-4-81"]


@pytest.mark.parametrize("ending", VARIANTS)
def test_a_variant_falls_away_beside_its_model_and_stays_without_it(ending: str) -> None:
    """https://github.com/comet-ml/opik/pull/7663"""
    listed = models("acme/maple", f"acme/maple{ending}", f"acme/oak{ending}", f"acme/maple{ending}:x")
    choice = Choice(fold_variants=True)
    assert ids_of(choose(listed, choice)) == ["acme/maple", f"acme/oak{ending}", f"acme/maple{ending}:x"]
    assert left_out(listed, choice) == [Dropped(f"acme/maple{ending}", VARIANT)]
    assert len(choose(listed, Choice())) == 4


def test_a_variant_of_a_model_that_is_denied_stays() -> None:
    assert ids_of(choose(models("m", "m:free"), Choice(deny=("m",), fold_variants=True))) == ["m:free"]


@pytest.mark.parametrize(
    ("rename", "expected"),
    [
        ({"openai/gpt-5": "team-default"}, ["team-default", "azure/gpt-5"]),
        ({"openai/*": "*"}, ["gpt-5", "azure/gpt-5"]),
        ({"*/gpt-*": "*-gpt*"}, ["openai-gpt5", "azure-gpt5"]),
        ({"azure/*": "a-*", "*/gpt-5": "*"}, ["openai", "a-gpt-5"]),
        ({"*": "x-*", "azure/gpt-5": "exact"}, ["x-openai/gpt-5", "exact"]),
        ({"openai/?pt-5": "never"}, ["openai/gpt-5", "azure/gpt-5"]),
    ],
)
def test_renames_are_exact_or_carry_over_what_a_star_means(rename: Mapping[str, str], expected: list[str]) -> None:
    assert ids_of(choose(models("openai/gpt-5", "azure/gpt-5"), Choice(rename=rename))) == expected


def test_a_renamed_model_is_the_same_as_the_one_that_the_catalogue_knows() -> None:
    listed = [Listed("claude-cedar-3", {"max_tokens": 5}), Listed("b", {"same_as": "claude-cedar-3"})]
    assert choose(listed, Choice(prefix="gw/")) == [
        Listed("gw/claude-cedar-3", {"max_tokens": 5, "same_as": "claude-cedar-3"}),
        Listed("gw/b", {"same_as": "gw/claude-cedar-3"}),
    ]


def test_a_model_is_not_the_same_as_another_that_took_over_its_id() -> None:
    assert choose(models("a", "b"), Choice(rename={"a": "b", "b": "c"})) == [
        Listed("b", {"same_as": "a"}), Listed("c"),
    ]  # fmt: skip


def test_a_replacement_that_is_listed_is_renamed_with_its_model() -> None:
    listed = [Listed("a", {"replacement": "b"}), Listed("b", {"replacement": "gone"})]
    first, second = choose(listed, Choice(prefix="x-"))
    assert first.fields["replacement"] == "x-b"
    assert second.fields["replacement"] == "gone"


def test_two_models_that_would_have_one_id_are_refused_by_name() -> None:
    with pytest.raises(SourceError) as raised:
        choose(models("openai/gpt-5", "azure/gpt-5"), Choice(rename={"openai/*": "*", "azure/*": "*"}))
    assert str(raised.value) == (
        "'openai/gpt-5' and 'azure/gpt-5' would both be called 'gpt-5'; change the prefix or a rename."
    )


def test_a_model_that_is_denied_collides_with_nothing() -> None:
    choice = Choice(rename={"openai/*": "*", "azure/*": "*"}, deny=("azure/*",))
    assert ids_of(choose(models("openai/gpt-5", "azure/gpt-5"), choice)) == ["gpt-5"]


@pytest.mark.parametrize("choice", [Choice(rename={"a": " "}), Choice(prefix="x" * 256), Choice(rename={"a": ""})])
def test_a_name_that_no_model_can_have_is_refused(choice: Choice) -> None:
    with pytest.raises(SourceError, match=r"'a' would be called .* which is not an id that a model can have"):
        choose(models("a"), choice)


def test_a_rename_with_more_stars_on_the_right_is_refused() -> None:
    with pytest.raises(SourceError, match=r"'a\*' to '\*\*' has more"):
        choose([], Choice(rename={"a*": "**"}))


def test_aliases_are_renamed_and_those_that_are_taken_or_denied_are_left_out() -> None:
    listed = [Listed("a", aliases=("b", "c", "secret")), Listed("d", aliases=("c", "e"))]
    choice = Choice(prefix="x-", rename={"d": "b"}, deny=("secret",))
    assert [(each.id, each.aliases) for each in choose(listed, choice)] == [("x-a", ("x-c",)), ("x-b", ("x-e",))]


def test_a_model_with_a_million_tokens_gets_a_second_row_that_is_the_same() -> None:
    listed = [
        Listed("long", {"max_input_tokens": 1_000_000, "display_name": "Long"}),
        Listed("short", {"max_input_tokens": 999_999}),
        Listed("unknown"),
        Listed("unloaded", {"max_input_tokens": LastKnown(2_000_000)}),
        Listed("known"),
    ]
    contexts = {"known": 1_000_000, "long": 5, "short": 2_000_000}
    assert choose(listed, Choice(long_context_rows=True), lambda _ids: contexts) == [
        listed[0],
        Listed("long[1m]", {"same_as": "long", "display_name": "Long (1M context)"}),
        *listed[1:],
        Listed("known[1m]", {"same_as": "known"}),
    ]


def test_a_row_for_the_long_context_that_is_there_is_not_made_again() -> None:
    fields = {"max_input_tokens": 1_000_000}
    listed = [
        Listed("a", fields),
        Listed("a[1m]", fields),
        Listed("b", fields, ("b[1m]",)),
        Listed("x" * 254, fields),
    ]
    assert choose(listed, Choice(long_context_rows=True)) == listed


def test_a_model_that_the_picker_leaves_out_gets_a_second_row_that_it_shows() -> None:
    listed = [
        Listed("gpt-5", {"display_name": "GPT-5", "max_input_tokens": 400_000}),
        Listed("anthropic/gpt-5"),
        Listed("Claude-Opus-5"),
        Listed("gemini", {"max_input_tokens": 1_000_000, "display_name": "Gemini"}),
        Listed("mistral", aliases=("anthropic/mistral",)),
        Listed("x" * 250),
    ]
    assert choose(listed, Choice(long_context_rows=True, picker_prefix="anthropic/")) == [
        *listed[:4],
        Listed("anthropic/gemini", {"same_as": "gemini", "display_name": "Gemini"}),
        Listed("gemini[1m]", {"same_as": "gemini", "display_name": "Gemini (1M context)"}),
        Listed("anthropic/gemini[1m]", {"same_as": "gemini", "display_name": "Gemini (1M context)"}),
        *listed[4:],
    ]


@pytest.mark.parametrize(
    "model_id", ["claude", "us.anthropic.x", "CLAUDE-X", "cl-aude", "gpt", "AnThropic", "cl\u0430ude"]
)
def test_names_are_made_for_exactly_what_claude_code_leaves_out(model_id: str) -> None:
    ways = load_clients(["claude-code"])[0].ways
    shown = {way.why_dropped({"id": model_id}) is None for way in ways if way.versions.endswith("newer")}
    assert shown == {is_shown_by_pickers(model_id)}


@given(LISTS, st.sampled_from(["anthropic/", "claude-", "x-claude-"]), st.booleans())
def test_every_model_with_a_name_for_pickers_is_shown_and_every_other_row_stays(
    listed: list[Listed], prefix: str, rows: bool
) -> None:
    try:
        plain = choose(listed, Choice(long_context_rows=rows))
    except SourceError:
        return
    chosen = choose(listed, Choice(long_context_rows=rows, picker_prefix=prefix))
    added = [each for each in chosen if each not in plain]
    assert [each for each in chosen if each in plain] == plain
    taken = {name for each in plain for name in (each.id, *each.aliases)}
    for each in added:
        assert is_shown_by_pickers(each.id)
        assert each.id not in taken
        original = each.id.removeprefix(prefix)
        assert original in ids_of(plain)
        assert not is_shown_by_pickers(original)


@given(LISTS, IDS | st.just(""), GLOBS, GLOBS, st.booleans(), st.booleans())
def test_what_is_chosen_has_usable_names_each_once(
    listed: list[Listed], prefix: str, allow: tuple[str, ...], deny: tuple[str, ...], fold: bool, rows: bool
) -> None:
    choice = Choice(prefix, {"a*": "b*"}, allow, deny, fold, rows)
    try:
        chosen = choose(listed, choice)
    except SourceError:
        event("refused")
        return
    names = [name for each in chosen for name in (each.id, *each.aliases)]
    assert [check_id(name) for name in names] == list(dict.fromkeys(names))
    assert all(name.startswith(prefix) for name in names)
    made = sum(each.id.endswith("[1m]") and "same_as" in each.fields and len(each.fields) == 1 for each in chosen)
    assert len(chosen) - made <= len(listed) - len(left_out(listed, choice)) <= len(chosen)


@given(LISTS, GLOBS, GLOBS, st.booleans())
def test_every_model_is_chosen_or_left_out_with_a_reason(
    listed: list[Listed], allow: tuple[str, ...], deny: tuple[str, ...], fold: bool
) -> None:
    choice = Choice(allow=allow, deny=deny, fold_variants=fold)
    out = {each.id for each in left_out(listed, choice)}
    kept = [each.id for each in listed if each.id not in out]
    assume(all(map(is_id, kept)))
    assert ids_of(choose(listed, choice)) == kept


def is_id(text: str) -> bool:
    return text == text.strip() and text not in (".", "..")


def test_the_catalogue_is_asked_once_for_the_contexts_that_no_row_states() -> None:
    asked: list[list[str]] = []

    def contexts_of(ids: Sequence[str]) -> Mapping[str, int]:
        asked.append([*ids])
        return {"b": 1_000_000, "c": 200_000}

    models = [Listed("a", {"max_input_tokens": 1_000_000}), Listed("b"), Listed("c"), Listed("d")]
    chosen = choose(models, Choice(long_context_rows=True), contexts_of)
    assert [each.id for each in chosen] == ["a", "a[1m]", "b", "b[1m]", "c", "d"]
    assert asked == [["b", "c", "d"]]
