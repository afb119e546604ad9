"""Showing: what a page shows, all of it of one moment."""

from dataclasses import replace

from callsheet.domain.errors import StorageError
from callsheet.http.admin.errors import refusal_of
from callsheet.http.console.visit import Page, Redirect, Show, Visit


def shown(show: Show, visit: Visit) -> Page | Redirect:
    """Return what ``show`` does, with calls that all read in one transaction.

    Raises
    ------
    AdminError
        As `Show` raises it, or the database cannot be read.
    """
    try:
        with visit.calls.together() as calls:
            return show(replace(visit, calls=calls))
    except StorageError as error:
        raise refusal_of(error) from error
