"""Every page of the console."""

from typing import Final

from callsheet.http.console.pages.access import ACCESS
from callsheet.http.console.pages.admin_keys import ADMIN_KEYS
from callsheet.http.console.pages.blame import BLAME
from callsheet.http.console.pages.calendars import CALENDARS
from callsheet.http.console.pages.changes import CHANGES
from callsheet.http.console.pages.clients import CLIENTS
from callsheet.http.console.pages.compare import COMPARE
from callsheet.http.console.pages.explain import EXPLAIN
from callsheet.http.console.pages.key_forms import KEY_FORMS
from callsheet.http.console.pages.keys import KEYS
from callsheet.http.console.pages.model import MODEL
from callsheet.http.console.pages.model_form import MODEL_FORM
from callsheet.http.console.pages.models import MODELS
from callsheet.http.console.pages.past import PAST
from callsheet.http.console.pages.retirements import RETIREMENTS
from callsheet.http.console.pages.reviews import REVIEWS
from callsheet.http.console.pages.sessions import SESSIONS
from callsheet.http.console.pages.source import SOURCE
from callsheet.http.console.pages.source_form import SOURCE_FORMS
from callsheet.http.console.pages.sources import SOURCES
from callsheet.http.console.pages.welcome import WELCOME
from callsheet.http.console.pages.workspaces import WORKSPACES
from callsheet.http.console.routes import Routes

ROUTES: Final = Routes(
    *WELCOME,
    *ACCESS,
    *ADMIN_KEYS,
    *BLAME,
    *CALENDARS,
    *CHANGES,
    *CLIENTS,
    *COMPARE,
    *EXPLAIN,
    *KEY_FORMS,
    *KEYS,
    *MODEL,
    *MODEL_FORM,
    *MODELS,
    *PAST,
    *RETIREMENTS,
    *REVIEWS,
    *SESSIONS,
    *SOURCE,
    *SOURCE_FORMS,
    *SOURCES,
    *WORKSPACES,
)
