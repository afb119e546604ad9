"""LiteLLM lists other names to Claude Code than to others: each client sees its own, with true facts."""

import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.api.client_kind import ANY_CLIENT, CLAUDE_CODE, client_of
from callsheet.sources.asking import ClientName, by_names
from callsheet.sources.choosing import Choice, choose
from callsheet.sources.upstream import Listed
from tests.http.delegation.site import VERSION, ask
from tests.http.delegation.site import Site as AppSite
from tests.http.delegation.site import talk as talk_to_app
from tests.http.plain import ClockLoop, run
from tests.installation import Installation, make_model
from tests.service.delegation.asking import Site
from tests.service.delegation.gateway import REFUSED, Asked, Given, serve_gateway
from tests.service.delegation.test_verdicts import KEY
from tests.tiers import examples

#: What LiteLLM's real proxy answered to one key.
RECORDED: Final = json.loads((Path(__file__).parents[2] / "fixtures" / "litellm-key-lists.json").read_text())

GPT: Final = "claude-router-6770742d35"
KIMI: Final = "claude-router-6b696d692d6b33"
MAPLE: Final = "hf.co/acme/claude-maple-7b"
PLAIN: Final = {"claude-sonnet-5", "gpt-5", "kimi-k3", MAPLE}
NAMED: Final = {"claude-sonnet-5[1m]", GPT, KIMI, MAPLE}

CLAUDE_CODES: Final = ["user-agent: claude-code/2.1.332", "user-agent: claude-cli/2.1.332 (external, cli)",
                       "x-gateway-client: claude-code"]  # fmt: skip
OTHERS: Final = ["user-agent: python-httpx/0.28", "user-agent: not-claude-code/1", "x-gateway-client: codex"]


def litellm(asked: Asked) -> Given:
    """What LiteLLM answers to `KEY`."""
    if asked.key != KEY:
        return REFUSED
    is_claude_code = asked.headers.get("x-gateway-client") == "claude-code" and "anthropic-version" in asked.headers
    return Given(200, json.dumps(RECORDED["claude_code" if is_claude_code else "plain"]).encode())


def talk(what: Callable[[Site], Awaitable[Any]], **config: Any) -> None:
    """Run ``what`` with a site in front of LiteLLM."""

    async def begin(_: ClockLoop) -> None:
        async with serve_gateway() as gateway:
            gateway.answer = litellm
            here = Site(gateway, **{"kind": "litellm", **config})
            try:
                await what(here)
            finally:
                await here.checks.close()

    run(begin)


@pytest.mark.parametrize(("lines", "client"), [*((each, CLAUDE_CODE) for each in CLAUDE_CODES),
                                               *((each, ANY_CLIENT) for each in OTHERS)])  # fmt: skip
def test_claude_code_is_known_by_what_it_sends(lines: str, client: bytes) -> None:
    name, value = lines.split(": ", 1)
    assert client_of({name.encode(): value.encode()}) == client


def test_each_client_sees_the_names_that_it_is_given() -> None:
    async def what(here: Site) -> None:
        assert set(await here.ids(KEY) or ()) == PLAIN
        named = await here.principal(("x-api-key", KEY), ("user-agent", "claude-code/2.1.332"))
        plain = await here.principal(("x-api-key", KEY), ("user-agent", "curl/8"))
        assert set(named.grant.models.ids) == NAMED, "and no embeddings"  # type: ignore[union-attr]
        assert set(plain.grant.models.ids) == PLAIN  # type: ignore[union-attr]
        assert named.key_id == plain.key_id, "it is one key, in logs and for its rate limit"  # type: ignore[union-attr]
        assert len(here.gateway.asked) == 3

    talk(what)


def test_claude_code_is_asked_for_as_itself_and_nobody_else_is() -> None:
    async def what(here: Site) -> None:
        await here.settle(("x-api-key", KEY), ("user-agent", "claude-cli/2.1.332"))
        plain, named = here.gateway.asked
        assert named.headers["user-agent"].startswith("claude-code/")
        assert (named.headers["x-gateway-client"], named.headers["anthropic-version"]) == (
            "claude-code",
            "2023-06-01",
        )
        assert plain.headers["user-agent"].startswith("callsheet/")
        assert "x-gateway-client" not in plain.headers

    talk(what)


def test_a_name_has_the_facts_of_its_model_and_for_people_the_better_of_the_names() -> None:
    async def what(here: Site) -> None:
        named = await here.principal(("x-api-key", KEY), ("user-agent", "claude-code/2"))
        stated = named.grant.models.stated  # type: ignore[union-attr]
        assert stated["claude-sonnet-5[1m]"].display_name == "Claude Sonnet 5"
        assert stated["claude-sonnet-5[1m]"].max_input_tokens == 1_000_000
        assert stated["claude-sonnet-5[1m]"].created_at.year > 2023, "not what LiteLLM says of every model"
        assert (stated[GPT].display_name, stated[GPT].max_input_tokens) == ("gpt-5", 272_000)
        assert stated[KIMI].display_name == "kimi-k3"

    talk(what)


def test_rules_and_names_of_the_source_are_about_its_models() -> None:
    async def what(here: Site) -> None:
        named = await here.principal(("x-api-key", KEY), ("user-agent", "claude-code/2"))
        models = named.grant.models  # type: ignore[union-attr]
        assert set(models.ids) == {"x/claude-sonnet-5[1m]", f"x/{KIMI}", f"x/{MAPLE}"}
        assert models.sources == {"x/claude-sonnet-5[1m]": "x/claude-sonnet-5", f"x/{KIMI}": "x/kimi-k3"}

    talk(what, deny=["gpt-*"], prefix="x/")


