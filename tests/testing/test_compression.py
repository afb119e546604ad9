"""The double compresses what is worth it, for those who ask, as its header ``vary`` says."""

import gzip
from collections.abc import Iterator

import anyio
import httpx2
import pytest

from callsheet.testing import ModelsAPI

COUNT = 1000


@pytest.fixture(params=["server", "asgi"])
def ask(request: pytest.FixtureRequest) -> Iterator["Ask"]:
    with ModelsAPI([f"acme/maple-{number}" for number in range(COUNT)]) as api:
        yield Ask(api, by_asgi=request.param == "asgi")


class Ask:
    """Asks the double for raw bodies."""

    def __init__(self, api: ModelsAPI, *, by_asgi: bool) -> None:
        self.api = api
        self._transport = httpx2.ASGITransport(api.asgi) if by_asgi else None

    def __call__(self, path: str, coding: str, **headers: str) -> tuple[httpx2.Response, bytes]:
        async def whole() -> tuple[httpx2.Response, bytes]:
            async with (
                httpx2.AsyncClient(transport=self._transport, trust_env=False) as client,
                client.stream(
                    "GET", f"{self.api.url}{path}", headers={"accept-encoding": coding, **headers}
                ) as response,
            ):
                return response, b"".join([piece async for piece in response.aiter_raw()])

        return anyio.run(whole)

    @property
    def anthropic(self) -> dict[str, str]:
        return {"x-api-key": self.api.api_key, "anthropic-version": "2023-06-01"}

    @property
    def openai(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.api.api_key}"}


@pytest.mark.parametrize("dialect", ["anthropic", "openai"])
@pytest.mark.parametrize("limit", [30, COUNT])
def test_a_list_is_compressed_from_the_first_answer_on(ask: Ask, dialect: str, limit: int) -> None:
    headers: dict[str, str] = getattr(ask, dialect)
    for _ in range(2):
        packed, body = ask(f"/v1/models?limit={limit}", "gzip, deflate", **headers)
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.headers["content-length"] == str(len(body))
        assert "accept-encoding" in packed.headers["vary"]
        plain, content = ask(f"/v1/models?limit={limit}", "identity", **headers)
        assert "content-encoding" not in plain.headers
        assert gzip.decompress(body) == content
        assert packed.headers["etag"] != plain.headers["etag"]
        assert len(body) < len(content) / 2


def test_what_is_small_goes_out_as_it_is(ask: Ask) -> None:
    response, body = ask("/v1/models/acme/maple-1", "gzip", **ask.anthropic)
    assert "content-encoding" not in response.headers
    assert "accept-encoding" not in response.headers["vary"]
    assert body.startswith(b"{")


def test_a_compressed_list_that_is_known_is_not_sent_again(ask: Ask) -> None:
    known, _ = ask("/v1/models?limit=1000", "gzip", **ask.anthropic)
    again, body = ask("/v1/models?limit=1000", "gzip", **{**ask.anthropic, "if-none-match": known.headers["etag"]})
    assert (again.status_code, body) == (304, b"")
