"""Section 3: what is on a page."""

from tests.doors import Door
from tests.installation import Installation, make_model


def page(door: Door, query: str) -> tuple[str, bool]:
    """The ids of a page of letters, joined, and `has_more`; first and last id are checked on the way."""
    reply = door.get(f"/v1/models?{query}")
    ids, body = reply.ids, reply.json
    assert list(body) == ["data", "has_more", "first_id", "last_id"]
    assert (body["first_id"], body["last_id"]) == ((ids[0], ids[-1]) if ids else (None, None))
    return "".join(ids), body["has_more"]


PAGES = {
    "": ("abcde", False),
    "limit=1": ("a", True),
    "limit=4": ("abcd", True),
    "limit=5": ("abcde", False),
    "limit=1000": ("abcde", False),
    "limit=0005": ("abcde", False),
    "limit=%35": ("abcde", False),
    "%6Cimit=2": ("ab", True),
    "LIMIT=2": ("abcde", False),
    # forward
    "after_id=a": ("bcde", False),
    "after_id=a&limit=2": ("bc", True),
    "after_id=b&limit=2": ("cd", True),
    "after_id=b&limit=3": ("cde", False),
    "after_id=e": ("", False),
    "after_id=e&limit=1": ("", False),
    # backward: adjacent to the cursor, still newest first
    "before_id=e&limit=2": ("cd", True),
    "before_id=c&limit=2": ("ab", False),
    "before_id=c&limit=1": ("b", True),
    "before_id=e": ("abcd", False),
    "before_id=a": ("", False),
    "before_id=a&limit=1": ("", False),
    # both
    "after_id=a&before_id=e": ("bcd", False),
    "before_id=e&after_id=a": ("bcd", False),
    "after_id=a&before_id=e&limit=2": ("bc", True),
    "after_id=a&before_id=e&limit=3": ("bcd", False),
    "after_id=a&before_id=b": ("", False),
    "after_id=c&before_id=c": ("", False),
    "after_id=d&before_id=b": ("", False),
    "after_id=e&before_id=a": ("", False),
}


def test_every_page_holds_what_the_contract_says(door: Door, letters: Installation) -> None:
    assert {query: page(door, query) for query in PAGES} == PAGES


def test_an_empty_page_has_null_for_both_ids(door: Door, letters: Installation) -> None:
    for query in ("after_id=e", "before_id=a", "after_id=e&before_id=a", "lifecycle=retired"):
        body = door.get(f"/v1/models?{query}").body
        assert body == b'{"data":[],"has_more":false,"first_id":null,"last_id":null}'


def test_an_empty_catalogue_is_an_empty_page(door: Door, empty: Installation) -> None:
    assert door.get("/v1/models").body == b'{"data":[],"has_more":false,"first_id":null,"last_id":null}'


def test_a_page_holds_twenty_unless_asked_otherwise(door: Door, empty: Installation) -> None:
    empty.add_at_once(make_model(f"m{number:02}") for number in range(21))
    for query in ("", "?beta=true"):
        body = door.get(f"/v1/models{query}").json
        assert (len(body["data"]), body["has_more"], body["last_id"]) == (20, True, "m19")


def test_the_setting_default_limit_is_only_for_requests_without_a_limit(door: Door, letters: Installation) -> None:
    door.set_up(default_limit=2)
    assert page(door, "") == ("ab", True)
    assert page(door, "before_id=e") == ("cd", True)
    assert page(door, "limit=3") == ("abc", True)
    assert door.get("/v1/models?limit=1001").status == 400


def test_models_of_one_moment_are_ordered_by_line_and_then_by_id(door: Door, empty: Installation) -> None:
    lines = ("haiku", None, "opus", "mythos", "sonnet", "fable", "saga")
    for line in lines:
        for name in ("b", "a", "B"):
            empty.add(make_model(f"{name}-{line}", line=line))
    ids = door.get("/v1/models?limit=1000").ids
    ranked = ["mythos", "fable", "opus", "sonnet", "haiku"]
    assert ids[:15] == [f"{name}-{line}" for line in ranked for name in ("B", "a", "b")]
    assert ids[15:] == sorted(f"{name}-{line}" for line in (None, "saga") for name in ("B", "a", "b"))


def test_models_are_ordered_by_the_instant_however_it_was_written(door: Door, empty: Installation) -> None:
    for name, created_at in (
        ("c", "2026-01-01T00:00:00Z"),
        ("a", "2026-01-01T00:00:00.000001Z"),
        ("b", "2026-01-01T01:00:00+01:00"),
        ("d", "2025-12-31T23:59:59.999999Z"),
        ("e", "1970-01-01"),
    ):
        empty.add(make_model(name, created_at))
    assert door.get("/v1/models").ids == ["a", "b", "c", "d", "e"]