def test_other_kinds_are_asked_once_for_all_clients() -> None:
    async def what(here: Site) -> None:
        for agent in ("claude-code/2", "curl/8"):
            await here.settle(("x-api-key", KEY), ("user-agent", agent))
        assert len(here.gateway.asked) == 1

    talk(what, kind="openai")


def test_an_older_litellm_that_knows_no_clients_lists_the_same_to_all() -> None:
    async def what(here: Site) -> None:
        here.gateway.answer = lambda _: Given(200, json.dumps(RECORDED["plain"]).encode())
        named = await here.principal(("x-api-key", KEY), ("user-agent", "claude-code/2"))
        assert set(named.grant.models.ids) == PLAIN  # type: ignore[union-attr]

    talk(what)


def test_another_callsheet_is_asked_as_the_client() -> None:
    async def what(here: Site) -> None:
        here.gateway.answer = lambda _: Given(200, b'{"data": [{"id": "alpha"}], "has_more": false}')
        await here.settle(("x-api-key", KEY), ("user-agent", "claude-code/2"))
        await here.settle(("x-api-key", KEY))
        assert [each.headers.get("x-gateway-client") for each in here.gateway.asked] == ["claude-code", None]

    talk(what, kind="callsheet")


DRIVERS = pytest.mark.parametrize("fast", [True, False], ids=["fast", "plain"])


async def ids(line: Any, *lines: str) -> set[str]:
    """The ids of the list."""
    reply = await ask(line, f"x-api-key: {KEY}", VERSION, *lines, target="/v1/models?limit=100")
    return set(reply.ids)


@DRIVERS
def test_nothing_of_one_client_reaches_another_however_warm_the_caches(empty: Installation, fast: bool) -> None:
    async def what(here: AppSite) -> None:
        here.gateway.answer = litellm
        line = here.line(fast=fast)
        for _ in range(4):
            for named, other in zip(CLAUDE_CODES, OTHERS, strict=True):
                assert await ids(line, named) == NAMED
                assert await ids(line, other) == PLAIN
            assert await ids(line) == PLAIN
        etags = [
            (await ask(line, f"x-api-key: {KEY}", VERSION, each)).headers["etag"]
            for each in (CLAUDE_CODES[0], OTHERS[0])
        ]
        assert etags[0] != etags[1]
        for etag, client in zip(etags, (OTHERS[0], CLAUDE_CODES[0]), strict=True):
            reply = await ask(line, f"x-api-key: {KEY}", VERSION, client, f"if-none-match: {etag}")
            assert reply.status == 200
        for model_id, client, status in (
            (GPT, CLAUDE_CODES[0], 200),
            (GPT, OTHERS[0], 404),
            ("gpt-5", OTHERS[0], 200),
            ("gpt-5", CLAUDE_CODES[0], 404),
        ):
            reply = await ask(line, f"x-api-key: {KEY}", VERSION, client, target=f"/v1/models/{model_id}")
            assert reply.status == status

    talk_to_app(empty, what, kind="litellm")


def test_the_catalogue_says_what_a_name_is_in_fill_and_whether_it_is_shown_in_govern(empty: Installation) -> None:
    empty.add(
        make_model("gpt-5", display_name="GPT-5", max_input_tokens=400_000),
        make_model("kimi-k3", hidden=True),
        make_model("claude-sonnet-5", display_name="Claude Sonnet 5"),
    )
    workspace = empty.workspace("no-sonnet", deny=("claude-sonnet-*",))

    async def what(here: AppSite) -> None:
        here.gateway.answer = litellm
        line = here.line()
        assert await ids(line, CLAUDE_CODES[0]) == NAMED - {KIMI}
        gpt = await ask(line, f"x-api-key: {KEY}", VERSION, CLAUDE_CODES[0], target=f"/v1/models/{GPT}")
        assert (gpt.json["display_name"], gpt.json["max_input_tokens"]) == ("GPT-5", 400_000)
        empty.catalog.remove("gpt-5")
        here.sources.change("gateway", {"key_mode": "govern", "workspace": workspace})
        here.app.live.refresh()
        assert await ids(line, CLAUDE_CODES[0]) == set()
        here.sources.change("gateway", {"workspace": ""})
        here.app.live.refresh()
        assert await ids(line, CLAUDE_CODES[0]) == {"claude-sonnet-5[1m]"}

    talk_to_app(empty, what, kind="litellm")


ids_of = st.sampled_from(["a", "b", "c", "d", "claude-a", "claude-b", "a[1m]", "x/a"])
CHOICES = st.builds(
    Choice,
    prefix=st.sampled_from(["", "x/"]),
    rename=st.sampled_from([{}, {"a": "z"}]),
    allow=st.sampled_from([(), ("a", "b", "claude-*")]),
    deny=st.sampled_from([(), ("a*",)]),
)


@examples(2)
@given(
    st.lists(ids_of, unique=True),
    st.lists(st.builds(ClientName, ids_of, ids_of, st.sampled_from(["", "A name"]))),
    CHOICES,
)
def test_every_name_is_one_that_the_gateway_gave_and_means_a_model_that_was_chosen(
    plain: list[str], names: list[ClientName], choice: Choice
) -> None:
    chosen = choose([Listed(each) for each in plain], choice)
    found, sources = by_names(chosen, plain, names, choice)
    assert len({each.id for each in found}) == len(found)
    given_names = {f"{choice.prefix}{choice.rename.get(each.id, each.id)}" for each in names}
    assert {each.id for each in found} <= given_names
    meant: Mapping[str, str] = sources
    assert {meant.get(each.id, each.id) for each in found} <= {each.id for each in chosen}
