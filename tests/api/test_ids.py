"""Section 1: a model id is percent-decoded exactly once, as UTF-8."""

from urllib.parse import quote, quote_plus

import pytest

from tests.doors import Door, reading
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
    "/hf.co/org/m:Q4@v1+b~2",
    "hf.co/org/m:Q4@v1+b~2//",
    "hf.co/org/m:Q4@v1+b~2%2F",
    "hf.co/org/m:Q4@v1+b~2%2F/",
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


#: Ids as servers really have them, each with a spelling that a raw path can carry, if there is one.
REAL = {
    "claude-opus-4-8[1m]": "claude-opus-4-8[1m]",
    "Gemini 3 Pro": None,
    "/data/models/Qwen2.5-Coder-1.5B-Instruct": "/data/models/Qwen2.5-Coder-1.5B-Instruct",
    "/data/models/Qwen/": "/data/models/Qwen/",
    "data/models//Qwen": "data/models//Qwen",
    "azureml://registries/a/models/b/versions/1": "azureml://registries/a/models/b/versions/1",
    "我的模型": None,
    "what?#*": None,
    "../models/x.gguf": "../models/x.gguf",
    "a/./b/../c": "a/./b/../c",
    'C:\\models\\"x"': None,
    "100%25": None,
    "/": None,
    "//": None,
    "e\u0301": None,
    "🎬" * 256: None,
}


def test_what_real_servers_list_can_be_listed_retrieved_and_paged_from(door: Door, empty: Installation) -> None:
    for number, name in enumerate(REAL):
        empty.add(make_model(name, f"2026-01-{30 - number}"))
    names = list(REAL)
    listed = door.get("/v1/models")
    assert (listed.ids, listed.json["first_id"], listed.json["last_id"]) == (names, names[0], names[-1])
    bearer = {"authorization": f"Bearer {door.secret}"}
    assert door.ask("GET", "/v1/models", bearer).ids == names
    for number, (name, raw) in enumerate(REAL.items()):
        encoded = quote(name, safe="")
        for asked in filter(None, (encoded, raw)):
            assert door.get(f"/v1/models/{asked}").json["id"] == name
            assert door.get(f"/v1/v1//models/{asked}?beta=true").json["id"] == name
            assert door.ask("GET", f"/v1/models/{asked}", bearer).json["id"] == name
        for form in (quote(name, safe=""), quote_plus(name)):
            page = door.get(f"/v1/models?after_id={form}&limit=1").json
            assert [page["first_id"], page["last_id"]] == [*names[number + 1 : number + 2], None, None][:1] * 2
            assert door.get(f"/v1/models?before_id={form}").ids == names[:number]


def test_a_slash_at_the_end_belongs_to_the_id_if_there_is_such_an_id(door: Door, empty: Installation) -> None:
    empty.add(make_model("both"), make_model("both/"), make_model("with/"), make_model("without"))
    expected = {
        "both": "both",
        "both/": "both/",
        "both%2F": "both/",
        "both//": "both/",
        "both%2F/": "both/",
        "with/": "with/",
        "with%2F": "with/",
        "with//": "with/",
        "without/": "without",
        "without": "without",
    }
    assert {asked: door.get(f"/v1/models/{asked}").json["id"] for asked in expected} == expected
    unknown = {
        "without%2F": "without/",
        "without//": "without/",
        "with": "with",
        "none/": "none",
        "none//": "none/",
    }
    for asked, name in unknown.items():
        assert door.get(f"/v1/models/{asked}").error == (404, "not_found_error", f"model: {name}")


def test_a_slash_at_the_end_gives_away_no_model_that_is_not_seen(door: Door, empty: Installation) -> None:
    empty.add(make_model("both"), make_model("both/"))
    for denied, found in (("both", "both/"), ("both/", "both")):
        secret = empty.key(workspace=empty.workspace(f"Without {denied}", deny=(denied,)))
        headers = {"x-api-key": secret, "anthropic-version": "2023-06-01"}
        assert door.ask("GET", "/v1/models/both/", headers).json["id"] == found


