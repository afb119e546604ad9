"""Requests that the OpenAPI description suggests, and worse ones, to a real process: no 5xx, and nobody's data."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from tests.hostile.target import BROUGHT, OWN, Target, target
from tests.tiers import examples

MODES = ("positive", "negative")


@pytest.fixture(scope="module", params=["--fast", "--no-fast"])
def aim(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, template: Path
) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp("described")
    with target(folder, request.param, "--idle-seconds", "60", template=template) as served:
        yield served


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/{model_id}"])
def test_whatever_is_asked_is_answered_and_nothing_of_others_told(aim: Target, path: str, mode: str) -> None:
    import requests
    import schemathesis  # here, as every process of the tests imports this file
    from schemathesis import GenerationMode

    assert list(GenerationMode) == list(map(GenerationMode, MODES))
    operation = schemathesis.openapi.from_url(f"{aim.server.url}/openapi.json")[path]["GET"]
    good = aim.goods[0]

    with requests.Session() as session:

        @given(case=operation.as_strategy(generation_mode=GenerationMode(mode)))
        @examples(0.6)
        def check(case: Any) -> None:
            for headers in ({"x-api-key": OWN}, {"authorization": f"Bearer {OWN}"}):
                response = case.call(session=session, headers=headers)
                assert response.status_code < 500, response.content
                assert BROUGHT.encode() not in response.content
                assert "request-id" in response.headers

        check()
    assert aim.ask(good) == good.body
