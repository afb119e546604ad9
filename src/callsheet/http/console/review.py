"""Review: a change as a plan, with what it means to whom, before it is made; and making it."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from callsheet.domain.plan.impact import NO_IMPACT
from callsheet.domain.plan.reading import read_plan
from callsheet.domain.plan.step import Step
from callsheet.http.admin.asking import check_reason
from callsheet.http.admin.errors import AdminError, Code
from callsheet.http.console.change import load_change
from callsheet.http.console.done import said_of
from callsheet.http.console.edits import named_workspaces
from callsheet.http.console.forms import read_json
from callsheet.http.console.snippets import snippets
from callsheet.http.console.undo import undo_of
from callsheet.http.console.visit import Outcome, Page, Redirect, Review, Visit

#: Steps that a page shows, and remembers one by one.
MAX_SHOWN_STEPS: Final = 200

#: How often a change is tried again because something else changed in the same moment.
_ATTEMPTS: Final = 5

#: Whose secret is one that clients send.
_OF_KEYS: Final = frozenset({"createKeyRecord", "rotateKeyRecord"})

#: What is made by which call has its own page below which address.
_PAGES: Final = {"createWorkspaceRecord": "workspaces"}

#: What changes do that are no steps of a plan, as no caller notices them.
_UNPLANNED: Final = {
    "archiveAdminKey": "It stops working permanently, at once, and everyone who signed in with it is signed out.",
    "pauseSource": "It is then asked on demand only. What it listed last stays.",
    "resumeSource": "A server then asks it when it is due, which is at once.",
    "acceptSource": "No model changes now. Nothing waits any more, and what was rejected counts again from "
    "the next run on.",
    "setBuiltinMode": "No model changes now. It decides what becomes of built-in models that nothing else lists.",
    "rejectSource": "What waits is dropped, and the models stay as they are. The same waits again only if the "
    "upstream takes it back first.",
}

#: How long someone may look at a plan before the times in it are those of now.
_MAX_LOOK: Final = timedelta(hours=1)

#: So much of a form is carried through a plan that has changed meanwhile; with more, one goes back to the page.
MAX_CARRIED_CHARACTERS: Final = 100_000

_INCOMPLETE: Final = "This form is incomplete; go back to the page before it and start again."
_BUSY: Final = "Nothing was applied, because other changes keep being made at the same time; go back and try again."

_SECRETS: Final = ("secret", "token", "signing_secret")


class SentForm(NamedTuple):
    """A form whose plan is shown, so that one can go back to it without typing anything again.

    Parameters
    ----------
    address
        Where it is posted to.
    fields
        What was typed, by name.
    """

    address: str
    fields: Sequence[tuple[str, str]]


def look(visit: Visit, review: Review, moved: list[str] | None = None, form: SentForm | None = None) -> Page:
    """Return the page that shows what a change would do.

    Parameters
    ----------
    visit
        Whose change it is.
    review
        The change, and where to go afterwards.
    moved
        Subjects that have changed since the person last looked; None if it is the first time.
    form
        To go back to; None if there was none but a button.

    Raises
    ------
    AdminError
        The change would be refused.
    """
    change = review.change
    plan = visit.calls.rehearse(change)
    steps = plan["steps"]
    return Page(
        "review.html",
        {
            "plan": {**plan, "steps": steps[:MAX_SHOWN_STEPS]},
            "steps": len(steps),
            "unplanned": None if steps else _UNPLANNED.get(change.operation),
            "change": {"title": review.title, **change.shown()},
            "moved": moved,
            "scope": str(change.endpoint.scope),
        },
        review.title,
        extra={
            "back": review.back,
            "shown_steps": [_named(visit, step) for step in steps[:MAX_SHOWN_STEPS]],
            "form_before": form,
            "apply": visit.url("review"),
            "colors": visit.colors,
            "fields": [
                ("change", change.dump()),
                ("title", review.title),
                ("seen", json.dumps(_digests(plan))),
                ("at", visit.now.isoformat()),
                ("back", review.back),
                *_dumped(form),
            ],
        },
    )


def _named(visit: Visit, step: Mapping[str, Any]) -> dict[str, Any]:
    """A step as it is shown: with the name of a workspace in place of its id."""
    sides = {side: named_workspaces(step[side], visit.workspace_names) for side in ("before", "after")}
    return {**step, **sides}


def settle(visit: Visit) -> Outcome:
    """Make the change that someone has looked at, or show it once more if it would do something else by now.

    Raises
    ------
    AdminError
        The change is refused, or the form is not one of `look`.
    """
    try:
        change = load_change(visit.form.raw("change") or "")
        seen = {str(name): str(digest) for name, digest in read_json(visit.form.raw("seen") or "").items()}
    except (ValueError, AttributeError):
        raise AdminError(Code.INVALID_REQUEST, _INCOMPLETE) from None
    back = visit.form.raw("back") or ""
    review = Review(change, visit.own(back), visit.form.raw("title") or "Change")
    looked_at = _looked_at(visit)
    reason = check_reason(visit.form.text("reason"), "reason") or None
    for _ in range(_ATTEMPTS):
        plan = visit.calls.rehearse(change, looked_at)
        digests = _digests(plan)
        if digests != seen:
            return look(visit, review, _differing(seen, digests), _form_before(visit))
        try:
            answer, revision = visit.calls.make(change, plan["base_revision"], reason)
        except AdminError as error:
            if error.code is not Code.CHANGED_CONCURRENTLY:
                raise
            continue
        return _made(visit, review, plan, answer, revision)
    raise AdminError(Code.CHANGED_CONCURRENTLY, _BUSY)


def _dumped(form: SentForm | None) -> list[tuple[str, str]]:
    """The field that carries a form through its plan, unless it is too long."""
    text = "" if form is None else json.dumps(form, ensure_ascii=False)
    return [("form", text)] if 0 < len(text) <= MAX_CARRIED_CHARACTERS else []


def _form_before(visit: Visit) -> SentForm | None:
    """The form that led to a plan, as `_dumped` carries it; None if it does not."""
    try:
        address, fields = read_json(visit.form.raw("form") or "")
        form = SentForm(str(address), [(str(name), str(value)) for name, value in fields])
    except (ValueError, TypeError):
        return None
    return form if visit.address.is_own(form.address) else None


def _looked_at(visit: Visit) -> datetime | None:
    """When the plan was shown, so that what notes the time of a change can be compared; None after a long time."""
    try:
        at = datetime.fromisoformat(visit.form.raw("at") or "")
        return at if timedelta() <= visit.now - at <= _MAX_LOOK else None
    except (ValueError, TypeError):
        return None


def _made(
    visit: Visit, review: Review, plan: Mapping[str, Any], answer: Mapping[str, Any], revision: int
) -> Outcome:
    if any(answer.get(name) for name in _SECRETS):
        back, extra = review.back, dict[str, Any](base_url=visit.base_url)
        if review.change.operation in _OF_KEYS:
            back = visit.url("keys", answer["id"])
            extra["snippets"] = snippets(visit.base_url, answer["secret"])
        return Page(
            "secret.html",
            {"answer": answer, "revision": revision, "back": back, "what": review.title},
            "Copy the secret",
            extra=extra,
        )
    room = _PAGES.get(review.change.operation)
    back = review.back if room is None else visit.url(room, answer["id"])
    query = {"done": str(revision), **said_of(visit, review.title, revision)}
    undo = undo_of(review.change, plan, revision)
    if undo is not None:
        dumped = undo.dump()
        query |= {"undo": dumped, "proof": visit.proof(dumped)}
    return Redirect(f"{back}{'&' if '?' in back else '?'}{urlencode(query)}")


def _digests(plan: Mapping[str, Any]) -> dict[str, str]:
    """What each step comes to, in short; of many, of all together."""
    unnamed = {name: value for name, value in plan.items() if name != "type"}
    steps = read_plan(json.dumps({**unnamed, "impact": NO_IMPACT.record()})).steps
    if len(steps) > MAX_SHOWN_STEPS:
        every = sha256("".join(sorted(map(_digest, steps))).encode()).hexdigest()
        return {"": f"{len(steps)} {every}"}
    return {f"{step.kind} {step.subject} {step.manager}": _digest(step) for step in steps}


def _digest(step: Step) -> str:
    return sha256(json.dumps(step.decided.record(), sort_keys=True).encode()).hexdigest()[:24]


def _differing(seen: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    every = dict.fromkeys([*seen, *found])
    moved = (name for name in every if seen.get(name) != found.get(name))
    return [name.partition(" ")[2].rpartition(" ")[0] if name else "some of many" for name in moved]
