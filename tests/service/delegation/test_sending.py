"""Questions reach a gateway through the proxy that the environment names, and its answers may be compressed."""

import gzip

import pytest

from tests.http.plain import ClockLoop, run
from tests.service.delegation.asking import Site
from tests.service.delegation.gateway import Asked, Given, page, serve_gateway
from tests.service.delegation.test_verdicts import KEY, talk

ACCEPTED = ("alpha", "beta")


def test_a_gateway_is_asked_through_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    async def begin(_: ClockLoop) -> None:
        async with serve_gateway() as proxy:
            monkeypatch.setenv("HTTP_PROXY", proxy.url)
            monkeypatch.setenv("http_proxy", proxy.url)
            proxy.keys = {KEY: ACCEPTED}
            site = Site(proxy, url="http://gateway.test:8000")
            assert await site.ids(KEY) == ACCEPTED
            (asked,) = proxy.asked
            assert asked.target == "http://gateway.test:8000/v1/models"
            assert asked.headers["host"] == "gateway.test:8000"
            await site.checks.close()

    run(begin)


def test_a_question_names_its_host_and_what_it_takes_and_nothing_else() -> None:
    async def what(here: Site) -> None:
        await here.ids(KEY)
        (asked,) = here.gateway.asked
        sent = dict(asked.headers)
        assert sent.pop("callsheet-asked-by")
        assert sent.pop("user-agent").startswith("callsheet/")
        assert sent == {
            "host": here.gateway.url.removeprefix("http://"),
            "accept": "application/json",
            "accept-encoding": "gzip, deflate",
            "x-api-key": KEY,
        }

    talk(what)


@pytest.mark.parametrize("coding", ["gzip", "identity", None])
def test_a_list_is_read_in_the_coding_that_it_comes_in(coding: str | None) -> None:
    def answer(_: Asked) -> Given:
        body = page(ACCEPTED).body
        headers = {} if coding is None else {"content-encoding": coding}
        return Given(200, gzip.compress(body) if coding == "gzip" else body, headers)

    async def what(here: Site) -> None:
        here.gateway.answer = answer
        assert await here.ids(KEY) == ACCEPTED

    talk(what)
