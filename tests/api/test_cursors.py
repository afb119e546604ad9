"""Section 3: what can be a cursor."""

import pytest

from callsheet.domain.times import parse_instant
from tests.doors import Door
from tests.installation import Installation, make_model


def around(door: Door, cursor: str) -> tuple[str, str]:
    """What stands before and after a cursor, as letters."""
    before, after = (door.get(f"/v1/models?{name}={cursor}").ids for name in ("before_id", "after_id"))
    return "".join(before), "".join(after)


@pytest.mark.parametrize("change", ["retire", "deprecate", "hide", "remove"])
def test_a_cursor_keeps_its_place_whatever_becomes_of_its_model(
    door: Door, letters: Installation, change: str
) -> None:
    assert around(door, "c") == ("ab", "de")
    getattr(letters.catalog, change)("c")
    assert around(door, "c") == ("ab", "de")
    assert door.get("/v1/models?after_id=a&before_id=c").ids == ["b"]
    assert door.get("/v1/models?after_id=c&before_id=e").ids == ["d"]


def test_newest_and_oldest_keep_their_places_when_they_are_removed(door: Door, letters: Installation) -> None:
    letters.catalog.remove("a")
    letters.catalog.remove("e")
    assert around(door, "a") == ("", "bcd")
    assert around(door, "e") == ("bcd", "")


def test_cursors_work_when_every_model_is_gone(door: Door, letters: Installation) -> None:
    for name in "abcde":
        letters.catalog.remove(name)
    assert around(door, "c") == ("", "")


def test_a_removed_model_cannot_be_retrieved(door: Door, letters: Installation) -> None:
    letters.catalog.remove("c")
    assert door.get("/v1/models/c").error == (404, "not_found_error", "model: c")
    assert door.get("/v1/models").ids == ["a", "b", "d", "e"]


def test_a_model_that_comes_back_takes_its_new_place(door: Door, letters: Installation) -> None:
    letters.catalog.remove("c")
    letters.add(make_model("c", "2026-02-01"))
    assert door.get("/v1/models").ids == ["c", "a", "b", "d", "e"]
    assert around(door, "c") == ("", "abde")


def test_a_model_whose_date_is_edited_moves(door: Door, letters: Installation) -> None:
    letters.catalog.change("e", {"created_at": parse_instant("2026-01-04T12:00:00Z")})
    assert door.get("/v1/models").ids == ["a", "e", "b", "c", "d"]
    assert around(door, "e") == ("a", "bcd")


def test_an_alias_is_a_cursor_and_means_its_model(door: Door, letters: Installation) -> None:
    letters.catalog.alias("latest", "c")
    assert around(door, "latest") == ("ab", "de")
    assert door.get("/v1/models?after_id=latest&before_id=e").ids == ["d"]


def test_an_alias_that_was_dropped_is_no_cursor(door: Door, letters: Installation) -> None:
    letters.catalog.alias("latest", "c")
    letters.catalog.unalias("latest")
    assert door.get("/v1/models?after_id=latest").error == (
        400,
        "invalid_request_error",
        "Invalid pagination cursor for 'after_id'",
    )


def test_cursors_do_not_depend_on_the_lifecycle_asked_for(door: Door, letters: Installation) -> None:
    letters.catalog.retire("d")
    assert door.get("/v1/models?lifecycle=retired&after_id=a").ids == ["d"]
    assert door.get("/v1/models?lifecycle=retired&before_id=e").ids == ["d"]
    assert door.get("/v1/models?lifecycle=retired&before_id=c").ids == []
    assert door.get("/v1/models?lifecycle=active&after_id=d").ids == ["e"]


def test_a_cursor_is_decoded_once_and_a_plus_is_a_plus(door: Door, empty: Installation) -> None:
    empty.add(make_model("org/a+b:c@d", "2026-01-02"), make_model("last", "2026-01-01"))
    for cursor in ("org/a+b:c@d", "org%2Fa%2Bb%3Ac%40d", "org%2fa%2bb%3ac%40d", "%6Frg/a+b:c@d"):
        assert door.get(f"/v1/models?after_id={cursor}").ids == ["last"], cursor
    for cursor in ("org%252Fa+b:c@d", "org/a%20b:c@d"):
        assert door.get(f"/v1/models?after_id={cursor}").status == 400, cursor
