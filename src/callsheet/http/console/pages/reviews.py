"""``/console/review`` and ``/console/undo``: making a change that was looked at, and taking one back."""

from typing import Final

from callsheet.http.admin.errors import AdminError, Code
from callsheet.http.console.change import load_change
from callsheet.http.console.review import settle
from callsheet.http.console.routes import Route
from callsheet.http.console.session_cookie import is_proof
from callsheet.http.console.visit import Outcome, Review, Visit

_UNDO: Final = "Undo: "
_REDO: Final = "Redo: "

_NOTHING: Final = "There is nothing to undo here; the list of changes has every one."


def _undo(visit: Visit) -> Outcome:
    """Show what taking a change back would do."""
    undo = visit.form.raw("undo") or ""
    try:
        change = load_change(undo)
    except ValueError:
        raise AdminError(Code.INVALID_REQUEST, _NOTHING) from None
    if not is_proof(visit.form.raw("proof"), visit.token, undo):
        raise AdminError(Code.INVALID_REQUEST, _NOTHING)
    return Review(change, visit.own(visit.form.raw("back") or ""), _undoing(visit.form.raw("what") or ""))


def _undoing(what: str) -> str:
    """Return what undoing ``what`` is called; undoing that in turn is doing it again."""
    if what.startswith(_UNDO):
        return f"{_REDO}{what.removeprefix(_UNDO)}"
    return f"{_UNDO}{what.removeprefix(_REDO)}" if what else "Undo"


REVIEWS: Final = (
    Route(path="/review", submit=settle),
    Route(path="/undo", submit=_undo),
)
