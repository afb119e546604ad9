"""Feed: the retirements of an installation, or of a workspace, as a calendar that programs subscribe to."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from callsheet.api.state import State
from callsheet.domain.access.visibility import SEES_ALL, Visibility
from callsheet.domain.model import Lifecycle, Model, RetirementPrecision
from callsheet.domain.retirement.chain import chain_of
from callsheet.domain.retirement.dates import DateRecord
from callsheet.domain.retirement.ics import Event, Status, write_calendar

#: For how long a calendar holds what is past: a retirement, or that it was withdrawn.
PAST_KEPT: Final = timedelta(days=365)
WITHDRAWN_KEPT: Final = timedelta(days=90)

_UID_DIGITS: Final = 40


def write_feed(
    state: State, dates: Mapping[str, DateRecord], workspace_id: str | None, now: datetime
) -> bytes | None:
    """Return the calendar of a workspace, or of the organization; None if the workspace is not in use.

    It holds the models that the workspace can retrieve, and names no others; retirements that are long past are
    left out.

    Parameters
    ----------
    state
        The installation.
    dates
        What is remembered of dates that have moved.
    workspace_id
        Of the workspace; None for the organization.
    now
        The time (aware).
    """
    if workspace_id is None:
        return write_calendar("Retirements of models", _events(state, dates, SEES_ALL, now))
    workspace = state.workspaces.get(workspace_id)
    if workspace is None:
        return None
    rules = workspace.visibility.among(state.catalog.has_id)
    return write_calendar(f"Retirements of models: {workspace.name}", _events(state, dates, rules, now))


def _events(state: State, dates: Mapping[str, DateRecord], rules: Visibility, now: datetime) -> Iterator[Event]:
    active = Lifecycle.ACTIVE
    for model in state.catalog:
        known = dates.get(model.id)
        if model.lifecycle is active and known is None:
            continue  # as nearly all are
        if not rules.sees(model.id):
            continue
        if model.retires_at is not None:
            if model.retires_at > now - PAST_KEPT:
                yield _event(state, model, known, rules)
        elif known is not None and known.changed_at > now - WITHDRAWN_KEPT:
            yield _withdrawn(state, model, known)


def _event(state: State, model: Model, known: DateRecord | None, rules: Visibility) -> Event:
    assert model.retires_at is not None  # noqa: S101  # only those with a date get here
    is_exact = model.retirement_precision is RetirementPrecision.EXACT or model.lifecycle is Lifecycle.RETIRED
    verb = "retires" if is_exact else "may retire"
    return Event(
        uid=_uid(state, model),
        sequence=0 if known is None else known.sequence,
        changed_at=(model.deprecated_at or model.retires_at) if known is None else known.changed_at,
        day=model.retires_at.date(),
        title=f"{model.display_name} {verb}",
        text=_text(state, model, rules),
        status=Status.CONFIRMED if is_exact else Status.TENTATIVE,
    )


def _withdrawn(state: State, model: Model, known: DateRecord) -> Event:
    text = f"The retirement of {model.id} was withdrawn."
    title = f"{model.display_name} does not retire"
    day = known.retires_at.date()
    return Event(_uid(state, model), known.sequence, known.changed_at, day, title, text, Status.CANCELLED)


def _text(state: State, model: Model, rules: Visibility) -> str:
    lines = [f"Model: {model.id}"]
    if model.lifecycle is not Lifecycle.RETIRED:
        if model.retirement_precision is RetirementPrecision.EARLIEST:
            lines.append("It does not retire before this day.")
        elif model.retirement_precision is None:
            lines.append("How exact this day is, is not known.")
    target = chain_of(model, state.catalog.resolve).target
    if target is not None and rules.sees(target):
        lines.append(f"Move to: {target}")
    return "\n".join(lines)


def _uid(state: State, model: Model) -> str:
    """What identifies the retirement of a model of this installation for ever."""
    digest = sha256(f"{state.organization_id}\n{model.id}".encode("utf-8", "replace")).hexdigest()
    return f"{digest[:_UID_DIGITS]}@callsheet"
