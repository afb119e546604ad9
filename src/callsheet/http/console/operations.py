"""Operations: the Admin API's calls by name."""

from functools import cache

from callsheet.http.admin.endpoint import Endpoint
from callsheet.http.admin.errors import AdminError, Code


def endpoint_of(operation: str) -> Endpoint:
    """Return the call of this name; AdminError if there is none."""
    endpoint = _endpoints().get(operation)
    if endpoint is None:
        raise AdminError(Code.NOT_FOUND, f"There is no call {operation[:80]!r}.")
    return endpoint


@cache
def _endpoints() -> dict[str, Endpoint]:
    from callsheet.http.admin.endpoints import ENDPOINTS  # slow to import, as the console itself is

    return {endpoint.operation: endpoint for endpoint in ENDPOINTS}
