"""Catalogues that many of these tests ask about."""

import pytest

from tests.installation import Installation, make_model


@pytest.fixture
def letters(empty: Installation) -> Installation:
    """Five models, `a` the newest and `e` the oldest."""
    empty.add_at_once(make_model(name, f"2026-01-0{day}") for day, name in enumerate("edcba", start=1))
    return empty
