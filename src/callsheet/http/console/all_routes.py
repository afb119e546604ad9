"""Every page of the console."""

from typing import Final

from callsheet.http.console.pages.key_forms import KEY_FORMS
from callsheet.http.console.pages.keys import KEYS
from callsheet.http.console.pages.model import MODEL
from callsheet.http.console.pages.models import MODELS
from callsheet.http.console.pages.reviews import REVIEWS
from callsheet.http.console.pages.source import SOURCE
from callsheet.http.console.pages.source_form import SOURCE_FORMS
from callsheet.http.console.pages.sources import SOURCES
from callsheet.http.console.pages.welcome import WELCOME
from callsheet.http.console.routes import Routes

ROUTES: Final = Routes(
    *WELCOME,
    *MODELS,
    *MODEL,
    *KEYS,
    *KEY_FORMS,
    *SOURCES,
    *SOURCE,
    *SOURCE_FORMS,
    *REVIEWS,
)
