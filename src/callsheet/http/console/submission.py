"""Submission: what becomes of a form that was sent."""

from dataclasses import replace

from callsheet.http.admin.errors import AdminError, Code
from callsheet.http.console.forms import MENDABLE, FieldError, FormError
from callsheet.http.console.review import SentForm, look
from callsheet.http.console.routes import Route
from callsheet.http.console.showing import shown
from callsheet.http.console.visit import Page, Redirect, Review, Submit, Visit


def submitted(route: Route, visit: Visit, here: str) -> Page | Redirect:
    """Return what a page makes of its form, which was sent to ``here``, or the form again.

    It comes again with everything that is wrong at its field, or as it was typed where a plan leads back to it.

    Raises
    ------
    AdminError
        The page takes no form, or what is wrong cannot be mended in it.
    """
    if route.submit is None:
        raise AdminError(Code.METHOD_NOT_ALLOWED, "This page does not accept a form.")
    page, form = None if route.show is None else shown(route.show, visit), visit.form
    if isinstance(page, Redirect):
        return page
    if page is not None and form.is_again:
        return page
    if page is not None and form.meanwhile:
        return replace(page, status=409)
    try:
        return _taken(route.submit, visit, here)
    except FieldError as error:
        form.errors.setdefault(error.field, error.message)
    except FormError:
        pass  # it has noted what is wrong
    except AdminError as error:
        if page is None or error.code not in MENDABLE:
            raise
        form.note(error)
    if page is None:
        raise AdminError(Code.INVALID_REQUEST, next(iter(form.errors.values())))
    return replace(page, status=400)


def _taken(submit: Submit, visit: Visit, here: str) -> Page | Redirect:
    """What the page makes of a form: a change is shown as a plan."""
    outcome = submit(visit)
    if not isinstance(outcome, Review):
        return outcome
    visit.form.check()
    carried = visit.form.carried  # nothing of a button alone, to which no plan leads back
    return look(visit, outcome, form=SentForm(here, carried) if carried else None)
