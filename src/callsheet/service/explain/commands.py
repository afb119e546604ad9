"""Commands that do what a remedy says, as lists of arguments."""

from collections.abc import Iterator, Mapping
from typing import Any

from callsheet.domain.access.visibility import Visibility
from callsheet.service.explain.fixes import Fix, Remedy, RemedyKind


def fix_record(fix: Fix, rules: Mapping[str, Visibility], *, has_plan: bool = True) -> Mapping[str, Any]:
    """Return a fix as plain JSON values; what it does also as commands, each a list of arguments.

    Without ``has_plan``, which is quicker, its plan is None.
    """
    commands = [["callsheet", *command_of(remedy, rules)] for remedy in fix.remedies]
    remedies = [{**remedy._asdict(), "allow": [*remedy.allow], "deny": [*remedy.deny]} for remedy in fix.remedies]
    plan = fix.plan.record() if has_plan else None
    return {"reach": fix.reach, "remedies": remedies, "commands": commands, "plan": plan}


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
