"""Section 6: strong entity tags, and If-None-Match."""

from dataclasses import replace
from itertools import combinations

import hypothesis
import pytest
from hypothesis import strategies as st

from callsheet.api.body import page_etag, run_etag, running_sums
from tests.api.states import ask, make_state
from tests.doors import Door, Headers
from tests.installation import Installation, make_model

BEARER = "authorization"


def tag(door: Door, target: str = "/v1/models", headers: Headers = ()) -> str:
    return door.get(target, headers).headers["etag"]


def openai_tag(door: Door, target: str = "/v1/models") -> str:
    return door.ask("GET", target, {BEARER: f"Bearer {door.secret}"}).headers["etag"]


def test_a_caller_that_has_the_answer_gets_304_and_no_body(door: Door) -> None:
    for target in ("/v1/models", "/v1/models?limit=2", "/v1/models/claude-opus-5", "/v1/models?lifecycle=retired"):
        fresh = door.get(target)
        reply = door.get(target, {"if-none-match": fresh.headers["etag"]})
        assert (reply.status, reply.body) == (304, b"")
        for name in ("etag", "cache-control", "vary", "anthropic-organization-id", "anthropic-workspace-id"):
            assert reply.headers[name] == fresh.headers[name]


def test_every_spelling_that_names_the_tag_matches(door: Door) -> None:
    mine = tag(door)
    for given in (
        mine,
        f"W/{mine}",
        f'"other", {mine}',
        f'{mine},"other"',
        f'W/"other" , W/{mine}',
        "*",
        f"  {mine}  ",
    ):
        assert door.get("/v1/models", {"if-none-match": given}).status == 304, given
    assert door.get("/v1/models", [("if-none-match", '"other"'), ("if-none-match", mine)]).status == 304


def test_nothing_else_matches(door: Door) -> None:
    mine = tag(door)
    for given in ("", '"other"', mine.strip('"'), mine.upper().replace("W/", ""), f"x{mine}", '""', '"*"'):
        if given != mine:
            assert door.get("/v1/models", {"if-none-match": given}).status == 200, given


def test_a_condition_does_not_hide_an_error(door: Door) -> None:
    for target in ("/v1/models/none", "/v1/models?limit=0", "/v1/nothing"):
        assert door.get(target, {"if-none-match": "*"}).status >= 400
    assert door.ask("GET", "/v1/models", {"if-none-match": "*"}).status == 401


def test_head_is_conditional_too(door: Door) -> None:
    reply = door.ask("HEAD", "/v1/models", [*door.credentials(), ("if-none-match", tag(door))])
    assert (reply.status, reply.body) == (304, b"")


def test_openai_clients_are_answered_304_too(door: Door) -> None:
    headers = {BEARER: f"Bearer {door.secret}", "if-none-match": openai_tag(door)}
    assert door.ask("GET", "/v1/models", headers).status == 304


def test_equal_answers_have_equal_tags(door: Door, installation: Installation) -> None:
    other = installation.key(workspace=installation.workspace("Other", allow=("*",)))
    theirs = door.ask("GET", "/v1/models", [("x-api-key", other), *door.credentials()[1:]])
    assert tag(door) == tag(door, "/v1/models?limit=1000") == theirs.headers["etag"]


def test_tags_differ_by_query_shape_dialect_and_coding(door: Door) -> None:
    tags = {
        name: tag(door, name)
        for name in (
            "/v1/models",
            "/v1/models?limit=1",
            "/v1/models?limit=2",
            "/v1/models?after_id=claude-opus-5",
            "/v1/models?before_id=claude-opus-5",
            "/v1/models?lifecycle=retired",
            "/v1/models?lifecycle=active&limit=3",
            "/v1/models/claude-fable-5-2",
        )
    }
    for _ in range(3):  # what is asked for once is not compressed, and what is large only in the background
        tags |= {coding: tag(door, headers={"accept-encoding": coding}) for coding in ("gzip", "br", "zstd")}
        door.live.current.views.compressed.run_queue()
    tags |= {f"openai {target}": openai_tag(door, target) for target in ("/v1/models", "/v1/models/claude-opus-5")}
    door.set_up(shape="classic")
    tags |= {f"classic {target}": tag(door, target) for target in ("/v1/models", "/v1/models/claude-opus-5")}
    same = [pair for pair in combinations(tags, 2) if tags[pair[0]] == tags[pair[1]]]
    assert not same


