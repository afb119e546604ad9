"""Names that only Claude Code uses are listed to the keys of a gateway, too."""

from tests.service.delegation.asking import Site
from tests.service.delegation.test_verdicts import KEY, talk


def test_rows_for_a_long_context_and_for_pickers_are_granted() -> None:
    async def what(here: Site) -> None:
        here.gateway.keys = {KEY: ["claude-opus-5", "claude-haiku-4-5", "gpt-5"]}
        assert await here.ids(KEY) == (
            *("claude-opus-5", "claude-opus-5[1m]"),
            "claude-haiku-4-5",
            *("gpt-5", "anthropic/gpt-5"),
        )
        answered = await here.ask(KEY)
        assert answered is not None
        assert answered.grant is not None
        long = answered.grant.models.stated["claude-opus-5[1m]"]
        assert (long.max_input_tokens, long.line) == (1_000_000, "opus")

    talk(what, long_context_rows=True, picker_prefix="anthropic/")


def test_what_a_gateway_says_itself_is_all_that_counts_when_it_is_observed() -> None:
    async def what(here: Site) -> None:
        here.gateway.keys = {KEY: ["claude-opus-5"]}
        assert await here.ids(KEY) == ("claude-opus-5",)

    talk(what, long_context_rows=True, key_mode="observe")
