"""Fixtures of the tests with hostile callers."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def template(_template: Path) -> Path:
    """A database to copy."""
    return _template
