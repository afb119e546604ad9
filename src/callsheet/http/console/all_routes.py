"""Every page of the console."""

from typing import Final

from callsheet.http.console.pages.access import ACCESS
from callsheet.http.console.pages.clients import CLIENTS
from callsheet.http.console.pages.explain import EXPLAIN
from callsheet.http.console.pages.model import MODEL
from callsheet.http.console.pages.models import MODELS
from callsheet.http.console.pages.reviews import REVIEWS
from callsheet.http.console.pages.source import SOURCE
from callsheet.http.console.pages.source_form import SOURCE_FORMS
from callsheet.http.console.pages.sources import SOURCES
from callsheet.http.console.pages.workspaces import WORKSPACES
from callsheet.http.console.routes import Routes

ROUTES: Final = Routes(
    *MODELS,
    *MODEL,
    *ACCESS,
    *EXPLAIN,
    *WORKSPACES,
    *CLIENTS,
    *REVIEWS,
    *SOURCES,
    *SOURCE,
    *SOURCE_FORMS,
)
