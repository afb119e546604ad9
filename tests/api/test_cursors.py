"""Section 3: what can be a cursor."""

import pytest

from callsheet.domain.times import parse_instant
from tests.doors import Door
from tests.installation import Installation, make_model


def around(door: Door, cursor: str) -> tuple[str, str]:
    """The models before and after a cursor, as letters."""
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


def test_an_alias_that_was_dropped_is_not_a_cursor(door: Door, letters: Installation) -> None:
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


def test_a_cursor_is_decoded_once_and_a_plus_is_itself_where_it_can_be_no_space(
    door: Door, empty: Installation
) -> None:
    empty.add(make_model("org/a+b:c@d", "2026-01-02"), make_model("last", "2026-01-01"))
    for cursor in ("org/a+b:c@d", "org%2Fa%2Bb%3Ac%40d", "org%2fa%2bb%3ac%40d", "%6Frg/a+b:c@d"):
        assert door.get(f"/v1/models?after_id={cursor}").ids == ["last"], cursor
    for cursor in ("org%252Fa+b:c@d", "org/a%20b:c@d"):
        assert door.get(f"/v1/models?after_id={cursor}").status == 400, cursor


SPACED = "Gemini 3+ Pro"


@pytest.mark.parametrize("cursor", ["Gemini+3%2B+Pro", "Gemini%203%2B%20Pro", "Gemini%203+%20Pro"])
def test_an_id_with_a_space_and_a_plus_is_a_cursor_however_its_client_writes_them(
    door: Door, empty: Installation, cursor: str
) -> None:
    empty.add(make_model("first", "2026-01-03"), make_model(SPACED, "2026-01-02"), make_model("last", "2026-01-01"))
    assert around(door, cursor) == ("first", "last")
    assert door.get(f"/v1/models?after_id=first&before_id={cursor}").ids == []
    assert door.get(f"/v1/models?after_id={cursor}&before_id=last").ids == []


def test_of_two_ids_a_plus_means_the_one_with_a_space_as_forms_and_sdks_write_it(
    door: Door, empty: Installation
) -> None:
    empty.add(make_model("a b", "2026-01-03"), make_model("a+b", "2026-01-02"), make_model("c", "2026-01-01"))
    assert door.get("/v1/models?after_id=a+b").ids == ["a+b", "c"]
    for cursor in ("a%2Bb", "a%2bb"):
        assert door.get(f"/v1/models?after_id={cursor}").ids == ["c"]


def test_a_plus_gives_away_no_model_that_is_not_seen(door: Door, empty: Installation) -> None:
    empty.add(make_model("a b", "2026-01-03"), make_model("a+b", "2026-01-02"), make_model("c", "2026-01-01"))
    for denied, expected in (("a b", ["c"]), ("a+b", ["c"])):
        secret = empty.key(workspace=empty.workspace(f"Without {denied}", deny=(denied,)))
        headers = {"x-api-key": secret, "anthropic-version": "2023-06-01"}
        assert door.ask("GET", "/v1/models?after_id=a+b", headers).ids == expected
    secret = empty.key(workspace=empty.workspace("Neither", deny=("a?b",)))
    headers = {"x-api-key": secret, "anthropic-version": "2023-06-01"}
    assert door.ask("GET", "/v1/models?after_id=a+b", headers).error == (
        400,
        "invalid_request_error",
        "Invalid pagination cursor for 'after_id'",
    )


def test_bytes_that_are_not_utf_8_are_no_id(door: Door, empty: Installation) -> None:
    empty.add(make_model("\ufffd", "2026-01-02"), make_model("last", "2026-01-01"))
    assert door.get("/v1/models?after_id=%EF%BF%BD").ids == ["last"]
    assert door.get("/v1/models?after_id=%FF").status == 400


def test_the_php_sdk_can_walk(door: Door, letters: Installation) -> None:
    """It merges the query of a page into that of the next one, and so repeats every name, with brackets."""
    assert door.get("/v1/models?limit=2").ids == ["a", "b"]
    assert door.get("/v1/models?limit[]=2&limit[]=2&after_id=b").ids == ["c", "d"]
    assert door.get("/v1/models?limit%5B%5D=2&limit%5B%5D=2&after_id%5B%5D=b&after_id%5B%5D=d").ids == ["e"]
    assert door.get("/v1/models?limit[]=2&limit[]=2&before_id[]=e&before_id[]=c").ids == ["a", "b"]


def test_of_a_name_with_and_without_brackets_the_last_one_given_counts(door: Door, letters: Installation) -> None:
    assert door.get("/v1/models?limit=1&limit[]=2").ids == ["a", "b"]
    assert door.get("/v1/models?limit[]=2&limit=1").ids == ["a"]
    assert door.get("/v1/models?after_id[]=a&after_id=d").ids == ["e"]
    assert door.get("/v1/models?before_id=e&before_id%5B%5D=b").ids == ["a"]
