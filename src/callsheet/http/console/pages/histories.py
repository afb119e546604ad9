"""Histories: change records as pages show them, and the latest ones of a thing."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from callsheet.http.admin.errors import AdminError, Code
from callsheet.http.console.edits import with_edits
from callsheet.http.console.pages.actors import with_words
from callsheet.http.console.visit import Visit

#: Changes that the page of a thing shows.
_SHOWN: Final = 10


def shown_changes(visit: Visit, records: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return change records, each with ``by``, who made it in words, and ``edits``, what differs field by field."""
    names = visit.workspace_names
    return with_words(visit, [with_edits(each, names) for each in records])


def history_of(visit: Visit, kind: str, subject: str) -> dict[str, Any]:
    """Return the latest ``changes`` of a thing of this kind, and whether there are more (``history_more``)."""
    try:
        found = visit.calls.read("listChanges", subject=subject, kind=kind, limit=_SHOWN)
    except AdminError as error:
        if error.code is not Code.DOES_NOT_EXIST:  # there may be no record of it
            raise
        found = {"data": [], "has_more": False}
    return {"changes": shown_changes(visit, found["data"]), "history_more": found["has_more"]}
