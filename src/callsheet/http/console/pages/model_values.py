"""Values of a model in a form, each of which is checked by itself, so that all that are wrong are said at once."""

from collections.abc import Mapping
from typing import Any, Final

from callsheet.domain.claims.values import checked_fields
from callsheet.http.console.forms import Form

#: In place of the id, on which these checks do not depend.
_ANY_ID: Final = "a-model"


def note_invalid(form: Form, values: Mapping[str, Any]) -> None:
    """Note at its field what of ``values``, by field, no model can have, whatever else it has."""
    for name, value in values.items():
        with form.at(name):
            checked_fields(_ANY_ID, {name: value})