def test_a_page_that_more_follow_has_another_tag_than_the_last_one(door: Door, letters: Installation) -> None:
    before = tag(door, "/v1/models?limit=4")
    letters.catalog.remove("e")
    assert tag(door, "/v1/models?limit=4") != before


def test_a_tag_survives_a_restart(door: Door) -> None:
    before = tag(door), tag(door, "/v1/models/claude-opus-5"), openai_tag(door)
    door.set_up()
    assert (tag(door), tag(door, "/v1/models/claude-opus-5"), openai_tag(door)) == before


@pytest.mark.parametrize("shape", ["current", "classic"])
def test_a_tag_changes_when_and_only_when_the_content_does(door: Door, letters: Installation, shape: str) -> None:
    door.set_up(shape=shape)
    changes = (
        lambda: letters.catalog.change("c", {"display_name": "C"}),
        lambda: letters.catalog.change("c", {"line": "opus"}),
        lambda: letters.catalog.change("c", {"source": "elsewhere"}),
        lambda: letters.catalog.change("e", {"created_at": make_model("x", "2026-01-05").created_at}),
        lambda: letters.catalog.change("a", {"line": "haiku"}),
        lambda: letters.catalog.change("e", {"line": "mythos"}),
        lambda: letters.catalog.deprecate("a"),
        lambda: letters.catalog.hide("b"),
        lambda: letters.catalog.unhide("b"),
        lambda: letters.catalog.alias("z", "a"),
        lambda: letters.catalog.retire("b"),
        lambda: letters.catalog.remove("d"),
        lambda: letters.workspace("Other"),
    )
    seen: dict[str, bytes] = {}
    for change in (lambda: None, *changes):
        change()
        for reply in (
            door.get("/v1/models"),
            door.get("/v1/models/a"),
            door.ask("GET", "/v1/models", {BEARER: f"Bearer {door.secret}"}),
        ):
            assert seen.setdefault(reply.headers["etag"], reply.body) == reply.body
    assert len(set(seen.values())) == len(seen)


def test_a_tag_knows_an_order_that_the_shape_does_not_show(door: Door, empty: Installation) -> None:
    door.set_up(shape="classic")
    empty.add(make_model("a"), make_model("b"))
    first = door.get("/v1/models")
    empty.catalog.change("b", {"line": "opus"})
    second = door.get("/v1/models", {"if-none-match": first.headers["etag"]})
    assert second.ids == ["b", "a"]


def test_a_list_of_many_blocks_has_one_tag_however_it_came_to_be() -> None:
    models = {f"m{number:04}": make_model(f"m{number:04}") for number in range(2000)}
    at_once, grown = make_state(models.values()), make_state()
    for name in sorted(models, reverse=True):
        grown = replace(grown, catalog=grown.catalog.changed({name: models[name]}))
    for query in (b"limit=1000", b"limit=1000&after_id=m0100", b"limit=7&before_id=m1500", b"limit=1"):
        assert ask(grown, query=query) == ask(at_once, query=query)


class Digests:
    """A block of which only the digests are known."""

    def __init__(self, digests: list[int]) -> None:
        self.sums = running_sums(digests)


@hypothesis.given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=12), st.data())
def test_a_page_has_the_same_tag_by_the_short_way_and_however_it_is_cut(
    digests: list[int], data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(digests) - 1))
    stop = data.draw(st.integers(start + 1, len(digests)))
    middle = data.draw(st.integers(start, stop))
    block = Digests(digests)
    short = run_etag(block, start, stop, b"1")
    assert short == page_etag([(block, start, stop)], b"1")
    assert short == page_etag(
        [(Digests(digests[:middle]), start, middle), (Digests(digests[middle:]), 0, stop - middle)], b"1"
    )
