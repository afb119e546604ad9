"""Histories to look back on."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.installation import Installation
from tests.service.moments.replay import Replay, replays_in


@pytest.fixture
def replays(empty: Installation, tmp_path: Path) -> Callable[[], Replay]:
    """What makes databases without a model, for histories."""
    return replays_in(tmp_path, empty.store)
