"""Which options bring the second tier."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import settings

from tests import tiers
from tests.conftest import pytest_configure


@pytest.mark.parametrize(("profile", "examples"), [(None, 12), ("ci", 12), ("long", 1000)])
def test_all_brings_every_round_whatever_the_profile_of_hypothesis(
    profile: str | None, examples: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = settings.get_current_profile_name()
    monkeypatch.setattr(tiers, "_whole", False)
    config: Any = SimpleNamespace(option=SimpleNamespace(all=True), getoption={"--hypothesis-profile": profile}.get)
    try:
        pytest_configure(config)
        assert settings.default is not None
        assert (tiers.repeated(2, 20), settings.default.max_examples) == (20, examples)
    finally:
        settings.load_profile(before)
