"""Done: what an address says that was done just before, and what takes that back."""

from collections.abc import Mapping
from typing import Any, Final

from callsheet.http.console.session_cookie import is_proof
from callsheet.http.console.visit import Visit

#: Parameters of an address that say it.
_OF_DONE: Final = ("done", "what", "seal", "undo", "proof")

#: Of a number of 64 bits.
MAX_REVISION_DIGITS: Final = 18

#: Of the title of a plan.
_MAX_TITLE_CHARACTERS: Final = 120


def said_of(visit: Visit, title: str, revision: int) -> dict[str, str]:
    """Return the parameters that say what was done in ``revision``, and show that this console made them."""
    what = title if len(title) <= _MAX_TITLE_CHARACTERS else f"{title[: _MAX_TITLE_CHARACTERS - 1]}…"
    return {"what": what, "seal": visit.proof(_purpose(revision, what))}


def done_before(visit: Visit, path: bytes, query: Mapping[str, str]) -> Mapping[str, Any] | None:
    """Return the change that was just made, and what takes it back, if it was this console that led to ``path``."""
    undo, what = (query.get(name, "") for name in ("undo", "what"))
    revision = revision_in(query)
    if revision is None:
        return None
    is_said = is_proof(query.get("seal"), visit.token, _purpose(revision, what))
    said = f": {what}" if is_said else ""
    made_here = bool(undo) and is_proof(query.get("proof"), visit.token, undo)
    back = visit.address.here(path, without_done(query))
    fields = {"undo": undo, "proof": query.get("proof", ""), "back": back, "what": what if is_said else ""}
    return {"text": f"Done, in revision {revision}{said}.", "undo": fields if made_here else None}


def revision_in(query: Mapping[str, str]) -> int | None:
    """Return the revision that a change just led to, as the address of the page behind it says; else None."""
    text = query.get("done", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MAX_REVISION_DIGITS else None


def without_done(query: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters but for those that say what was done."""
    return without(query, *_OF_DONE)


def without(query: Mapping[str, str], *names: str) -> dict[str, str]:
    """Return the parameters but for those with these names."""
    return {name: value for name, value in query.items() if name not in names}


def _purpose(revision: int, what: str) -> str:
    """What an address is sealed for that says that ``what`` was done in ``revision``."""
    return f"done {revision} {what}"
