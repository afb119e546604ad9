"""Section 1: a model id is percent-decoded exactly once, as UTF-8."""

from urllib.parse import quote

from tests.doors import Door
from tests.installation import Installation, make_model

AWKWARD = "hf.co/org/m:Q4@v1+b~2"
SPELLINGS = (
    AWKWARD,
    quote(AWKWARD),
    quote(AWKWARD, safe=""),
    "hf.co%2forg%2fm%3aQ4%40v1%2bb~2",
    quote(AWKWARD, safe=":@"),
    quote(AWKWARD, safe="/:@+"),
    "hf.co%2Forg/m:Q4@v1+b~2",
    "hf.co/org/m%3AQ4%40v1%2Bb%7E2",
    "%68%66.co/org/m:Q4@v1+b~2",
    "".join(f"%{ord(character):02X}" for character in AWKWARD),
    "".join(f"%{ord(character):02x}" for character in AWKWARD),
)
OTHERS = (
    "hf.co%252Forg%252Fm:Q4@v1+b~2",
    "hf.co/org/m%253AQ4@v1+b~2",
    "hf.co/org/m:Q4@v1%20b~2",
    "hf.co/org/m:Q4@v1%252Bb~2",
    "hf.co//org/m:Q4@v1+b~2",
    "hf.co/org",
    "HF.CO/org/m:Q4@v1+b~2",
    "hf.co/org/m:Q4@v1+b~2%00",
    "hf.co/org/./m:Q4@v1+b~2",
    "x/../hf.co/org/m:Q4@v1+b~2",
)


def test_every_spelling_of_an_id_is_that_id(door: Door, empty: Installation) -> None:
    empty.add(make_model(AWKWARD))
    asked = {spelling: door.get(f"/v1/models/{spelling}") for spelling in SPELLINGS}
    assert {spelling: reply.json.get("id") for spelling, reply in asked.items()} == dict.fromkeys(
        SPELLINGS, AWKWARD
    )


def test_every_spelling_works_below_a_doubled_prefix_and_with_a_trailing_slash(
    door: Door, empty: Installation
) -> None:
    empty.add(make_model(AWKWARD))
    for spelling in SPELLINGS:
        assert door.get(f"/v1/v1/models/{spelling}/?beta=true").json["id"] == AWKWARD, spelling


def test_nothing_else_is_that_id(door: Door, empty: Installation) -> None:
    empty.add(make_model(AWKWARD))
    for spelling in OTHERS:
        assert door.get(f"/v1/models/{spelling}").error[:2] == (404, "not_found_error"), spelling


def test_an_encoded_percent_sign_stays_one(door: Door) -> None:
    for asked, name in (("%252F", "%2F"), ("a%25b", "a%b"), ("%25zz", "%zz"), ("%2525", "%25")):
        assert door.get(f"/v1/models/{asked}").error == (404, "not_found_error", f"model: {name}")


def test_an_encoded_slash_alone_is_an_id_and_not_the_list(door: Door) -> None:
    assert door.get("/v1/models/%2F").error == (404, "not_found_error", "model: /")


def test_an_encoded_question_mark_belongs_to_the_id(door: Door) -> None:
    assert door.get("/v1/models/a%3Flimit=0%23b").error[2] == "model: a?limit=0#b"


def test_aliases_may_be_spelled_like_ids(door: Door, empty: Installation) -> None:
    empty.add(make_model("plain"))
    empty.catalog.alias(AWKWARD, "plain")
    for spelling in SPELLINGS:
        assert door.get(f"/v1/models/{spelling}").json["id"] == "plain", spelling


def test_a_broken_escape_is_refused(door: Door) -> None:
    for asked in ("%", "a%", "a%2", "%zz", "%2Gx", "%u0041", "a%%41", "% 41".replace(" ", "%20")):
        assert door.get(f"/v1/models/{asked}").error[:2] == (400, "invalid_request_error"), asked


def test_bad_utf_8_is_refused(door: Door) -> None:
    for asked in ("%FF", "a%C3", "%C3x", "%C0%AF", "%ED%A0%80", "%F4%90%80%80", "%80"):
        assert door.get(f"/v1/models/{asked}").error[:2] == (400, "invalid_request_error"), asked


def test_an_id_of_the_longest_kind_can_be_asked_for_fully_encoded(door: Door, empty: Installation) -> None:
    name = f"{'x/' * 127}yz"
    empty.add(make_model(name))
    encoded = "".join(f"%{ord(character):02X}" for character in name)
    assert door.get(f"/v1/models/{encoded}").json["id"] == name
    assert door.get(f"/v1/models?after_id={encoded}").ids == []
