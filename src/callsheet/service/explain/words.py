"""Why a check passes or does not, in words: for the command line, and for what shows an answer of the Admin API."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from callsheet.domain.explain import Check, Reason, Step
from callsheet.domain.times import format_minute
from callsheet.service.explain.subject import Subject

#: Gives the name of a workspace by its id.
NameOf = Callable[[str], str]

_MAX_PATTERNS: Final = 8  # that are spelt out

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
    Reason.NOT_APPLIED: "the source decides; rules apply only where it is asked in the mode govern",
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


def why(subject: Subject, step: Step, name_of: NameOf, model_id: str = "") -> str:
    """Return why a check passes or does not, as the rest of a sentence or a cell of a table."""
    key = subject.key
    if key is not None and step.reason is Reason.INACTIVE:
        return f"it is {key.status}"
    if key is not None and key.expires_at is not None and step.reason is Reason.EXPIRED:
        return f"it expired on {format_minute(key.expires_at)}"
    about = name_of(step.subject) if step.check is Check.WORKSPACE else step.subject
    patterns = _some([repr(each) for each in step.patterns])
    return _WHY[step.reason].format(subject=about, patterns=patterns, model=model_id, away=subject.why)


def _some(patterns: Sequence[str]) -> str:
    if len(patterns) <= _MAX_PATTERNS + 1:  # one more takes no more room than saying so
        return ", ".join(patterns)
    return f"{', '.join(patterns[:_MAX_PATTERNS])} and {len(patterns) - _MAX_PATTERNS:,} more"
