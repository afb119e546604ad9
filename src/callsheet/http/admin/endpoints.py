"""All calls of the Admin API."""

from typing import Final

from callsheet.http.admin import admin_keys, api_keys, calendars, organization, sessions, webhooks, workspaces
from callsheet.http.admin.access.keys import KEYS
from callsheet.http.admin.access.workspaces import WORKSPACES
from callsheet.http.admin.catalog.aliases import ALIASES, CHANGES
from callsheet.http.admin.catalog.clients import CLIENTS
from callsheet.http.admin.catalog.explaining import EXPLAINING
from callsheet.http.admin.catalog.history import HISTORY
from callsheet.http.admin.catalog.impact import impact_among
from callsheet.http.admin.catalog.lifecycle import LIFECYCLE
from callsheet.http.admin.catalog.models import MODELS
from callsheet.http.admin.catalog.plans import PLANS
from callsheet.http.admin.catalog.retirements import RETIREMENTS
from callsheet.http.admin.catalog.searching import SEARCHING
from callsheet.http.admin.catalog.sources import SOURCES
from callsheet.http.admin.catalog.trials import TRIALS

_ALL: Final = (
    *organization.ENDPOINTS,
    *workspaces.ENDPOINTS,
    *api_keys.ENDPOINTS,
    *admin_keys.ENDPOINTS,
    *sessions.ENDPOINTS,
    *webhooks.ENDPOINTS,
    *calendars.ENDPOINTS,
    *WORKSPACES,
    *KEYS,
    *MODELS,
    *SEARCHING,
    *LIFECYCLE,
    *ALIASES,
    *CHANGES,
    *HISTORY,
    *RETIREMENTS,
    *SOURCES,
    *TRIALS,
    *PLANS,
    *EXPLAINING,
    *CLIENTS,
)

ENDPOINTS: Final = (*_ALL, impact_among(_ALL))
