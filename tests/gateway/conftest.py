"""LiteLLM's proxy, started once."""

from collections.abc import Iterator

import pytest

from tests.gateway.litellm import Gateway, gateway


@pytest.fixture(scope="session")
def litellm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """The proxy; each test has keys of its own."""
    with gateway(tmp_path_factory.mktemp("litellm")) as running:
        yield running
