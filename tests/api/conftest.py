"""Catalogues that many of these tests ask about."""

import pytest

from tests.installation import Installation, make_model


@pytest.fixture
def letters(empty: Installation) -> Installation:
    """Five models, `a` the newest and `e` the oldest."""
    for day, name in enumerate("edcba", start=1):
        empty.add(make_model(name, f"2026-01-0{day}"))
    return empty
