"""A caller of the Admin API."""

import pytest

from tests.http.admin.asking import Admin
from tests.installation import Installation


@pytest.fixture
def admin(installation: Installation) -> Admin:
    """A caller with an admin key that may do everything."""
    return Admin(installation)
