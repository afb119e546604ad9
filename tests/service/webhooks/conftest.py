"""What tests of webhooks share."""

from collections.abc import Iterator

import pytest

from tests.installation import Installation
from tests.service.webhooks.receiver import Receiver, receiving
from tests.service.webhooks.site import HookSite


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A server that takes everything."""
    with receiving() as made:
        yield made


@pytest.fixture
def site(empty: Installation) -> HookSite:
    """An installation with an empty catalogue and no webhook."""
    return HookSite(empty)
