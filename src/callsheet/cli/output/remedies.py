"""What would bring a model within reach, as commands to paste and with what else they do."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from callsheet.cli.output.plan import print_impact
from callsheet.cli.output.tables import put, put_wrapped
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.explain import Explanation, Reason
from callsheet.domain.query import Reach
from callsheet.service.explain.fixes import Fix, Remedy, RemedyKind

_TITLES: Final = {Reach.LISTED: "To have it listed:", Reach.RETRIEVABLE: "To make it retrievable, but not listed:"}

#: What can be done about what no fix turns.
_ADVICE: Final[Mapping[Reason, str]] = {
    Reason.INACTIVE: "An archived key never works again; create another with callsheet keys create.",
    Reason.NOT_ANSWERED: "Set openai_dialect, and start the server again.",
    Reason.NOT_AVAILABLE: "Name the workspace of this key, or use a key of the organization.",
    Reason.REFUSED: "Ask whoever runs the gateway for a key that works.",
    Reason.NOT_GRANTED: "Have the gateway list the model to this key, which Callsheet shows nothing else.",
    Reason.NO_GATEWAY: "Create a key with this secret, or have a source asked: callsheet sources change NAME "
    "--asks-keys",
    Reason.ARCHIVED: "An archived workspace is not used again; create another with callsheet workspaces create.",
}

_PASSWORD: Final = re.compile(r"(?<=//)([^/@]*?):[^@]*(?=@)")


def fix_record(fix: Fix, rules: Mapping[str, Visibility]) -> Mapping[str, Any]:
    """Return a fix as plain JSON values; the commands as lists of arguments."""
    commands = [["callsheet", *command_of(remedy, rules)] for remedy in fix.remedies]
    return {"reach": fix.reach, "commands": commands, "plan": fix.plan.record()}


def print_fixes(
    explanation: Explanation, fixes: Sequence[Fix], rules: Mapping[str, Visibility], database: str | None
) -> None:
    """Print the commands of each fix, and what else they would do; or what to do where there is none.

    Parameters
    ----------
    explanation
        What is to be turned.
    fixes
        What would turn it.
    rules
        The present rules of workspaces, by id.
    database
        The URL that was given to the command, which the others need as well.
    """
    for fix in fixes:
        put("")
        put(_TITLES[fix.reach])
        for remedy in fix.remedies:
            put(f"  {shlex.join(['callsheet', *_with_database(command_of(remedy, rules), database)])}")
        print_impact(fix.plan)
        for warning in fix.plan.warnings:
            put(f"Warning: {warning.message}")
    obstacle = explanation.obstacle
    if not fixes and obstacle is not None and obstacle.reason in _ADVICE:
        put("")
        put_wrapped(_ADVICE[obstacle.reason])


def command_of(remedy: Remedy, rules: Mapping[str, Visibility]) -> list[str]:
    """Return the arguments of the command that does this; ``rules`` has those of workspaces as they are, by id."""
    kind, subject, target, _, _ = remedy
    match kind:
        case RemedyKind.ENABLE_KEY:
            return ["keys", "enable", subject]
        case RemedyKind.RENEW_KEY:
            return ["keys", "change", "--no-expiry", subject]
        case RemedyKind.MOVE_KEY:
            return ["keys", "change", "--workspace", target, subject]
        case RemedyKind.RELEASE:
            return ["catalog", "release", *_named(subject)]
        case RemedyKind.ADD:
            return ["catalog", "add", *_named(subject)]
        case RemedyKind.ALIAS:
            return ["catalog", "alias", *_named(subject, target)]
        case RemedyKind.UNHIDE:
            return ["catalog", "unhide", *_named(subject)]
        case RemedyKind.ACTIVATE:
            return ["catalog", "change", "--lifecycle", "active", *_named(subject)]
        case RemedyKind.CHANGE_RULES:
            return ["workspaces", "change", *_rules(rules[subject], remedy), subject]


def _rules(present: Visibility, remedy: Remedy) -> Iterator[str]:
    """The options that give a workspace these rules; to drop all patterns of a kind, both kinds are set again."""
    clears = (present.allow and not remedy.allow) or (present.deny and not remedy.deny)
    if clears:
        yield "--clear-rules"
    if clears or remedy.allow != present.allow:
        yield from (f"--allow={pattern}" for pattern in remedy.allow)
    if clears or remedy.deny != present.deny:
        yield from (f"--deny={pattern}" for pattern in remedy.deny)


def _named(*names: str) -> list[str]:
    """Names as arguments, none of which is taken for an option."""
    return ["--", *names] if any(name.startswith("-") for name in names) else [*names]


def _with_database(command: list[str], database: str | None) -> list[str]:
    """The command for the database that was given; a password in its URL is left out."""
    if database is None:
        return command
    return [*command[:2], "--database", _PASSWORD.sub(r"\1", database), *command[2:]]