def test_aliases_and_replacements_are_named_as_freely(door: Door, empty: Installation) -> None:
    empty.add(make_model("Gemini 3 Pro"), make_model("old"))
    empty.catalog.alias("the [newest] 模型/", "Gemini 3 Pro")
    empty.catalog.deprecate("old", replacement="Gemini 3 Pro")
    assert empty.catalog.show("old").model.replacement == "Gemini 3 Pro"
    alias = quote("the [newest] 模型/", safe="")
    assert door.get(f"/v1/models/{alias}").json["id"] == "Gemini 3 Pro"
    assert door.get(f"/v1/models?after_id={alias}").status == 200


@pytest.mark.parametrize("door", ["answer", "app"], indirect=True)
def test_bytes_that_a_client_did_not_encode_are_utf_8(door: Door, empty: Installation) -> None:
    empty.add(make_model("我的 模型"))
    raw = "我的 模型".encode().decode("latin-1")  # as the test sends text
    assert door.get(f"/v1/models/{raw}").json["id"] == "我的 模型"
    assert door.get("/v1/models/\xff").error[:2] == (400, "invalid_request_error")


@reading
def test_what_a_message_repeats_of_an_id_cannot_break_out_of_it(door: Door) -> None:
    reply = door.get("/v1/models/a%22%0A%1B[2J%00%E2%80%AE")
    assert reply.error[2] == 'model: a"\n\x1b[2J\x00\u202e'
    assert b"\n" not in reply.body
    assert b"\x1b" not in reply.body


def test_nothing_else_is_that_id(door: Door, empty: Installation) -> None:
    empty.add(make_model(AWKWARD))
    for spelling in OTHERS:
        assert door.get(f"/v1/models/{spelling}").error[:2] == (404, "not_found_error"), spelling


@reading
def test_an_encoded_percent_sign_stays_one(door: Door) -> None:
    for asked, name in (("%252F", "%2F"), ("a%25b", "a%b"), ("%25zz", "%zz"), ("%2525", "%25")):
        assert door.get(f"/v1/models/{asked}").error == (404, "not_found_error", f"model: {name}")


@reading
def test_an_encoded_slash_alone_is_an_id_and_not_the_list(door: Door) -> None:
    assert door.get("/v1/models/%2F").error == (404, "not_found_error", "model: /")


@reading
def test_an_encoded_question_mark_belongs_to_the_id(door: Door) -> None:
    assert door.get("/v1/models/a%3Flimit=0%23b").error[2] == "model: a?limit=0#b"


def test_aliases_may_be_spelled_like_ids(door: Door, empty: Installation) -> None:
    empty.add(make_model("plain"))
    empty.catalog.alias(AWKWARD, "plain")
    for spelling in SPELLINGS:
        assert door.get(f"/v1/models/{spelling}").json["id"] == "plain", spelling


@reading
def test_a_broken_escape_is_refused(door: Door) -> None:
    for asked in ("%", "a%", "a%2", "%zz", "%2Gx", "%u0041", "a%%41", "% 41".replace(" ", "%20")):
        assert door.get(f"/v1/models/{asked}").error[:2] == (400, "invalid_request_error"), asked


@reading
def test_bad_utf_8_is_refused(door: Door) -> None:
    for asked in ("%FF", "a%C3", "%C3x", "%C0%AF", "%ED%A0%80", "%F4%90%80%80", "%80"):
        assert door.get(f"/v1/models/{asked}").error[:2] == (400, "invalid_request_error"), asked


def test_an_id_of_the_longest_kind_can_be_asked_for_fully_encoded(door: Door, empty: Installation) -> None:
    name = f"{'x/' * 127}yz"
    empty.add(make_model(name))
    encoded = "".join(f"%{ord(character):02X}" for character in name)
    assert door.get(f"/v1/models/{encoded}").json["id"] == name
    assert door.get(f"/v1/models?after_id={encoded}").ids == []
