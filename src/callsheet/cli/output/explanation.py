"""Why a caller sees a model, as people and programs read it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from callsheet.cli.output.tables import print_table, put_wrapped, second
from callsheet.domain.explain import Step
from callsheet.domain.query import Reach
from callsheet.service.explain.causes import Cause
from callsheet.service.explain.explainer import Explained
from callsheet.service.explain.words import NameOf, why

if TYPE_CHECKING:
    from callsheet.service.clients.views import ClientStep

#: How actors begin that are the program itself, as it renews facts or runs a source.
_PROGRAM: Final = "callsheet"

_REACHES: Final = {
    Reach.LISTED: "is listed for",
    Reach.RETRIEVABLE: "is not listed, but can be retrieved, for",
    Reach.ABSENT: "is neither listed nor retrievable for",
}


def print_explanation(explained: Explained, clients: "Sequence[ClientStep]", name_of: NameOf) -> None:
    """Print the reach, and the checks that lead to it, in the order of the server."""
    explanation = explained.explanation
    put_wrapped(f"{explanation.name} {_REACHES[explanation.reach]} {explained.subject.title}.")
    put_wrapped("")
    print_table(
        ("Check", "Passes", "Why", "Said by"),
        _rows(explained, name_of),
        {"Check": 9, "Why": 24, "Said by": 16},
    )
    for step in clients:
        put_wrapped("")
        put_wrapped(_client_sentence(step))


def _rows(explained: Explained, name_of: NameOf) -> Iterator[tuple[str, ...]]:
    for step in explained.explanation.steps:
        cause = explained.causes.get(step.check)
        yield step.check, _passes(step.passes), _why(explained, step, name_of), _said_by(cause)


def _passes(passes: bool) -> str:
    return "yes" if passes else "NO"


def _client_sentence(step: "ClientStep") -> str:
    who = f"{step.title} ({step.versions})"
    if step.shows:
        return f"{who} shows it as {step.name}."
    return f"{who} does not show it. {step.why} {step.advice}".rstrip()


def _why(explained: Explained, step: Step, name_of: NameOf) -> str:
    return why(explained.subject, step, name_of, explained.explanation.model_id)


def _said_by(cause: Cause | None) -> str:
    if cause is None:
        return "-"
    who = cause.manager or cause.actor or "-"
    if cause.manager and cause.actor and not cause.actor.startswith(_PROGRAM):
        who = f"{cause.manager} ({cause.actor})"
    where = [] if cause.place is None else [cause.place]
    when = [] if cause.revision is None else [f"revision {cause.revision}", second(cause.at)]
    return ", ".join([who, *where, *when])
