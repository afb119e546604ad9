"""Who says what of a field since when, and every value that it had before."""

import pytest

from callsheet.domain.changes.claiming import claim
from callsheet.domain.claims.claims import Claims
from callsheet.domain.errors import DoesNotExistError
from callsheet.service.moments.blaming import Blame, blame
from tests.installation import Installation, make_model, now
from tests.service.moments.replay import GATEWAY


def blamed(installation: Installation, name: str, field: str | None = None) -> Blame:
    with installation.store.read() as reading:
        return blame(reading, name, field)


@pytest.fixture
def listed(empty: Installation) -> Installation:
    """A model that a source lists, and of which a person said something and took it back."""
    with empty.store.write("gateway", now(), "first sync") as writing:
        writing.apply(claim(writing, [Claims("a", GATEWAY, True, {"display_name": "One"})]))
    empty.catalog.change("a", {"display_name": "Two"})
    empty.catalog.alias("short", "a")
    return empty


def test_each_value_has_who_says_it_and_the_change_that_gave_it(listed: Installation) -> None:
    values = blamed(listed, "short", "display_name").fields["display_name"]
    assert [(each.value, each.manager, each.actor, each.reason) for each in values] == [
        ("Two", "person", "test", None),
        ("One", "source:gateway", "gateway", "first sync"),
    ]
    assert values[0].revision == values[1].revision + 1


def test_a_value_that_shows_after_a_release_is_of_him_who_says_it_and_since_the_release(
    listed: Installation,
) -> None:
    listed.catalog.release("a")
    values = blamed(listed, "a", "display_name").fields["display_name"]
    assert [(each.value, each.manager, each.actor) for each in values] == [
        ("One", "source:gateway", "test"),
        ("Two", "person", "test"),
        ("One", "source:gateway", "gateway"),
    ]
    listed.catalog.change("a", {"display_name": "Three"})
    assert blamed(listed, "a").fields["display_name"][1].manager == "source:gateway"


def test_a_model_that_was_removed_has_a_history_and_begins_once_more_when_it_comes_back(
    empty: Installation,
) -> None:
    empty.add(make_model("a", display_name="One"))
    empty.catalog.remove("a")
    values = blamed(empty, "a").fields
    assert [each.value for each in values["listed"]] == [False, True]
    assert [each.value for each in values["display_name"]] == ["One"]
    empty.add(make_model("a", display_name="Two"))
    values = blamed(empty, "a").fields
    assert [each.value for each in values["listed"]] == [True, False, True]
    assert [each.value for each in values["display_name"]] == ["Two", "One"]


def test_what_never_was_and_a_field_that_was_never_set_are_refused(empty: Installation) -> None:
    empty.add(make_model("a"))
    with pytest.raises(DoesNotExistError, match=r"^There is no model 'b', and there was none"):
        blamed(empty, "b")
    with pytest.raises(DoesNotExistError, match=r"^No change ever set line of a.$"):
        blamed(empty, "a", "line")
