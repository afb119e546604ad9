"""Why a caller sees a model, as people and programs read it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from callsheet.cli.output.key_columns import expiry
from callsheet.cli.output.plan_words import shown_names
from callsheet.cli.output.tables import print_table, put_wrapped, second
from callsheet.domain.explain import Check, Reason, Step
from callsheet.domain.query import Reach
from callsheet.service.explain.causes import Cause
from callsheet.service.explain.explainer import Explained
from callsheet.service.explain.subject import Subject

if TYPE_CHECKING:
    from callsheet.cli.client_views import ClientStep

#: How actors begin that are the program itself, as it renews facts or runs a source.
_PROGRAM: Final = "callsheet"

#: Gives the name of a workspace by its id.
NameOf = Callable[[str], str]

_REACHES: Final = {
    Reach.LISTED: "is listed for",
    Reach.RETRIEVABLE: "is not listed, but can be retrieved, for",
    Reach.ABSENT: "is neither listed nor retrievable for",
}

_WHY: Final[Mapping[Reason, str]] = {
    Reason.WORKS: "it works",
    Reason.ANY_KEY: "it does not work, but every credential is accepted (any_key)",
    Reason.ACCEPTED: "the source {subject} accepts it",
    Reason.REFUSED: "the source {subject} refuses it, so it is wrong, or has expired there",
    Reason.AWAY: "the source {subject} does not answer: {away}",
    Reason.NOT_ASKED: "no header can carry it, or it holds the secret of a key here, so {subject} is not asked",
    Reason.NO_GATEWAY: "no key here has this secret, and no source is asked about keys",
    Reason.GRANTED: "the source {subject} lists it to this key",
    Reason.NOT_GRANTED: "the source {subject} does not list it to this key",
    Reason.NOT_APPLIED: "the source decides; rules apply with --key-mode govern only",
    Reason.ARCHIVED_WORKSPACE: "its workspace is archived",
    Reason.ANSWERED: "OpenAI's clients are answered in their shapes",
    Reason.NOT_ANSWERED: "OpenAI's clients are refused (openai_dialect is off)",
    Reason.OWN: "{subject}",
    Reason.DEFAULT: "{subject}, the default workspace",
    Reason.CHOSEN: "{subject}, which the request names",
    Reason.ARCHIVED: "{subject} is archived",
    Reason.NOT_AVAILABLE: "{subject} is not available to this key",
    Reason.ID: "the id of a model",
    Reason.ALIAS: "an alias of {subject}",
    Reason.ORPHAN_ALIAS: "an alias of {model}, which does not exist",
    Reason.REMOVED: "the model was removed",
    Reason.UNKNOWN: "there is no model or alias of this name",
    Reason.NO_RULES: "no pattern denies it, and there are none that allow",
    Reason.ALLOWED: "allowed by {patterns}",
    Reason.DENIED: "denied by {patterns}",
    Reason.NOT_ALLOWED: "none of the allowed patterns matches {model}: {patterns}",
    Reason.SHOWN: "it is not hidden",
    Reason.HIDDEN: "it is hidden",
    Reason.ACTIVE: "it is active",
    Reason.DEPRECATED: "it is deprecated, which lists show",
    Reason.RETIRED: "it is retired, and lists show retired models only to those who ask for them",
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


def why(subject: Subject, step: Step, name_of: NameOf, model_id: str = "") -> str:
    """Return why a check passes or does not, as the rest of a sentence or a cell of a table."""
    key = subject.key
    if key is not None and step.reason is Reason.INACTIVE:
        return f"it is {key.status}"
    if key is not None and step.reason is Reason.EXPIRED:
        return f"it expired on {expiry(key)}"
    about = name_of(step.subject) if step.check is Check.WORKSPACE else step.subject
    patterns = shown_names(map(repr, step.patterns))
    return _WHY[step.reason].format(subject=about, patterns=patterns, model=model_id, away=subject.why)


def _said_by(cause: Cause | None) -> str:
    if cause is None:
        return "-"
    who = cause.manager or cause.actor or "-"
    if cause.manager and cause.actor and not cause.actor.startswith(_PROGRAM):
        who = f"{cause.manager} ({cause.actor})"
    where = [] if cause.place is None else [cause.place]
    when = [] if cause.revision is None else [f"revision {cause.revision}", second(cause.at)]
    return ", ".join([who, *where, *when])
