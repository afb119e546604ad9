"""A key that is revoked is out within its minute, whatever the one who has it sends along."""

import pytest

from tests.http.delegation.site import VERSION, Site, ask, talk
from tests.installation import Installation
from tests.service.delegation.gateway import Asked, Given, page

KEY = "sk-of-the-gateway-0123456789"


@pytest.mark.parametrize("fast", [True, False], ids=["fast", "plain"])
@pytest.mark.parametrize("askers", ["\xff", "x" * 3_000], ids=["not ASCII", "long"])
def test_no_header_of_a_client_turns_a_refusal_into_an_outage(empty: Installation, askers: str, fast: bool) -> None:
    def refuse(asked: Asked) -> Given:
        too_large = sum(map(len, asked.headers.values())) > 2_500
        return Given(431 if too_large else 401)

    async def what(here: Site) -> None:
        lines = f"x-api-key: {KEY}", VERSION
        line = here.line(fast=fast)
        here.gateway.answer = lambda _: page(["alpha"])
        assert (await ask(line, *lines)).status == 200
        here.gateway.answer = refuse
        here.clock.now += 60
        assert (await ask(line, *lines, f"callsheet-asked-by: {askers}")).status == 401
        assert here.figures["callsheet_key_gateway_up"] == 1

    talk(empty, what)
