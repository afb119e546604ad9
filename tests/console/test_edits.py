"""What differs between two records, as the console shows it."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from callsheet.http.console.edits import edits_of
from callsheet.http.console.pages.actors import actor_words

VALUES = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.sampled_from("abc"), max_size=3)
)
RECORDS = st.dictionaries(st.sampled_from(["id", "name", "max_tokens"]), VALUES) | st.dictionaries(
    st.sampled_from(["line", "group"]), st.dictionaries(st.sampled_from(["low", "high"]), VALUES, min_size=1)
)


@given(RECORDS, RECORDS)
def test_equal_records_have_no_edits_and_others_have_one_for_each_field(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert edits_of(before, before) == []
    edits = edits_of(before, after)
    names = [each["name"] for each in edits]
    assert len(set(names)) == len(names)
    back = {each["name"]: (each["before"], each["after"]) for each in edits_of(after, before)}
    assert back == {each["name"]: (each["after"], each["before"]) for each in edits}


def test_a_date_of_release_that_is_not_known_says_nothing_of_a_new_model() -> None:
    unknown, known = "1970-01-01T00:00:00Z", "2025-11-24T00:00:00Z"
    assert edits_of(None, {"id": "x", "created_at": unknown}) == [{"name": "id", "before": None, "after": "x"}]
    assert edits_of({"created_at": unknown}, {"created_at": known}) == [
        {"name": "released", "before": unknown, "after": known}
    ]


def test_of_lists_what_went_and_what_came_is_left_and_groups_are_named() -> None:
    before = {"allow": ["a", "b"], "capabilities": {"thinking": {"supported": False}}, "id": "x"}
    after = {"allow": ["b", "c"], "capabilities": {"thinking": {"supported": True}}, "id": "x"}
    assert edits_of(before, after) == [
        {"name": "allow", "before": ["a"], "after": ["c"]},
        {"name": "capabilities / thinking", "before": False, "after": True},
    ]
    order = edits_of({"allow": ["a", "b"]}, {"allow": ["b", "a"]})
    assert order == [{"name": "allow", "before": ["a", "b"], "after": ["b", "a"]}]


def test_of_what_is_new_only_what_says_something_is_shown() -> None:
    new: dict[str, Any] = {"id": "x", "line": None, "hidden": False, "aliases": [], "description": ""}
    assert edits_of(None, new) == [{"name": "id", "before": None, "after": "x"}]
    assert edits_of(new, None) == [{"name": "id", "before": "x", "after": None}]


def test_actors_are_said_in_words() -> None:
    names = {"adm_1": "deploy"}
    assert actor_words("cli:ada", names) == "ada at the command line"
    assert actor_words("cli", names) == "someone at the command line"
    assert actor_words("console:grace", names) == "grace in the console"
    assert actor_words("console", names) == "someone in the console"
    assert actor_words("admin:adm_1", names) == "admin key deploy"
    assert actor_words("admin:adm_2", names) == "admin key adm_2"
    assert actor_words("source:gateway", names) == "source gateway"
    assert actor_words("callsheet", names) == "Callsheet itself"
    assert actor_words("who:ever", names) == "who:ever"
