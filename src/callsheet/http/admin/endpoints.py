"""All calls of the Admin API."""

from typing import Final

from callsheet.http.admin import admin_keys, api_keys, organization, workspaces

ENDPOINTS: Final = (
    *organization.ENDPOINTS,
    *workspaces.ENDPOINTS,
    *api_keys.ENDPOINTS,
    *admin_keys.ENDPOINTS,
)
